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
        await servers.StartEquivalentAsync([.. SampleDataSet.CreateEquivalent()]);
        IReadOnlyList<string> corpus = GeneratedCorpus.Create();
        DifferentialReport report = await servers.CompareAsync(corpus.SelectMany(Ask));
        Check(report, atLeast: 10_000);
    }

    [PeerFact]
    public async Task Names_that_stay_to_the_end_are_dropped_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync(namesStay: true);
        await servers.WriteAsync([.. SampleDataSet.Create()]);
        await servers.StartEquivalentAsync([.. SampleDataSet.CreateEquivalent()]);

        // One in four of the queries: all that there is to it is which names there are.
        DifferentialReport report = await servers.CompareAsync(GeneratedCorpus.Create().Where((_, index) => index % 4 == 1).SelectMany(Ask));
        Check(report, atLeast: 4_000);
    }

    [PeerConformanceFact]
    public async Task Dashboards_of_mixins_are_answered_alike() => await CheckOverMadeDataAsync(DashboardQueries.Read(), atLeast: 1_500);

    [PeerFact]
    public async Task Queries_of_each_kind_of_the_compliance_suite_are_answered_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync();
        await servers.WriteAsync([.. DemoDataSet.Create()]);
        await CheckComplianceAsync(servers, ComplianceCorpus.Answered(), ComplianceCorpus.Refused());
    }

    [PeerConformanceFact]
    public async Task The_compliance_suite_is_answered_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync();
        await servers.WriteAsync([.. DemoDataSet.Create()]);
        IReadOnlyList<(string Query, bool IsRefused)> file = ComplianceFile.Read();
        await CheckComplianceAsync(servers, [.. file.Where(one => !one.IsRefused).Select(one => one.Query)], [.. file.Where(one => one.IsRefused).Select(one => one.Query)]);
    }

    [PeerConformanceFact]
    public async Task Rules_of_mixins_are_answered_alike() => await CheckOverMadeDataAsync(RuleQueries.Read(), atLeast: 1_500);

    // The series are made for the queries.
    private async Task CheckOverMadeDataAsync(IReadOnlyList<string> corpus, int atLeast)
    {
        using ServerPair servers = await ServerPair.StartAsync();
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
        Check(report, atLeast);
    }

    // Strict: nothing is explained, and what is marked as a mistake is one, and nothing else.
    private async Task CheckComplianceAsync(ServerPair servers, IReadOnlyList<string> answered, IReadOnlyList<string> refused)
    {
        DifferentialReport report = await servers.CompareAsync(answered.SelectMany(AskDemo));
        output.WriteLine($"{answered.Count} queries: {report}");
        Assert.True(report.Differences.Count == 0, report.ToString());
        Assert.True(report.ExplainedCount + report.EitherCount == 0, report.ToString());
        Assert.Empty(report.Refused);
        Assert.True(report.WithData >= report.Total * 85 / 100, $"Only {report.WithData} answers of {report.Total} have data.");

        DifferentialReport refusals = await servers.CompareAsync(refused.SelectMany(AskDemo));
        output.WriteLine($"{refused.Count} mistakes: {refusals}");
        Assert.True(refusals.Differences.Count == 0, refusals.ToString());
        Assert.True(refusals.ExplainedCount + refusals.EitherCount == 0, refusals.ToString());
        Assert.Empty(refusals.Answered);
    }

    // The steps of the suite's tester, long steps over everything, odd starts, and every scrape of a restart; then one instant in each part of the data.
    private static IEnumerable<Question> AskDemo(string query)
    {
        foreach ((double start, double end, double step) in ((double, double, double)[])[(3600, 4200, 10), (0, 8990, 599), (2777.777, 3377.777, 17.5), (4700, 5900, 31)])
        {
            yield return Question.Range(query, DemoDataSet.StartSeconds + start, DemoDataSet.StartSeconds + end, step);
        }

        foreach (double time in (double[])[3601, 5333.25, 8400])
        {
            yield return Question.Instant(query, DemoDataSet.StartSeconds + time);
        }
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

        // The larger ones vary, as the peer's answers about computed native histograms do: mostly it is a thousandth of all.
        Assert.True(report.ExplainedCount <= report.Total / 500, report.ToString());
        Assert.True(report.EitherCount <= report.Total / 100, report.ToString());
    }
}
