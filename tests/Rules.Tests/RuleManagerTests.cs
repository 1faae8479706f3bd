using Narthex.PromQL;
using Narthex.Rules.Groups;
using Narthex.Rules.Tests.Doubles;
using Narthex.Scraping.Tests;

namespace Narthex.Rules.Tests;

/// <summary>What becomes of groups at a reload and at the end, and how many of their rules run at one time.</summary>
public sealed class RuleManagerTests
{
    private const string Interval = "prometheus_rule_group_interval_seconds";

    [Fact]
    public async Task A_reload_leaves_groups_alone_that_have_not_changed()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: a, rules: [{alert: A, expr: m, for: 1m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        RuleGroup before = rules.Manager.Groups[0];

        // The second file has the rule on another line.
        await rules.LoadAsync("{name: a,\n\n rules: [{alert: A, for: 1m, expr: m}]}");
        Assert.Same(before, rules.Manager.Groups[0]);
        await rules.StepAsync(sleepers: 1);
        Assert.Equal([0, 60_000], rules.Asked.Select(asked => asked.TimestampMs - rules.Asked[0].TimestampMs));
        Assert.Single(rules.Sent);
    }

    [Fact]
    public async Task Each_text_of_an_alert_counts_as_an_expansion_and_those_that_fail_once_more()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: a, rules: [{alert: A, expr: m, labels: {a: plain, b: '{{ $value }}'}, annotations: {c: plain, d: '{{ template \"x\" }}'}}]}");
        Assert.Equal(0, rules.Metric("prometheus_template_text_expansions_total"));
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        Assert.Equal(4, rules.Metric("prometheus_template_text_expansions_total"));
        Assert.Equal(1, rules.Metric("prometheus_template_text_expansion_failures_total"));
    }

    [Fact]
    public async Task A_reload_with_another_interval_goes_over_to_it_and_keeps_the_alerts()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: g, rules: [{alert: A, expr: m, for: 80s}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 1);
        DateTimeOffset since = rules.Time.GetUtcNow();
        Assert.Equal(60, rules.Metric(Interval, "g"));

        await rules.LoadAsync("{name: g, interval: 20s, rules: [{alert: A, expr: m, for: 80s}]}");
        Assert.Equal(20, rules.Metric(Interval, "g"));
        TimeSpan interval = TimeSpan.FromSeconds(20);
        DateTimeOffset first = GroupSchedule.DueAt(since, interval, "rules.yml;g") + interval;
        for (int i = 0; i < 5; i++)
        {
            await rules.StepAsync(sleepers: 1);
        }

        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => (first + (i * interval)).ToUnixTimeMilliseconds()), rules.Asked.Skip(1).Select(asked => asked.TimestampMs));
        Alert sent = rules.Sent[0];
        Assert.Equal(since, sent.ActiveAt);
        Assert.InRange(sent.FiredAt!.Value - since, TimeSpan.FromSeconds(80), TimeSpan.FromSeconds(100) - TimeSpan.FromTicks(1));
    }

    [Fact]
    public async Task The_series_of_a_group_that_is_gone_end_after_two_of_its_intervals_with_its_metrics()
    {
        await using var rules = new RunningRules();
        await rules.LoadAsync("{name: gone, rules: [{record: r, expr: m}]}, {name: stays, interval: 1d, rules: [{record: s, expr: m}]}");
        rules.Manager.Start();
        await rules.StepAsync(sleepers: 2);
        DateTimeOffset removed = rules.Time.GetUtcNow();
        await rules.LoadAsync("{name: stays, interval: 1d, rules: [{record: s, expr: m}]}");
        Assert.Null(rules.Metric(Interval, "gone"));
        Assert.Equal(86_400, rules.Metric(Interval, "stays"));

        // One sleeps until the next day, the other until the series end.
        await rules.Time.WhenSleepingAsync(2, TimeSpan.FromMinutes(2));
        Assert.Single(rules.Stored.Samples);
        rules.Time.Advance(TimeSpan.FromMinutes(2));
        await rules.Time.WhenSleepingAsync(1);
        await UntilAsync(() => rules.Stored.Samples.Count == 2);
        Assert.Equal(new StoredSample("{__name__=\"r\"}", removed.ToUnixTimeMilliseconds(), null), rules.Stored.Samples[1]);
    }

    [Fact]
    public async Task Rules_of_a_group_run_one_after_another_unless_concurrency_is_on()
    {
        Assert.Equal(1, await CountAtOneTimeAsync(concurrentEvaluationsMax: 0, groups: 1));
        Assert.Equal(3, await CountAtOneTimeAsync(concurrentEvaluationsMax: 2, groups: 1));
        Assert.Equal(5, await CountAtOneTimeAsync(concurrentEvaluationsMax: 10, groups: 1));
    }

    [Fact]
    public async Task Groups_share_the_places_for_concurrent_rules_and_each_has_one_of_its_own()
    {
        Assert.Equal(3, await CountAtOneTimeAsync(concurrentEvaluationsMax: 0, groups: 3));
        Assert.Equal(5, await CountAtOneTimeAsync(concurrentEvaluationsMax: 2, groups: 3));
    }

    [Fact]
    public async Task Rules_that_need_each_other_run_one_after_another_though_concurrency_is_on()
    {
        await using var rules = new RunningRules(concurrentEvaluationsMax: 10);
        var held = new TaskCompletionSource<IReadOnlyList<VectorSample>>(TaskCreationOptions.RunContinuationsAsynchronously);
        rules.Answer = _ => held.Task;
        await rules.LoadAsync("{name: g, rules: [{record: a, expr: x}, {record: b, expr: a + 1}, {record: c, expr: y}]}");
        rules.Manager.Start();
        await rules.Time.WhenSleepingAsync(1);
        rules.Time.AdvanceToNext();
        await rules.WhenAskedAsync(2);
        Assert.Equal(["x", "y"], rules.Asked.Select(asked => asked.Query).Order());
        held.SetResult([]);
        await rules.WhenAskedAsync(3);
        Assert.Equal("a + 1", rules.Asked[2].Query);
    }

    [Fact]
    public async Task The_end_waits_for_evaluations_that_are_under_way_and_begins_no_others()
    {
        await using var rules = new RunningRules();
        var held = new TaskCompletionSource<IReadOnlyList<VectorSample>>(TaskCreationOptions.RunContinuationsAsynchronously);
        rules.Answer = _ => held.Task;
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.Time.WhenSleepingAsync(1);
        rules.Time.AdvanceToNext();
        await rules.WhenAskedAsync(1);
        Task stopping = rules.Manager.StopAsync(CancellationToken.None);
        Assert.False(stopping.IsCompleted);
        held.SetResult([new(Model.Labels.Empty, 0, 5)]);
        await stopping;
        Assert.Equal(5, Assert.Single(rules.Stored.Samples).Value);
        rules.Time.Advance(TimeSpan.FromHours(1));
        Assert.Single(rules.Asked);
    }

    [Fact]
    public async Task The_end_cuts_evaluations_short_if_it_has_to_and_that_is_no_failure_of_their_rules()
    {
        await using var rules = new RunningRules();
        rules.Answer = _ => new TaskCompletionSource<IReadOnlyList<VectorSample>>().Task;
        await rules.LoadAsync("{name: g, rules: [{record: r, expr: m}]}");
        rules.Manager.Start();
        await rules.Time.WhenSleepingAsync(1);
        rules.Time.AdvanceToNext();
        await rules.WhenAskedAsync(1);
        await rules.Manager.StopAsync(new CancellationToken(canceled: true)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, rules.Metric("prometheus_rule_evaluation_failures_total", "g"));
        Assert.Empty(rules.Stored.Samples);
    }

    /// <summary>The most of five rules in each of some groups that ever waited for their answers at one time.</summary>
    private static async Task<int> CountAtOneTimeAsync(int concurrentEvaluationsMax, int groups)
    {
        await using var rules = new RunningRules(concurrentEvaluationsMax);
        var held = new TaskCompletionSource<IReadOnlyList<VectorSample>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var counting = new Lock();
        int running = 0;
        int most = 0;
        rules.Answer = async _ =>
        {
            lock (counting)
            {
                running++;
                most = Math.Max(most, running);
            }

            IReadOnlyList<VectorSample> answer = await held.Task;
            lock (counting)
            {
                running--;
            }

            return answer;
        };
        await rules.LoadAsync(string.Join(", ", Enumerable.Range(0, groups).Select(
            g => $"{{name: g{g}, rules: [{string.Join(", ", Enumerable.Range(0, 5).Select(r => $"{{record: r{r}, expr: m{r}}}"))}]}}")));
        rules.Manager.Start();
        await rules.Time.WhenSleepingAsync(groups);
        rules.Time.Advance(TimeSpan.FromSeconds(61));

        // All that may run does so before the first answer.
        int expected = Math.Min(groups + concurrentEvaluationsMax, 5 * groups);
        await UntilAsync(() => Volatile.Read(ref most) >= expected);
        held.SetResult([]);
        await rules.WhenAskedAsync(5 * groups);
        await rules.Manager.StopAsync(CancellationToken.None);
        return most;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
