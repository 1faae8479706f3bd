using System.Globalization;
using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Promtool.Backtesting;

/// <summary>Copies what rules look at from a server into memory, so that they are evaluated here, one after another, as they would have been there.</summary>
internal static class PastData
{
    // Old samples that an expression can look at before the first evaluation: the lookback, and the longest range or offset, at least this.
    private static readonly TimeSpan s_leadMin = TimeSpan.FromMinutes(5);

    /// <summary>Fetches the samples of all selectors.</summary>
    public static async Task<HeadStorage> FetchAsync(ServerClient server, IEnumerable<Expression> expressions, TimeRange range, CancellationToken cancellationToken)
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        var seen = new HashSet<Labels>();
        Expression[] all = [.. expressions];
        TimeSpan lead = s_leadMin + TimeSpan.FromMilliseconds(all.Select(LongestReachMs).DefaultIfEmpty().Max());
        string window = PrometheusDuration.Format(TimeSpan.FromMilliseconds(range.MaxMs - range.MinMs) + lead);
        foreach (string selector in all.SelectMany(SelectorFinder.Find).Select(matchers => "{" + string.Join(',', matchers) + "}").Distinct(StringComparer.Ordinal))
        {
            using JsonDocument answer = await server.AskAsync(
                HttpMethod.Post,
                "/api/v1/query",
                [new("query", $"{selector}[{window}]"), new("time", FloatFormat.FormatPlain(range.MaxMs / 1000.0))],
                cancellationToken).ConfigureAwait(false);
            foreach (JsonElement series in answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
            {
                if (!series.TryGetProperty("values", out JsonElement values))
                {
                    throw new ToolException($"{selector}: native histograms cannot be fetched over the API; use --storage.tsdb.path");
                }

                Labels labels = LabelsOf(series.GetProperty("metric"));
                if (!seen.Add(labels))
                {
                    continue;
                }

                SeriesRef reference = appender.GetOrAddSeries(labels);
                foreach (JsonElement point in values.EnumerateArray())
                {
                    appender.Append(reference, (long)Math.Round(point[0].GetDouble() * 1000), ParseValue(point[1].GetString()!));
                }

                appender.Commit();
            }
        }

        return head;
    }

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static Labels LabelsOf(JsonElement metric)
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
