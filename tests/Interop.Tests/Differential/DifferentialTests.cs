using Narthex.Tests;
using Xunit.Abstractions;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Thousands of questions to our server and to the real Prometheus, over the same data: the answers are the same.</summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private static readonly (double Start, double End, double Step)[] s_ranges =
    [
        (1800, 5400, 60), (3600, 3600, 1), (3000, 3400, 7), (-600, 900, 30), (6300, 8400, 45), (0, 7200, 600), (3595, 3605, 0.5), (100, 7000, 293),
    ];

    private static readonly double[] s_times = [3600, 3607.25, 5400, 1200, 7300, 300, 7195, 2999.999];

    [PeerFact]
    public async Task Generated_queries_are_answered_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync();
        await servers.WriteAsync([.. SampleDataSet.Create()]);
        IReadOnlyList<string> corpus = GeneratedCorpus.Create();
        DifferentialReport report = await servers.CompareAsync(corpus.SelectMany(Ask));
        Check(report, atLeast: 10_000);
    }

    [PeerConformanceFact]
    public async Task Dashboards_of_mixins_are_answered_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync();
        IReadOnlyList<string> corpus = DashboardQueries.Read();
        var data = new DashboardData();
        foreach (string query in corpus)
        {
            if (await servers.ParseAsync(query) is { } tree)
            {
                data.Add(tree);
            }
        }

        await servers.WriteAsync(data.Create(SampleDataSet.StartSeconds));
        DifferentialReport report = await servers.CompareAsync(corpus.SelectMany(query => (Question[])
        [
            Question.Instant(query, SampleDataSet.StartSeconds + 3000),
            Question.Range(query, SampleDataSet.StartSeconds + 600, SampleDataSet.StartSeconds + 3500, 60),
        ]));
        Check(report, atLeast: 1_500);
    }

    // Times go round, so that each function meets several and a failure can be repeated.
    private static IEnumerable<Question> Ask(string query, int index)
    {
        yield return Question.Instant(query, SampleDataSet.StartSeconds + s_times[index % s_times.Length]);
        (double start, double end, double step) = s_ranges[index / 2 % s_ranges.Length];
        yield return Question.Range(query, SampleDataSet.StartSeconds + start, SampleDataSet.StartSeconds + end, step);
    }

    private void Check(DifferentialReport report, int atLeast)
    {
        output.WriteLine(report.ToString());
        Assert.True(report.Total >= atLeast, $"Only {report.Total} questions.");
        Assert.True(report.WithData >= report.Total / 2, $"Only {report.WithData} answers of {report.Total} have data.");
        Assert.True(report.Differences.Count == 0, report.ToString());
        Assert.True(report.ExplainedCount <= report.Total / 20, report.ToString());
    }
}
