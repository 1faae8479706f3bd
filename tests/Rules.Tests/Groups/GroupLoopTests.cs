using Narthex.Model;
using Narthex.PromQL;
using Narthex.Rules.Groups;
using Narthex.Rules.Tests.Doubles;
using Narthex.Scraping.Tests;

namespace Narthex.Rules.Tests.Groups;

/// <summary>When groups are evaluated, by a clock that the test moves.</summary>
public sealed class GroupLoopTests
{
    private const string Missed = "prometheus_rule_group_iterations_missed_total";
    private const string Iterations = "prometheus_rule_group_iterations_total";

    [Fact]
    public async Task Each_group_is_evaluated_at_its_own_place_in_each_interval()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: a, rules: [{record: a, expr: a}]}, {name: b, rules: [{record: b, expr: b}]}, {name: c, interval: 30s, rules: [{record: c, expr: c}]}");
        rules.Manager.Start();
        for (int i = 0; i < 8; i++)
        {
            await rules.StepAsync(sleepers: 3);
        }

        foreach ((string name, int seconds, int count) in new[] { ("a", 60, 2), ("b", 60, 2), ("c", 30, 4) })
        {
            TimeSpan interval = TimeSpan.FromSeconds(seconds);
            DateTimeOffset first = GroupSchedule.DueAt(ManualTime.Start, interval, "rules.yml;" + name) + interval;
            Assert.Equal(
                Enumerable.Range(0, count).Select(i => (first + (i * interval)).ToUnixTimeMilliseconds()),
                rules.Asked.Where(asked => asked.Query == name).Select(asked => asked.TimestampMs));
        }

        // In the order of their places, which are three different ones.
        Assert.Equal(rules.Asked.Select(asked => asked.TimestampMs).Order(), rules.Asked.Select(asked => asked.TimestampMs));
        Assert.Equal(8, rules.Asked.Select(asked => asked.TimestampMs).Distinct().Count());
        Assert.Equal((4, 0), (rules.Metric(Iterations, "c"), rules.Metric(Missed, "c")));
    }

    [Theory]
    [InlineData(59, 0)]
    [InlineData(119, 0)]
    [InlineData(121, 1)]
    [InlineData(305, 4)]
    public async Task Evaluations_that_could_not_begin_are_counted_and_left_out(int seconds, int missed)
    {
        await using var rules = new RunningRules();
        var held = new TaskCompletionSource<IReadOnlyList<VectorSample>>(TaskCreationOptions.RunContinuationsAsynchronously);
        rules.Answer = _ => held.Task;
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.Time.WhenSleepingAsync(1);
        rules.Time.AdvanceToNext();
        await rules.WhenAskedAsync(1);
        rules.Time.Advance(TimeSpan.FromSeconds(seconds));
        held.SetResult([]);

        // One that is due already begins without sleeping.
        await rules.Time.WhenSleepingAsync(1);
        if (seconds < 60)
        {
            rules.Time.AdvanceToNext();
            await rules.Time.WhenSleepingAsync(1);
        }

        Assert.Equal([0, 60_000 * (missed + 1)], rules.Asked.Select(asked => asked.TimestampMs - rules.Asked[0].TimestampMs));
        Assert.Equal((missed, missed + 2), (rules.Metric(Missed, "g"), rules.Metric(Iterations, "g")));
    }

    [Fact]
    public async Task A_group_asks_and_stores_at_its_query_offset_or_else_at_that_of_all()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync(
            "{name: own, query_offset: 10s, rules: [{record: r1, expr: a}]}, {name: none, query_offset: 0s, rules: [{record: r2, expr: b}]}, {name: common, rules: [{record: r3, expr: c}]}",
            context => context with { QueryOffset = TimeSpan.FromSeconds(40) });
        rules.Manager.Start();
        for (int i = 0; i < 3; i++)
        {
            await rules.StepAsync(sleepers: 3);
        }

        foreach ((string query, string record, string name, int offset) in new[] { ("a", "r1", "own", 10), ("b", "r2", "none", 0), ("c", "r3", "common", 40) })
        {
            long expected = (GroupSchedule.DueAt(ManualTime.Start, TimeSpan.FromMinutes(1), "rules.yml;" + name).AddSeconds(60 - offset)).ToUnixTimeMilliseconds();
            Assert.Equal(expected, rules.Asked.Single(asked => asked.Query == query).TimestampMs);
            Assert.Equal(new StoredSample($"{{__name__=\"{record}\"}}", expected, 1), rules.Stored.Samples.Single(sample => sample.Series.Contains(record, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task If_the_clock_is_set_back_rules_go_on_within_an_interval()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        rules.Time.SetBack(TimeSpan.FromHours(1));
        await rules.StepAsync(sleepers: 1);
        await rules.StepAsync(sleepers: 1);
        Assert.Equal([0, -59 * 60_000, -58 * 60_000], rules.Asked.Select(asked => asked.TimestampMs - rules.Asked[0].TimestampMs));
        Assert.Equal(0, rules.Metric(Missed, "g"));
    }

    [Fact]
    public async Task If_the_clock_is_set_back_receivers_still_hear_of_firing_alerts()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: g, rules: [{alert: A, expr: m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        rules.Time.SetBack(TimeSpan.FromHours(1));
        for (int i = 0; i < 4; i++)
        {
            await rules.StepAsync(sleepers: 1);
        }

        // Then every two minutes, as always with this interval and delay.
        Assert.Equal([0, -59, -57], rules.Sent.Select(alert => (alert.LastSentAt!.Value - rules.Sent[0].LastSentAt!.Value).TotalMinutes));
    }

    [Fact]
    public async Task If_the_clock_is_set_back_a_little_the_next_evaluation_waits_for_its_time()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        rules.Time.SetBack(TimeSpan.FromSeconds(10));
        await rules.StepAsync(sleepers: 1);
        Assert.Single(rules.Asked);
        await rules.StepAsync(sleepers: 1);
        Assert.Equal([0, 60_000], rules.Asked.Select(asked => asked.TimestampMs - rules.Asked[0].TimestampMs));
    }

    [Fact]
    public async Task A_fault_in_one_evaluation_does_not_silence_the_group()
    {
        await using var rules = new RunningRules { Answer = _ => throw new InvalidOperationException("a bug") };
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        rules.Answer = _ => Task.FromResult<IReadOnlyList<VectorSample>>([new(Labels.Empty, 0, 7)]);
        await rules.StepAsync(sleepers: 1);
        Assert.Equal(7, Assert.Single(rules.Stored.Samples).Value);
    }

    [Fact]
    public async Task A_failed_query_changes_no_alert_and_is_sent_to_nobody()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: g, rules: [{alert: A, expr: m, for: 2m}]}", context => context with { Storage = null });
        rules.Manager.Start();
        for (int i = 0; i < 6; i++)
        {
            // At 1 and 4 nobody knows whether it holds.
            rules.Answer = i is 1 or 4
                ? _ => throw new QueryException(QueryErrorKind.Execution, "the disk is gone")
                : _ => Task.FromResult<IReadOnlyList<VectorSample>>([new(Labels.Empty, 0, 1)]);
            await rules.StepAsync(sleepers: 1);
            Assert.Equal(i is 1 or 4 ? "the disk is gone" : "", rules.Manager.Groups[0].Rules[0].LastError);
        }

        Assert.Equal(2, rules.Metric("prometheus_rule_evaluation_failures_total", "g"));
        Assert.Equal([2, 5], rules.Sent.Select(alert => (int)(alert.LastSentAt!.Value - alert.ActiveAt).TotalMinutes));
        Assert.All(rules.Sent, alert => Assert.Equal(TimeSpan.FromMinutes(2), alert.FiredAt - alert.ActiveAt));
    }
}
