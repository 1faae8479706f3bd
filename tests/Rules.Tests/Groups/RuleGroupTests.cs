namespace Narthex.Rules.Tests.Groups;

public sealed class RuleGroupTests
{
    [Fact]
    public async Task A_recording_rule_stores_its_results_under_its_name_with_its_labels()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 3, "__name__", "m", "job", "a");
        bench.Append(0, 4, "__name__", "m", "job", "b");
        RuleGroup group = bench.Group("{name: g, labels: {team: x, kind: group}, rules: [{record: r, expr: m * 2, labels: {kind: rule}}, {record: s, expr: sum(r)}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal(
            [
                """{__name__="r", job="a", kind="rule", team="x"} 6""",
                """{__name__="r", job="b", kind="rule", team="x"} 8""",
                """{__name__="s", kind="group", team="x"} 14""",
            ],
            await bench.QueryAsync("{__name__=~\"r|s\"}", 0));
        Assert.All(group.Rules, rule => Assert.Equal((RuleHealth.Good, ""), (rule.Health, rule.LastError)));
    }

    [Fact]
    public async Task A_label_with_an_empty_value_removes_that_of_the_sample()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 1, "__name__", "m", "gone", "yes", "kept", "yes");
        RuleGroup group = bench.Group("{name: g, labels: {gone: ''}, rules: [{record: r, expr: m}, {record: s, expr: m, labels: {kept: ''}}, {record: t, expr: m, labels: {gone: x}}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal(
            ["""{__name__="r", kept="yes"} 1""", """{__name__="s"} 1""", """{__name__="t", gone="x", kept="yes"} 1"""],
            await bench.QueryAsync("{__name__=~\"r|s|t\"}", 0));
    }

    [Fact]
    public async Task A_series_that_is_not_yielded_any_more_ends()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 3, "__name__", "m", "job", "a");
        bench.Append(0, 4, "__name__", "m", "job", "b");
        RuleGroup group = bench.Group("{name: g, rules: [{record: r, expr: m > 2}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        bench.Append(0.9, 1, "__name__", "m", "job", "b");
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(1), CancellationToken.None);
        Assert.Equal(["""{__name__="r", job="a"} 3"""], await bench.QueryAsync("r", 1));
    }

    [Fact]
    public async Task A_rule_that_fails_says_why_and_does_not_keep_the_others_from_working()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 3, "__name__", "m", "job", "a");
        bench.Append(0, 4, "__name__", "n", "job", "a");
        RuleGroup group = bench.Group("{name: g, limit: 1, rules: [{record: two, expr: '{job=\"a\"}'}, {record: same, expr: '{job=\"a\"} + 0'}, {record: r, expr: m}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal((RuleHealth.Bad, "vector contains metrics with the same labelset after applying rule labels"), (group.Rules[0].Health, group.Rules[0].LastError));
        Assert.Equal(RuleHealth.Bad, group.Rules[1].Health);
        Assert.Equal(RuleHealth.Good, group.Rules[2].Health);
        Assert.Single(await bench.QueryAsync("r", 0));
    }

    [Fact]
    public async Task More_results_than_the_limit_are_none()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 3, "__name__", "m", "job", "a");
        bench.Append(0, 4, "__name__", "m", "job", "b");
        RuleGroup group = bench.Group("{name: g, limit: 1, rules: [{record: r, expr: m}, {alert: A, expr: m}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal("exceeded limit of 1 with 2 series", group.Rules[0].LastError);
        Assert.Equal("exceeded limit of 1 with 2 alerts", group.Rules[1].LastError);
        Assert.Empty(await bench.QueryAsync("{__name__=~\"r|ALERTS\"}", 0));
        Assert.Empty(((AlertingRule)group.Rules[1]).GetActiveAlerts());
    }

    [Fact]
    public async Task The_query_offset_moves_what_is_read_and_what_is_stored()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 1, "__name__", "m");
        bench.Append(1, 2, "__name__", "m");
        RuleGroup group = bench.Group("{name: g, query_offset: 1m, rules: [{record: r, expr: m}]}");
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(1), CancellationToken.None);
        Assert.Equal(["""{__name__="r"} 1"""], await bench.QueryAsync("r", 0));
    }

    [Fact]
    public async Task An_alert_goes_from_pending_over_firing_to_resolved_and_leaves_its_series()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        RuleGroup group = bench.Group(
            "{name: g, rules: [{alert: Down, expr: up == 0, for: 1m, labels: {severity: page, where: '{{ $externalLabels.region }}'}, "
            + "annotations: {summary: '{{ $labels.job }} is {{ $value }} {{ query \"sum(up)\" | first | value }}', empty: ''}}]}");
        var rule = (AlertingRule)group.Rules[0];
        Assert.Equal(AlertState.Unknown, rule.State);
        bench.Append(0, 0, "__name__", "up", "job", "a");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal(AlertState.Pending, rule.State);
        Assert.Empty(bench.Sent);
        Assert.Equal(["""{__name__="ALERTS", alertname="Down", alertstate="pending", job="a", severity="page", where="eu"} 1"""], await bench.QueryAsync("ALERTS", 0));
        Assert.Equal(["""{__name__="ALERTS_FOR_STATE", alertname="Down", job="a", severity="page", where="eu"} 1700000000"""], await bench.QueryAsync("ALERTS_FOR_STATE", 0));

        bench.Append(1, 0, "__name__", "up", "job", "a");
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(1), CancellationToken.None);
        Alert sent = Assert.Single(bench.Sent);
        Assert.Equal("""{alertname="Down", job="a", severity="page", where="eu"}""", sent.Labels.ToString());
        Assert.Equal("""{empty="", summary="a is 0 0"}""", sent.Annotations.ToString());
        Assert.Equal((RuleBench.Start.AddMinutes(1), RuleBench.Start.AddMinutes(5)), (sent.FiredAt, sent.ValidUntil));
        Assert.Equal(["""{__name__="ALERTS", alertname="Down", alertstate="firing", job="a", severity="page", where="eu"} 1"""], await bench.QueryAsync("ALERTS", 1));

        bench.Append(2, 1, "__name__", "up", "job", "a");
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(2), CancellationToken.None);
        Assert.Equal(RuleBench.Start.AddMinutes(2), bench.Sent[1].ResolvedAt);
        Assert.Equal(AlertState.Inactive, rule.State);
        Assert.Empty(await bench.QueryAsync("{__name__=~\"ALERTS.*\"}", 2));
    }

    [Fact]
    public async Task A_template_that_fails_says_so_in_the_place_of_its_result()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 0, "__name__", "up");
        RuleGroup group = bench.Group("{name: g, rules: [{alert: Down, expr: up == 0, annotations: {a: '{{ query \"sum(\" }}'}}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.StartsWith("<error expanding template: error executing template __alert_Down:", bench.Sent.Single().Annotations["a"], StringComparison.Ordinal);
        Assert.Equal(RuleHealth.Good, group.Rules[0].Health);
    }

    [Fact]
    public async Task Each_alert_of_an_evaluation_has_texts_of_its_own_from_one_template()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        const string Text = "{{ define \\\"x\\\" }}{{ . }}{{ end }}{{ template \\\"x\\\" $labels.job }}={{ $value }} {{ with printf \\\"m{job='%s'}\\\" $labels.job | query }}{{ . | first | value }}{{ end }}{{ if eq $labels.job \\\"b\\\" }}{{ query \\\"none\\\" | first }}{{ end }}";
        RuleGroup group = bench.Group($"{{name: g, rules: [{{alert: A, expr: m, labels: {{of: 'job {{{{ $labels.job }}}}'}}, annotations: {{one: \"{Text}\", two: \"{Text}\"}}}}]}}");
        foreach (int minute in (int[])[0, 2])
        {
            bench.Append(minute, 3 + minute, "__name__", "m", "job", "a");
            bench.Append(minute, 4 + minute, "__name__", "m", "job", "b");
            bench.Append(minute, 5 + minute, "__name__", "m", "job", "c");
            await group.EvaluateAsync(RuleBench.Start.AddMinutes(minute), CancellationToken.None);
            Alert[] alerts = [.. ((AlertingRule)group.Rules[0]).GetActiveAlerts()];
            Assert.Equal(["job a", "job b", "job c"], alerts.Select(alert => alert.Labels["of"]));
            Assert.Equal([$"a={3 + minute} {3 + minute}", $"c={5 + minute} {5 + minute}"], new[] { alerts[0], alerts[2] }.Select(alert => alert.Annotations["one"]));
            Assert.StartsWith("<error expanding template: error executing template __alert_A:", alerts[1].Annotations["one"], StringComparison.Ordinal);
            Assert.All(alerts, alert => Assert.Equal(alert.Annotations["one"], alert.Annotations["two"]));
        }
    }

    [Fact]
    public async Task Two_results_that_become_one_alert_are_a_fault()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 0, "__name__", "a");
        bench.Append(0, 0, "__name__", "b");
        RuleGroup group = bench.Group("{name: g, rules: [{alert: Down, expr: '{__name__=~\"a|b\"}'}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        Assert.Equal("vector contains metrics with the same labelset after applying alert labels", group.Rules[0].LastError);
    }

    [Fact]
    public async Task A_reload_keeps_the_state_of_rules_that_stay_and_ends_the_series_of_those_that_go()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 0, "__name__", "up");
        RuleGroup before = bench.Group("{name: g, rules: [{alert: Down, expr: up == 0, for: 2m}, {record: gone, expr: up}, {record: stays, expr: up}]}");
        await before.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        RuleGroup after = bench.Group("{name: g, rules: [{record: stays, expr: up}, {alert: Down, expr: up == 0, for: 3m}]}");
        after.TakeOver(before);
        await after.EvaluateAsync(RuleBench.Start.AddMinutes(1), CancellationToken.None);
        Assert.Equal(RuleBench.Start, ((AlertingRule)after.Rules[1]).GetActiveAlerts().Single().ActiveAt);
        Assert.Equal(["""{__name__="stays"} 0"""], await bench.QueryAsync("{__name__=~\"gone|stays\"}", 1));
    }

    [Fact]
    public async Task After_a_restart_an_alert_knows_since_when_it_was_pending()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        const string Rules = "{name: g, rules: [{alert: Down, expr: up == 0, for: 30m}]}";
        for (int minute = 0; minute <= 10; minute++)
        {
            bench.Append(minute, 0, "__name__", "up");
        }

        RuleGroup before = bench.Group(Rules);
        await before.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        await before.EvaluateAsync(RuleBench.Start.AddMinutes(10), CancellationToken.None);

        RuleGroup after = bench.Group(Rules, isRestored: false);
        bench.Append(15, 0, "__name__", "up");
        await after.EvaluateAsync(RuleBench.Start.AddMinutes(15), CancellationToken.None);
        var rule = (AlertingRule)after.Rules[0];
        Assert.Equal(RuleBench.Start.AddMinutes(15), rule.GetActiveAlerts().Single().ActiveAt);
        Assert.False(rule.IsRestored);
        after.Restore(RuleBench.Start.AddMinutes(15), CancellationToken.None);
        Assert.Equal(RuleBench.Start.AddMinutes(5), rule.GetActiveAlerts().Single().ActiveAt);
        Assert.True(rule.IsRestored);
    }

    [Fact]
    public async Task After_a_restart_an_alert_that_was_over_before_it_waits_its_full_time()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        const string Rules = "{name: g, rules: [{alert: Down, expr: up == 0, for: 30m}]}";
        bench.Append(0, 0, "__name__", "up");
        RuleGroup before = bench.Group(Rules);
        await before.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        bench.Append(4, 0, "__name__", "up");
        await before.EvaluateAsync(RuleBench.Start.AddMinutes(4), CancellationToken.None);
        bench.Append(5, 1, "__name__", "up");
        await before.EvaluateAsync(RuleBench.Start.AddMinutes(5), CancellationToken.None);

        RuleGroup after = bench.Group(Rules, isRestored: false);
        bench.Append(15, 0, "__name__", "up");
        await after.EvaluateAsync(RuleBench.Start.AddMinutes(15), CancellationToken.None);
        after.Restore(RuleBench.Start.AddMinutes(15), CancellationToken.None);
        Assert.Equal(RuleBench.Start.AddMinutes(15), ((AlertingRule)after.Rules[0]).GetActiveAlerts().Single().ActiveAt);
    }

    [Fact]
    public async Task A_series_that_vanishes_while_nothing_can_be_stored_ends_as_soon_as_something_can()
    {
        await using RuleBench bench = await RuleBench.OpenAsync();
        bench.Append(0, 1, "__name__", "up", "job", "a");
        bench.Append(0, 1, "__name__", "up", "job", "b");
        var storage = new FailingAppendable(bench.Context.Appendable);
        bench.Context = bench.Context with { Appendable = storage };
        RuleGroup group = bench.Group("{name: g, rules: [{record: r, expr: up == 1}]}");
        await group.EvaluateAsync(RuleBench.Start, CancellationToken.None);
        bench.Append(1, 0, "__name__", "up", "job", "b");
        storage.IsFailing = true;
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(1), CancellationToken.None);
        Assert.Equal(RuleHealth.Bad, group.Rules[0].Health);
        storage.IsFailing = false;
        await group.EvaluateAsync(RuleBench.Start.AddMinutes(2), CancellationToken.None);
        Assert.Equal(["""{__name__="r", job="a"} 1"""], await bench.QueryAsync("{__name__=\"r\"}", 2));
    }
}
