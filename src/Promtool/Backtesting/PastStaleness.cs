using System.Text.Json;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Promtool.Backtesting;

/// <summary>Finds out when series had ended for a server. Its API leaves staleness markers out, and without them an alert would last minutes longer here than it did there.</summary>
internal static class PastStaleness
{
    // Servers answer with eleven thousand points of a series at most.
    private const int StepsPerQuery = 10_000;

    /// <summary>Adds markers at the evaluations for which the server sees nothing of a series that has a sample shortly before.</summary>
    public static async Task MarkAsync(
        ServerClient server,
        string selector,
        TimeRange range,
        long stepMs,
        Dictionary<Labels, SortedDictionary<long, PastSample>> found,
        CancellationToken cancellationToken)
    {
        if (found.Count == 0)
        {
            return;
        }

        for (long fromMs = range.MinMs; fromMs <= range.MaxMs; fromMs += stepMs * StepsPerQuery)
        {
            long tillMs = Math.Min(range.MaxMs, fromMs + (stepMs * (StepsPerQuery - 1)));
            Dictionary<Labels, HashSet<long>> visible = await AskAsync(server, selector, fromMs, tillMs, stepMs, cancellationToken).ConfigureAwait(false);
            foreach ((Labels labels, SortedDictionary<long, PastSample> samples) in found)
            {
                Mark(samples, visible.GetValueOrDefault(labels) ?? [], fromMs, tillMs, stepMs);
            }
        }
    }

    private static async Task<Dictionary<Labels, HashSet<long>>> AskAsync(
        ServerClient server, string selector, long fromMs, long tillMs, long stepMs, CancellationToken cancellationToken)
    {
        using JsonDocument answer = await server.AskAsync(
            HttpMethod.Post,
            "/api/v1/query_range",
            [
                new("query", selector),
                new("start", FloatFormat.FormatPlain(fromMs / 1000.0)),
                new("end", FloatFormat.FormatPlain(tillMs / 1000.0)),
                new("step", FloatFormat.FormatPlain(stepMs / 1000.0)),
            ],
            cancellationToken).ConfigureAwait(false);
        return answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
            series => PastData.LabelsOf(series.GetProperty("metric")),
            series => PointsOf(series, "values").Concat(PointsOf(series, "histograms")).Select(PastData.TimeOf).ToHashSet());
    }

    private static JsonElement[] PointsOf(JsonElement series, string kind) => series.TryGetProperty(kind, out JsonElement points) ? [.. points.EnumerateArray()] : [];

    private static void Mark(SortedDictionary<long, PastSample> samples, HashSet<long> visible, long fromMs, long tillMs, long stepMs)
    {
        var markers = new List<long>();
        using SortedDictionary<long, PastSample>.Enumerator next = samples.GetEnumerator();
        bool hasNext = next.MoveNext();
        bool isLive = false;
        for (long atMs = fromMs; atMs <= tillMs; atMs += stepMs)
        {
            while (hasNext && next.Current.Key <= atMs)
            {
                isLive = !(next.Current.Value.Histogram is null && StaleNaN.IsStale(next.Current.Value.Value));
                hasNext = next.MoveNext();
            }

            if (isLive && !visible.Contains(atMs))
            {
                markers.Add(atMs);
                isLive = false;
            }
        }

        foreach (long atMs in markers)
        {
            samples.TryAdd(atMs, new PastSample(StaleNaN.Value));
        }
    }
}
