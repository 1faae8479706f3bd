using Narthex.Configuration.RuleFiles;
using Narthex.Rules.Files;
using Narthex.Rules.Tests.Groups;
using Narthex.Tests;

namespace Narthex.Rules.Tests.Alerting;

/// <summary>The alert generator specification of Prometheus' compliance project, rule by rule, with evaluations at times that the test sets.</summary>
public sealed class AlertGeneratorTests
{
    private const string Metric = "alert_generator_test_suite";

    [ConformanceFact]
    public async Task Order_an_alert_that_looks_at_alerts_of_its_group_fires_in_the_same_evaluation()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group(GroupOfTheSuite("NewAlerts_OrderCheck"));
        for (double minutes = 0; minutes <= 3; minutes += 0.5)
        {
            bench.Append(minutes, 20, "__name__", Metric, "alertname", "NewAlerts_OrderCheck_Rule1", "rulegroup", "NewAlerts_OrderCheck", "variant", "one");
            bench.Append(minutes, 20, "__name__", Metric, "alertname", "NewAlerts_OrderCheck_Rule1", "rulegroup", "NewAlerts_OrderCheck", "variant", "two");
            await EvaluateAsync(group, minutes);
            Assert.Equal(minutes < 3 ? 0 : 3, bench.Sent.Count);
        }

