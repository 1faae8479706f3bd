using Narthex.Tests;
using Xunit.Abstractions;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Random trees of expressions, asked of both servers. <c>DIFFERENTIAL_SEED</c> and <c>DIFFERENTIAL_COUNT</c> ask others, and more.</summary>
public sealed class RandomExpressionTests(ITestOutputHelper output)
{
    private const int Seed = 20260801;
    private const int Count = 1500;

    [PeerFact]
    public async Task Random_trees_are_answered_read_and_printed_alike()
    {
        using ServerPair servers = await ServerPair.StartAsync();
        await servers.WriteAsync([.. SampleDataSet.Create(), .. OddDataSet.Create()]);
        int seed = RandomQuestions.FromEnvironment("DIFFERENTIAL_SEED", Seed);
        IReadOnlyList<string> queries = RandomQuestions.Queries(seed, RandomQuestions.FromEnvironment("DIFFERENTIAL_COUNT", Count));
        DifferentialReport report = await servers.CompareAsync(queries.SelectMany(RandomQuestions.Ask));
        output.WriteLine($"Seed {seed}: {report}");
        Assert.True(report.WithData >= report.Total * 4 / 10, $"Only {report.WithData} answers of {report.Total} have data.");
        Assert.True(report.Differences.Count == 0, $"Seed {seed}: {report}");
        Assert.True(report.ExplainedCount <= report.Total / 500, report.ToString());
        Assert.True(report.EitherCount <= report.Total / 100, report.ToString());

        IReadOnlyCollection<string> texts = await TextComparison.CompareAsync(servers, queries.Where((_, index) => index % 2 == 0));
        Assert.True(texts.Count == 0, $"Seed {seed}: {string.Join('\n', texts)}");
    }
}
