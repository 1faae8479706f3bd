using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Alerting;

/// <summary>What Alertmanagers show and tell of our alerts is what they show and tell of those of the real server, whatever happens in between.</summary>
public sealed class AlertmanagerTests
{
    private const string Rules = """
        groups:
          - name: tanks
            labels: {team: infra}
            rules:
              - alert: Low
                expr: level < 5
                for: 2s
                labels: {severity: page, alertname: overridden}
                annotations:
                  summary: 'Tank {{ $labels.tank }} of {{ $externalLabels.region }} is at {{ $value | humanize }}: <b>"fill" & go</b> ü'
                  empty: ''
                  failing: '{{ query "sum(" }}'
                  link: '{{ externalURL }}{{ tableLink "level < 5" }}'
              - alert: Kept
                expr: level{tank="a"} < 5
                keep_firing_for: 1h
                labels: {severity: '{{ if lt $value 2.0 }}page{{ else }}ticket{{ end }}'}
              - alert: Waiting
                expr: level < 5
                for: 1h
              - alert: Muted
                expr: level < 5
                labels: {severity: none}
        """;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_validity = TimeSpan.FromSeconds(4 * 5);

    [PeerFact]
    public async Task Alertmanagers_show_the_same_of_both_servers_while_servers_and_Alertmanagers_come_and_go()
    {
        using var target = new StaticTarget(Levels(9, 9, 9));
        using var hook = new WebhookReceiver();
        using var directory = new TemporaryDirectory();
        directory.Write("rules.yml", Rules);
        await using RealAlertmanager shared = await RealAlertmanager.StartAsync(hook.ConfigurationOf("shared"));
        string[] flags = ["--rules.alert.resend-delay=5s", "--rules.alert.for-grace-period=1s"];
        await using AlertingServer ours = await AlertingServer.StartAsync(
            "ours", ServerProcess.NarthexPath, directory, target, shared, hook.ConfigurationOf("ours"), flags);
        await using AlertingServer real = await AlertingServer.StartAsync(
            "real", RepositoryPaths.Peers + "/prometheus", directory, target, shared, hook.ConfigurationOf("real"), flags);
        AlertingServer[] servers = [ours, real];

        // Two tanks are low: pending, then firing. What waits for an hour and what relabelling drops is never sent.
        target.Body = Levels(1, 3, 9);
        string[] twoLow = ["Kept a", "Low a", "Low b"];
        Dictionary<string, DateTimeOffset>[] since = await WhenFiringAsync(servers, shared, twoLow);
        for (int i = 0; i < 2; i++)
        {
            await AssertTimesAsync(servers[i], since[i]);
            Assert.Equal(["Waiting a", "Waiting b"], (await servers[i].GetActiveSinceAsync("pending")).Keys.Order());
        }

        // Both servers are killed: what fired goes on, as active since then.
        foreach (AlertingServer server in servers)
        {
            server.Process.KillHard();
            await server.StartAgainAsync();
        }

        since = await AssertGoOnAsync(servers, shared, twoLow, since);

        // Both stop in an orderly way; meanwhile the third tank gets low, too.
        foreach (AlertingServer server in servers)
        {
            Assert.Equal(0, server.Process.Terminate());
        }

        target.Body = Levels(1, 3, 4);
        foreach (AlertingServer server in servers)
        {
            await server.StartAgainAsync();
        }

        string[] threeLow = ["Kept a", "Low a", "Low b", "Low c"];
        await AssertGoOnAsync(servers, shared, threeLow, since);

        // Both Alertmanagers die; what happens meanwhile is told when they are back, and what they have forgotten is told again.
        foreach (AlertingServer server in servers)
        {
            await server.Alertmanager.KillAsync();
        }

        target.Body = Levels(1.5, 3, 9);
        foreach (AlertingServer server in servers)
        {
            await UntilAsync(async () => await server.GetMetricAsync($"prometheus_notifications_errors_total{{alertmanager=\"{server.Alertmanager.Url}\"}}") > 0
                && !(await server.GetActiveSinceAsync("firing")).ContainsKey("Low c"));
            await server.Alertmanager.StartAgainAsync();
        }

        await WhenFiringAsync(servers, shared, twoLow);
        Assert.Contains("is at 1.5:", (await ShownAsync(ours.Alertmanager))["Low a"], StringComparison.Ordinal);

        // Everything is filled up: resolved, but for what is kept. An alert that each Alertmanager had known as firing is told as resolved.
        target.Body = Levels(9, 9, 9);
        await WhenFiringAsync(servers, shared, "Kept a");
        foreach (string name in (string[])["ours", "real", "shared"])
        {
            foreach (string key in (string[])["Low a", "Low b"])
            {
                JsonElement last = default;
                await UntilAsync(() => Task.FromResult((last = LastTold(hook, name, key)) is { ValueKind: JsonValueKind.Object } && last.GetProperty("status").GetString() == "resolved"));

                // The end is an evaluation's time, as the beginning is.
                if (name != "shared")
                {
                    AssertWholeIntervals(last.GetProperty("startsAt").GetDateTimeOffset(), last.GetProperty("endsAt").GetDateTimeOffset(), TimeSpan.FromSeconds(1));
                }
            }

            await UntilAsync(() => Task.FromResult(LastTold(hook, name, "Kept a").GetProperty("status").GetString() == "firing"));
            Assert.DoesNotContain(hook.ToldBy(name), alert => AlertingServer.KeyOf(alert.GetProperty("labels")).Split(' ')[0] is "Waiting" or "Muted");
        }

        Assert.Equal(0, await shared.GetMetricAsync("alertmanager_alerts_invalid_total{version=\"v2\"}"));
    }

