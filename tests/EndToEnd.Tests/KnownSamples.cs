using System.Globalization;
using System.Net;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>
/// Sends floats, native histograms and samples out of order, each kind in requests of its own, and knows what must be there: all that was acknowledged,
/// and of what was not only what the next request sends again.
/// </summary>
internal sealed class KnownSamples
{
    private const int FloatSeries = 20;
    private readonly Dictionary<Kind, (int Acknowledged, int Sent)> _steps = Enum.GetValues<Kind>().ToDictionary(kind => kind, _ => (0, 0));

    /// <summary>What a request has.</summary>
    public enum Kind
    {
        Floats,
        Histograms,
        Late,
    }

    /// <summary>Series of this generation were deleted.</summary>
    public int? DeletedGeneration { get; set; }

    public int Steps => _steps[Kind.Floats].Acknowledged;

    /// <summary>Sends so many steps of every kind, all of which must be taken.</summary>
    public async Task WriteAsync(ServerProcess server, int steps)
    {
        for (int end = _steps.Values.Max(of => of.Sent) + steps; _steps.Values.Min(of => of.Acknowledged) < end;)
        {
            foreach (Kind kind in Enum.GetValues<Kind>())
            {
                int count = Math.Min(20, end - _steps[kind].Acknowledged);
                if (count > 0)
                {
                    (HttpStatusCode status, string body) = await SendAsync(server, kind, count);
                    Assert.True(status == HttpStatusCode.NoContent, $"{kind}: {status}: {body}\n{server.Log}");
                }
            }
        }
    }

    /// <summary>Sends the next steps of one kind; those of the last request again if it was refused.</summary>
    public async Task<(HttpStatusCode Status, string Body)> SendAsync(ServerProcess server, Kind kind, int steps)
    {
        int first = _steps[kind].Acknowledged;
        int end = Math.Max(_steps[kind].Sent, first + steps);
        _steps[kind] = (first, end);
        (HttpStatusCode Status, string Body) answer = await RemoteWriteClient.SendAsync(server, kind switch
        {
            Kind.Floats => CrashSequence.Steps(0, FloatSeries, first, end),
            Kind.Histograms => CrashExtras.Histograms(0, first, end),
            _ => CrashExtras.Late(0, first, end),
        });
        if (answer.Status == HttpStatusCode.NoContent)
        {
            _steps[kind] = (end, end);
        }
        else if (kind != Kind.Late)
        {
            // These are stored whole or not at all.
            _steps[kind] = (first, first);
        }

        return answer;
    }

    /// <summary>Fails unless there is exactly what must be there.</summary>
    public async Task CheckAsync(ServerProcess server, string when)
    {
        var expected = new SortedDictionary<string, (double, double)>(StringComparer.Ordinal);
        foreach ((string labels, int count, double sum) in CrashSequence.Expected(0, FloatSeries, _steps[Kind.Floats].Acknowledged))
        {
            if (!IsDeleted(labels))
            {
                expected.Add(labels, (count, sum));
            }
        }

        AssertSame(expected, await AskAsync(server, CrashSequence.MetricName, "sum_over_time({0})"), $"{when}: floats", server);
        expected.Clear();
        foreach ((string labels, int series, int generation) in Extras(Kind.Histograms))
        {
            expected.Add(labels, CrashExtras.ExpectedHistograms(series, generation, _steps[Kind.Histograms].Acknowledged));
        }

        AssertSame(expected, await AskAsync(server, CrashExtras.HistogramName, "histogram_sum(sum_over_time({0}))"), $"{when}: histograms", server);
        SortedDictionary<string, (double Count, double Sum)> late = await AskAsync(server, CrashExtras.LateName, "sum_over_time({0})");
        foreach ((string labels, int series, int generation) in Extras(Kind.Late))
        {
            (double least, double sum) = CrashExtras.ExpectedLate(0, series, generation, _steps[Kind.Late].Acknowledged);
            (double most, double sumOfAll) = CrashExtras.ExpectedLate(0, series, generation, _steps[Kind.Late].Sent);
            (double count, double actual) = late.GetValueOrDefault(labels);
            late.Remove(labels);
            Assert.True(
                count >= least && count <= most && (count != least || actual == sum) && (count != most || actual == sumOfAll),
                $"{when}: late {labels}: expected {least} to {most} and {sum} to {sumOfAll}, got {count} and {actual}\n{server.Log}");
        }

        Assert.Empty(late);
    }

    private IEnumerable<(string Labels, int Series, int Generation)> Extras(Kind kind)
    {
        for (int generation = 0; generation * CrashSequence.GenerationSteps < _steps[kind].Sent; generation++)
        {
            for (int series = 0; series < CrashExtras.SeriesPerPart; series++)
            {
                string labels = string.Create(CultureInfo.InvariantCulture, $"generation={generation},part=0,series={series}");
                if (!IsDeleted(labels))
                {
                    yield return (labels, series, generation);
                }
            }
        }
    }

    private bool IsDeleted(string labels) => DeletedGeneration is { } generation && labels.StartsWith($"generation={generation},", StringComparison.Ordinal);

    private static void AssertSame(SortedDictionary<string, (double, double)> expected, SortedDictionary<string, (double, double)> actual, string what, ServerProcess server)
    {
        string[] differences =
        [
            .. expected.Keys.Union(actual.Keys).Where(key => expected.GetValueOrDefault(key) != actual.GetValueOrDefault(key))
                .Select(key => $"{key}: expected {expected.GetValueOrDefault(key)}, got {actual.GetValueOrDefault(key)}"),
        ];
        Assert.True(differences.Length == 0, $"{what}: {differences.Length} of {expected.Count} series differ: {string.Join("; ", differences.Take(4))}\n{server.Log}");
    }

    private static async Task<SortedDictionary<string, (double Count, double Sum)>> AskAsync(ServerProcess server, string name, string sum)
    {
        SortedDictionary<string, double> counts = await QueryAsync(server, $"count_over_time({name}[1000000s])");
        SortedDictionary<string, double> sums = await QueryAsync(server, string.Format(CultureInfo.InvariantCulture, sum, $"{name}[1000000s]"));
        return new(counts.ToDictionary(pair => pair.Key, pair => (pair.Value, sums.GetValueOrDefault(pair.Key))), StringComparer.Ordinal);
    }

    private static async Task<SortedDictionary<string, double>> QueryAsync(ServerProcess server, string query)
    {
        string answer = await server.GetAsync($"api/v1/query?query={Uri.EscapeDataString(query)}&time={(CrashSequence.StartMs / 1000) + 999_000}");
        return new(JsonAnswers.Samples(answer).ToDictionary(pair => pair.Key[..pair.Key.LastIndexOf(" @", StringComparison.Ordinal)], pair => pair.Value), StringComparer.Ordinal);
    }
}
