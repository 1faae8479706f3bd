using Narthex.PromQL.Syntax;
using Narthex.Rules.Files;
using Narthex.Rules.Groups;
using Narthex.Tests;

namespace Narthex.Rules.Tests.Groups;

public sealed class GroupScheduleTests
{
    [Fact]
    public void A_group_keeps_its_place_in_the_interval()
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_123);
        TimeSpan interval = TimeSpan.FromSeconds(60);
        foreach (string key in new[] { "a;b", "a;c", "rules.yml;availability" })
        {
            DateTimeOffset due = GroupSchedule.DueAt(now, interval, key);
            Assert.InRange(now - due, TimeSpan.Zero, interval);
            Assert.Equal(due, GroupSchedule.DueAt(due, interval, key));
            Assert.Equal(due + interval, GroupSchedule.DueAt(now + interval, interval, key));
            Assert.Equal(0, due.Ticks % TimeSpan.TicksPerMillisecond);
        }
    }

    [Fact]
    public void Groups_are_spread_over_the_interval()
    {
        TimeSpan interval = TimeSpan.FromSeconds(60);
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_123);
        int[] perSixth = new int[6];
        for (int i = 0; i < 600; i++)
        {
            perSixth[(int)((now - GroupSchedule.DueAt(now, interval, $"file;{i}")).TotalSeconds / 10.0001)]++;
        }

        Assert.All(perSixth, count => Assert.InRange(count, 60, 140));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(60, 0)]
    [InlineData(119, 0)]
    [InlineData(120, 1)]
    [InlineData(305, 4)]
    public void Evaluations_that_could_not_begin_are_counted(int secondsSinceLast, int expected) =>
        Assert.Equal(expected, GroupSchedule.CountMissed(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(secondsSinceLast), TimeSpan.FromSeconds(60)));

    // How many rules there are in each batch, as the index of the data describes the files.
    [ConformanceTheory]
    [InlineData("rules_multiple.yaml", new[] { 4, 2 })]
    [InlineData("rules_multiple_independent.yaml", new[] { 8 })]
    [InlineData("rules_chain.yaml", new[] { 2, 1, 2, 2 })]
    [InlineData("rules_multiple_dependents_on_base.yaml", new[] { 2, 6 })]
    public async Task Rules_that_need_each_other_are_evaluated_one_after_another(string file, int[] expected)
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        string path = Path.Combine(RepositoryPaths.Conformance!, "config", "rules", file);
        var group = new RuleGroup(RuleFileLoader.LoadFile(path).Groups[0], path, TimeSpan.FromMinutes(1), bench.Context, ParserOptions.Default, isRestored: true);
        Assert.Equal(expected.Sum(), group.Rules.Count);
        Assert.Equal(expected, RuleDependencies.Order(group.Rules).Select(batch => batch.Length));
    }

    [ConformanceFact]
    public async Task A_rule_whose_input_is_not_known_by_name_ends_all_concurrency()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        string path = Path.Combine(RepositoryPaths.Conformance!, "config", "rules", "rules_indeterminates.yaml");
        var group = new RuleGroup(RuleFileLoader.LoadFile(path).Groups[0], path, TimeSpan.FromMinutes(1), bench.Context, ParserOptions.Default, isRestored: true);
        Assert.All(RuleDependencies.Order(group.Rules), batch => Assert.Single(batch));
    }
}