        Alert second = bench.Sent[2];
        Assert.Equal("""{alertname="NewAlerts_OrderCheck_Rule2", alertstate="firing", ba_dum="tss", foo="baz", rulegroup="NewAlerts_OrderCheck"}""", second.Labels.ToString());
        Assert.Equal("Based on ALERTS. Old alertname was NewAlerts_OrderCheck_Rule1. foo was bar.", second.Annotations["description"]);
        Assert.Equal((At(3), At(3)), (second.ActiveAt, second.FiredAt));
    }

    [ConformanceFact]
    public async Task Life_pending_is_not_sent_firing_and_resolved_are_repeated_and_what_comes_back_is_new()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group(GroupOfTheSuite("PendingAndFiringAndResolved"));
        string[] series = SeriesOf("PendingAndFiringAndResolved", "PendingAndFiringAndResolved_SimpleAlert");
        var states = new List<AlertState>();
        for (double minutes = 0; minutes <= 40; minutes += 0.5)
        {
            // Above the limit from 0 to 8 and again from 28 on.
            bench.Append(minutes, minutes is <= 8 or >= 28 ? 11 + minutes : 5, series);
            await EvaluateAsync(group, minutes);
            states.Add(((AlertingRule)group.Rules[0]).State);
        }

        Assert.Equal(
            [
                .. Enumerable.Repeat(AlertState.Pending, 12), .. Enumerable.Repeat(AlertState.Firing, 5), .. Enumerable.Repeat(AlertState.Inactive, 39),
                .. Enumerable.Repeat(AlertState.Pending, 12), .. Enumerable.Repeat(AlertState.Firing, 13),
            ],
            states);

        // Repeated after more than a minute, which with an evaluation each half minute is 90 seconds; the end for a quarter of an hour.
        Assert.Equal(
            [
                (6, 10), (7.5, 11.5),
                .. Enumerable.Range(0, 11).Select(i => (8.5 + (1.5 * i), 8.5)),
                (34, 38), (35.5, 39.5), (37, 41), (38.5, 42.5), (40, 44),
            ],
            bench.Sent.Select(alert => (MinutesOf(alert.LastSentAt!.Value), MinutesOf(alert.ResolvedAt ?? alert.ValidUntil))));
        Assert.All(bench.Sent, alert => Assert.Equal(alert.LastSentAt < At(25) ? (At(0), At(6)) : (At(28), At(34)), (alert.ActiveAt, alert.FiredAt)));
        Assert.Equal("The value is 17 17", bench.Sent[0].Annotations["summary"]);

        // Annotations of each moment; those of an alert that is over are its last ones.
        Assert.Equal("The value is 18.5 18.5", bench.Sent[1].Annotations["summary"]);
        Assert.Equal("The value is 19 19", bench.Sent[5].Annotations["summary"]);
    }

    [ConformanceFact]
    public async Task Pending_that_ends_is_never_told_but_has_series()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group(GroupOfTheSuite("PendingAndResolved_AlwaysInactive"));
        for (double minutes = 0; minutes <= 20; minutes += 0.5)
        {
            bench.Append(minutes, minutes <= 2.5 ? 15 : 5, SeriesOf("PendingAndResolved_AlwaysInactive", "PendingAndResolved_AlwaysInactive_PendingAlert"));
            bench.Append(minutes, 15, SeriesOf("PendingAndResolved_AlwaysInactive", "PendingAndResolved_AlwaysInactive_InactiveAlert"));
            await EvaluateAsync(group, minutes);
            Assert.Equal(
                minutes <= 2.5 ? ["""{__name__="ALERTS", alertname="PendingAndResolved_AlwaysInactive_PendingAlert", alertstate="pending", foo="bar", rulegroup="PendingAndResolved_AlwaysInactive"} 1"""] : [],
                await bench.QueryAsync("ALERTS", minutes));
        }

        Assert.Empty(bench.Sent);
        Assert.All(group.Rules, rule => Assert.Equal(AlertState.Inactive, ((AlertingRule)rule).State));
    }

    // The texts of the annotations are those of the real promtool 3.5 for the same file.
    [ConformanceFact]
    public async Task Zero_for_fires_at_once_and_a_for_below_the_interval_with_the_next_evaluation()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group(GroupOfTheSuite("ZeroFor_SmallFor"));
        for (double minutes = 0; minutes <= 0.5; minutes += 0.5)
        {
            bench.Append(minutes, 11, SeriesOf("ZeroFor_SmallFor", "ZeroFor_SmallFor_ZeroFor"));
            bench.Append(minutes, 14, SeriesOf("ZeroFor_SmallFor", "ZeroFor_SmallFor_SmallFor"));
            bench.Append(minutes, 2, "__name__", Metric, "rulegroup", "ZeroFor_SmallFor", "for", "template", "id", "b");
            bench.Append(minutes, 1, "__name__", Metric, "rulegroup", "ZeroFor_SmallFor", "for", "template", "id", "a");
            await EvaluateAsync(group, minutes);
            Assert.Equal(minutes == 0 ? AlertState.Pending : AlertState.Firing, ((AlertingRule)group.Rules[1]).State);
        }

        Assert.Equal(["ZeroFor_SmallFor_ZeroFor", "ZeroFor_SmallFor_SmallFor"], bench.Sent.Select(alert => alert.Labels["alertname"]));
        Assert.Equal([(At(0), At(0)), (At(0), At(0.5))], bench.Sent.Select(alert => (alert.ActiveAt, alert.FiredAt!.Value)));
        Assert.Equal("Args are: foo bar 99. first_id:a,a:1,b:2,", bench.Sent[0].Annotations["template_query_test"]);
        Assert.Equal("1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC", bench.Sent[0].Annotations["template_test"]);
        Assert.Equal("This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .", bench.Sent[1].Annotations["template_test"]);
    }

    [Theory]
    [InlineData("30s", 60, new[] { 0.0, 1.5, 3.0, 4.5, 6.0 })]
    [InlineData("1m", 60, new[] { 0.0, 2.0, 4.0, 6.0 })]
    [InlineData("2m", 60, new[] { 0.0, 2.0, 4.0, 6.0 })]
    [InlineData("1m", 0, new[] { 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0 })]
    [InlineData("30s", 150, new[] { 0.0, 3.0, 6.0 })]
    public async Task Repeats_come_with_the_first_evaluation_after_the_resend_delay_and_are_valid_for_four_times_the_longer_of_both(string interval, int delaySeconds, double[] expected)
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Context = bench.Context with { ResendDelay = TimeSpan.FromSeconds(delaySeconds) };
        RuleGroup group = bench.Group($"{{name: g, interval: {interval}, rules: [{{alert: A, expr: vector(1)}}]}}");
        for (double minutes = 0; minutes <= 6; minutes += group.Interval.TotalMinutes)
        {
            await EvaluateAsync(group, minutes);
        }

        double validity = 4 * Math.Max(group.Interval.TotalMinutes, delaySeconds / 60.0);
        Assert.Equal(expected.Select(sent => (sent, sent + validity)), bench.Sent.Select(alert => (MinutesOf(alert.LastSentAt!.Value), MinutesOf(alert.ValidUntil))));
    }

    [Fact]
    public async Task The_resend_delay_is_a_minute_if_nobody_says_otherwise()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        Assert.Equal(TimeSpan.FromMinutes(1), bench.Context.ResendDelay);
    }

    [Fact]
    public async Task Kept_an_alert_that_keeps_firing_is_repeated_as_firing_and_resolved_when_that_time_is_over()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group("{name: g, rules: [{alert: A, expr: m > 1, keep_firing_for: 5m, annotations: {value: '{{ $value }}'}}]}");
        for (int minute = 0; minute <= 10; minute++)
        {
            // It holds at 0 and 1, and once again at 4.
            bench.Append(minute, minute is 0 or 1 or 4 ? 2 + minute : 0, "__name__", "m");
            await EvaluateAsync(group, minute);
            string[] series = await bench.QueryAsync("ALERTS", minute);
            Assert.Equal(minute < 10 ? ["""{__name__="ALERTS", alertname="A", alertstate="firing"} 1"""] : [], series);
            Assert.Equal(minute is 2 or 3 ? At(2) : minute is >= 5 and < 10 ? At(5) : null, ((AlertingRule)group.Rules[0]).GetActiveAlerts().SingleOrDefault()?.KeepFiringSince);
        }

        Assert.Equal([0.0, 2, 4, 6, 8, 10], bench.Sent.Select(alert => MinutesOf(alert.LastSentAt!.Value)));
        Assert.Equal([null, null, null, null, null, At(10)], bench.Sent.Select(alert => alert.ResolvedAt));
        Assert.Equal(["2", "3", "6", "6", "6", "6"], bench.Sent.Select(alert => alert.Annotations["value"]));
    }

    [Fact]
    public async Task Labels_of_the_rule_win_over_those_of_the_sample_and_the_name_wins_over_all()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 1, "__name__", "m", "alertname", "sample", "alertstate", "very_critical", "severity", "sample", "kept", "yes");
        RuleGroup group = bench.Group("{name: g, rules: [{alert: A, expr: m, labels: {severity: '{{ $labels.severity }}-{{ $labels.alertname }}', alertname: rule, alertstate: mine, kept: ''}}]}");
        await EvaluateAsync(group, 0);
        Assert.Equal("""{alertname="A", alertstate="mine", severity="sample-sample"}""", Assert.Single(bench.Sent).Labels.ToString());

        // In the series, the state wins over a label of that name.
        Assert.Equal(["""{__name__="ALERTS", alertname="A", alertstate="firing", severity="sample-sample"} 1"""], await bench.QueryAsync("ALERTS", 0));
    }

    [Fact]
    public async Task Two_alerts_with_the_same_labels_are_an_error_with_nothing_sent_or_stored_and_nothing_forgotten()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group("{name: g, rules: [{alert: A, expr: '{__name__=~\"m|n\"}'}]}");
        for (int minute = 0; minute <= 6; minute++)
        {
            bench.Append(minute, 1, "__name__", "m");
            if (minute is >= 1 and <= 3)
            {
                bench.Append(minute, 1, "__name__", "n");
            }
            else if (minute == 4)
            {
                bench.Append(minute, BitConverter.UInt64BitsToDouble(0x7ff0000000000002), "__name__", "n");
            }

            await EvaluateAsync(group, minute);
            Assert.Equal(minute is >= 1 and <= 3 ? RuleHealth.Bad : RuleHealth.Good, group.Rules[0].Health);
            Assert.Equal(At(0), Assert.Single(((AlertingRule)group.Rules[0]).GetActiveAlerts()).ActiveAt);
        }

        Assert.Equal([0.0, 4, 6], bench.Sent.Select(alert => MinutesOf(alert.LastSentAt!.Value)));
        Assert.All(bench.Sent, alert => Assert.Null(alert.ResolvedAt));
        Assert.Equal(["{alertname=\"A\", alertstate=\"firing\"} 4"], await bench.QueryAsync("count_over_time(ALERTS[7m])", 6));
    }

    [Fact]
    public async Task A_restart_finds_alerts_whose_labels_are_templates()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        const string Rules = "{name: g, rules: [{alert: A, expr: m == 1, for: 30m, labels: {where: 'at_{{ $labels.job }}'}}, {alert: A, expr: m == 1, for: 30m, labels: {where: other}}]}";
        for (int minute = 0; minute <= 10; minute++)
        {
            bench.Append(minute, 1, "__name__", "m", "job", "x");
        }

        RuleGroup before = bench.Group(Rules);
        await EvaluateAsync(before, 0);
        await EvaluateAsync(before, 10);
        RuleGroup after = bench.Group(Rules, isRestored: false);
        await EvaluateAsync(after, 12);
        after.Restore(At(12), CancellationToken.None);
        Assert.All(after.Rules, rule => Assert.Equal(At(2), ((AlertingRule)rule).GetActiveAlerts().Single().ActiveAt));
    }

    [Theory]
    [InlineData(60, 10, 5, 5)] // Within the tolerance: 10 minutes of waiting count.
    [InlineData(4, 10, 5, 15)] // The outage of 5 minutes was too long.
    [InlineData(60, 31, 5, 15)] // The rule's time is below the grace period.
    [InlineData(60, 25, 5, 10)] // 20 minutes are left, but the grace period is 25.
    public async Task A_restart_keeps_to_outage_tolerance_and_grace_period(int toleranceMinutes, int graceMinutes, int outageMinutes, int expectedMinute)
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Context = bench.Context with { OutageTolerance = TimeSpan.FromMinutes(toleranceMinutes), ForGracePeriod = TimeSpan.FromMinutes(graceMinutes) };
        const string Rules = "{name: g, rules: [{alert: A, expr: m == 1, for: 30m}]}";
        bench.Append(0, 1, "__name__", "m");
        RuleGroup before = bench.Group(Rules);
        await EvaluateAsync(before, 0);
        bench.Append(10, 1, "__name__", "m");
        await EvaluateAsync(before, 10);
        RuleGroup after = bench.Group(Rules, isRestored: false);
        bench.Append(10 + outageMinutes, 1, "__name__", "m");
        await EvaluateAsync(after, 10 + outageMinutes);
        Assert.Empty(await bench.QueryAsync("count_over_time({__name__=~\"ALERTS.*\"}[5m])", 10 + outageMinutes));
        after.Restore(At(10 + outageMinutes), CancellationToken.None);
        Assert.Equal(At(expectedMinute), ((AlertingRule)after.Rules[0]).GetActiveAlerts().Single().ActiveAt);
    }

    private static RuleGroupConfig GroupOfTheSuite(string name) =>
        RuleFileLoader.LoadFile(Path.Combine(RepositoryPaths.Conformance!, "compliance", "alert_generator", "rules.yaml")).Groups.Single(group => group.Name == name);

    private static string[] SeriesOf(string group, string alert) => ["__name__", Metric, "alertname", alert, "rulegroup", group];

    private static Task EvaluateAsync(RuleGroup group, double minutes) => group.EvaluateAsync(At(minutes), CancellationToken.None);

    private static DateTimeOffset At(double minutes) => RuleBench.Start.AddMinutes(minutes);

    private static double MinutesOf(DateTimeOffset time) => (time - RuleBench.Start).TotalMinutes;
}