    /// <summary>Waits until these alerts, and no others, are shown alike by all Alertmanagers. Returns since when they are active, server by server.</summary>
    private static async Task<Dictionary<string, DateTimeOffset>[]> WhenFiringAsync(AlertingServer[] servers, RealAlertmanager shared, params string[] keys)
    {
        var shown = new SortedDictionary<string, string>[3];
        RealAlertmanager[] alertmanagers = [.. servers.Select(server => server.Alertmanager), shared];
        await UntilAsync(
            async () =>
            {
                for (int i = 0; i < 3; i++)
                {
                    shown[i] = await ShownAsync(alertmanagers[i]);
                }

                return shown.All(alerts => alerts.Keys.SequenceEqual(keys) && alerts.Values.SequenceEqual(shown[0].Values));
            },
            () => string.Join("\n\n", shown.Select(alerts => string.Join("\n", alerts.Values))));
        return [await servers[0].GetActiveSinceAsync("firing"), await servers[1].GetActiveSinceAsync("firing")];
    }

    private static async Task<Dictionary<string, DateTimeOffset>[]> AssertGoOnAsync(
        AlertingServer[] servers, RealAlertmanager shared, string[] keys, Dictionary<string, DateTimeOffset>[] before)
    {
        foreach (AlertingServer server in servers)
        {
            await UntilAsync(async () => (await server.GetActiveSinceAsync("firing")).Keys.Where(key => !key.StartsWith("Muted", StringComparison.Ordinal)).Order().SequenceEqual(keys));
        }

        Dictionary<string, DateTimeOffset>[] after = await WhenFiringAsync(servers, shared, keys);
        for (int i = 0; i < 2; i++)
        {
            foreach (string key in (string[])["Low a", "Low b"])
            {
                // The series that remembers it has whole seconds.
                Assert.Equal((servers[i].Name, key, before[i][key].ToUnixTimeSeconds()), (servers[i].Name, key, after[i][key].ToUnixTimeSeconds()));
            }

            // A rule with a shorter time to hold than the grace period begins anew.
            Assert.True(after[i]["Kept a"] > servers[i].StartedAt, servers[i].Name);
        }

        return after;
    }

    /// <summary>Alerts begin and end at times of evaluations, after the time that the rule asks for, and are valid for four resend delays.</summary>
    private static async Task AssertTimesAsync(AlertingServer server, Dictionary<string, DateTimeOffset> since)
    {
        foreach (JsonElement alert in await server.Alertmanager.GetAllAlertsAsync())
        {
            string key = AlertingServer.KeyOf(alert.GetProperty("labels"));
            DateTimeOffset startsAt = alert.GetProperty("startsAt").GetDateTimeOffset();
            TimeSpan hold = TimeSpan.FromSeconds(key.StartsWith("Low", StringComparison.Ordinal) ? 2 : 0);
            AssertWholeIntervals(DateTimeOffset.FromUnixTimeMilliseconds(since[key].ToUnixTimeMilliseconds()), startsAt, hold);
            AssertWholeIntervals(startsAt, alert.GetProperty("endsAt").GetDateTimeOffset(), s_validity);
        }
    }

    private static void AssertWholeIntervals(DateTimeOffset from, DateTimeOffset to, TimeSpan atLeast)
    {
        Assert.True(to - from >= atLeast, $"{from:O} to {to:O} is less than {atLeast}");
        Assert.Equal(0, (to - from).Ticks % s_interval.Ticks);
    }

    /// <summary>What an Alertmanager shows, without times, by name and tank. Two alerts of one name about one tank would be no key.</summary>
    private static async Task<SortedDictionary<string, string>> ShownAsync(RealAlertmanager alertmanager)
    {
        var shown = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement alert in await alertmanager.GetAllAlertsAsync())
        {
            shown.Add(AlertingServer.KeyOf(alert.GetProperty("labels")), string.Join(
                ' ', ((string[])["labels", "annotations", "generatorURL", "status", "fingerprint"]).Select(name => alert.GetProperty(name).GetRawText())));
        }

        return shown;
    }

    private static JsonElement LastTold(WebhookReceiver hook, string name, string key) =>
        hook.ToldBy(name).LastOrDefault(alert => AlertingServer.KeyOf(alert.GetProperty("labels")) == key);

    private static string Levels(double a, double b, double c) => FormattableString.Invariant($"level{{tank=\"a\"}} {a}\nlevel{{tank=\"b\"}} {b}\nlevel{{tank=\"c\"}} {c}\n");

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string>? explain = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail("What was waited for did not come: " + explain?.Invoke());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
