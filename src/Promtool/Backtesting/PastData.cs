using System.Globalization;
using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Promtool.Backtesting;

/// <summary>A sample of the past: a number, or a native histogram.</summary>
internal readonly record struct PastSample(double Value, FloatHistogram? Histogram = null);

/// <summary>Copies what rules look at from a server into memory, so that they are evaluated here, one after another, as they would have been there.</summary>
internal static class PastData
{
    // Old samples that an expression can look at before the first evaluation: the lookback, and the longest range or offset, at least this.
    private static readonly TimeSpan s_leadMin = TimeSpan.FromMinutes(5);

    /// <summary>Fetches the samples of all selectors.</summary>
    /// <param name="server">The server.</param>
    /// <param name="expressions">What is evaluated.</param>
    /// <param name="range">From the first evaluation to the last.</param>
    /// <param name="stepMs">The shortest time between two evaluations.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static async Task<HeadStorage> FetchAsync(ServerClient server, IEnumerable<Expression> expressions, TimeRange range, long stepMs, CancellationToken cancellationToken)
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        var seen = new HashSet<Labels>();
        Expression[] all = [.. expressions];
        TimeSpan lead = s_leadMin + TimeSpan.FromMilliseconds(all.Select(LongestReachMs).DefaultIfEmpty().Max());
        string window = PrometheusDuration.Format(TimeSpan.FromMilliseconds(range.MaxMs - range.MinMs) + lead);
        foreach (string selector in all.SelectMany(SelectorFinder.Find).Select(matchers => "{" + string.Join(',', matchers) + "}").Distinct(StringComparer.Ordinal))
        {
            Dictionary<Labels, SortedDictionary<long, PastSample>> found = await FetchSamplesAsync(server, selector, window, range.MaxMs, cancellationToken).ConfigureAwait(false);
            await PastStaleness.MarkAsync(server, selector, range, stepMs, found, cancellationToken).ConfigureAwait(false);
            foreach ((Labels labels, SortedDictionary<long, PastSample> samples) in found.Where(series => seen.Add(series.Key)))
            {
                SeriesRef reference = appender.GetOrAddSeries(labels);
                foreach ((long timestampMs, PastSample sample) in samples)
                {
                    if (sample.Histogram is { } histogram)
                    {
                        appender.Append(reference, timestampMs, histogram);
                    }
                    else
                    {
                        appender.Append(reference, timestampMs, sample.Value);
                    }
                }

                appender.Commit();
            }
        }

        return head;
    }

    private static async Task<Dictionary<Labels, SortedDictionary<long, PastSample>>> FetchSamplesAsync(
        ServerClient server, string selector, string window, long endMs, CancellationToken cancellationToken)
    {
        using JsonDocument answer = await server.AskAsync(
            HttpMethod.Post,
            "/api/v1/query",
            [new("query", $"{selector}[{window}]"), new("time", FloatFormat.FormatPlain(endMs / 1000.0))],
            cancellationToken).ConfigureAwait(false);
        var found = new Dictionary<Labels, SortedDictionary<long, PastSample>>();
        foreach (JsonElement series in answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            var samples = new SortedDictionary<long, PastSample>();
            if (series.TryGetProperty("values", out JsonElement values))
            {
                foreach (JsonElement point in values.EnumerateArray())
                {
                    samples[TimeOf(point)] = new PastSample(ParseValue(point[1].GetString()!));
                }
            }

            if (series.TryGetProperty("histograms", out JsonElement points))
            {
                var histograms = new ApiHistograms();
                foreach (JsonElement point in points.EnumerateArray())
                {
                    histograms.Add(point);
                }

                foreach ((long timestampMs, FloatHistogram histogram) in histograms.Read())
                {
                    samples[timestampMs] = new PastSample(histogram.Sum, histogram);
                }
            }

            found[LabelsOf(series.GetProperty("metric"))] = samples;
        }

        return found;
    }

    /// <summary>The time of a point of the API, in milliseconds.</summary>
    internal static long TimeOf(JsonElement point) => (long)Math.Round(point[0].GetDouble() * 1000);

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>The labels of a series of the API.</summary>
    internal static Labels LabelsOf(JsonElement metric)
    {
        var builder = new LabelsBuilder();
        foreach (JsonProperty label in metric.EnumerateObject())
        {
            builder.Set(label.Name, label.Value.GetString() ?? "");
        }

        return builder.ToLabels();
    }

    // An upper bound: ranges and offsets on the way down add up.
    private static long LongestReachMs(Expression? expression) => expression switch
    {
        VectorSelector selector => Math.Max(0, selector.Offset.Milliseconds),
        MatrixSelector matrix => matrix.Range.Milliseconds + LongestReachMs(matrix.Selector),
        SubqueryExpression subquery => subquery.Range.Milliseconds + Math.Max(0, subquery.Offset.Milliseconds) + LongestReachMs(subquery.Inner),
        ParenExpression paren => LongestReachMs(paren.Inner),
        UnaryExpression unary => LongestReachMs(unary.Operand),
        BinaryExpression binary => Math.Max(LongestReachMs(binary.Left), LongestReachMs(binary.Right)),
        AggregateExpression aggregate => Math.Max(LongestReachMs(aggregate.Inner), LongestReachMs(aggregate.Parameter)),
        CallExpression call => call.Arguments.Select(LongestReachMs).DefaultIfEmpty().Max(),
        _ => 0,
    };
}
