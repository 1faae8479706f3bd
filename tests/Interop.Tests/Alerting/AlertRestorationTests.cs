using System.Net;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Alerting;

/// <summary>After a kill, both servers know since when alerts had been active, within the limits that the flags set.</summary>
public sealed class AlertRestorationTests
{
    // What each alert's series said last before the server was killed: when that was, and since when the alert had been active then; in minutes ago.
    private static readonly Case[] s_cases =
    [
        new("Fired", "20m", Down: 10, Active: 35, SinceNow: 35, IsExact: true),
        new("Long", "20m", Down: 10, Active: 15, SinceNow: 5), // 15 minutes are left.
        new("Late", "20m", Down: 10, Active: 25, SinceNow: 10), // 5 minutes were left: that is less than the grace period of 10.
        new("Brief", "5m", Down: 10, Active: 35, SinceNow: 0), // Its time is shorter than the grace period.
        new("Forgotten", "20m", Down: 40, Active: 45, SinceNow: 0), // The server was down for longer than the tolerance of 30 minutes.
        new("Over", "20m", Down: 10, Active: 35, SinceNow: 0, IsOver: true),
        new("Unknown", "20m", Down: null, Active: 0, SinceNow: 0),
    ];

    [PeerTheory]
    [InlineData("ours")]
    [InlineData("real")]
    public async Task After_a_kill_alerts_go_on_within_outage_tolerance_and_grace_period(string name)
    {
        string path = name == "ours" ? ServerProcess.NarthexPath : RepositoryPaths.Peers + "/prometheus";
        using var directory = new TemporaryDirectory();
        string silent = directory.Write("silent.yml", "global: {}\n");
        string config = directory.Write("prometheus.yml", "global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n");
        directory.Write("rules.yml", "groups: [{name: g, rules: [" + string.Join(
            ", ", s_cases.Select(one => $"{{alert: {one.Name}, expr: level == 1, for: {one.For}, labels: {{severity: page}}}}")) + "]}]");
        DateTimeOffset written = TimeProvider.System.GetUtcNow();
        using (ServerProcess before = await ServerProcess.StartPrometheusAsync(path, silent, directory.Combine("data"), "--web.enable-remote-write-receiver"))
        {
            foreach (Case one in s_cases.Where(one => one.Down is not null).OrderByDescending(one => one.Down))
            {
                await WriteAsync(before, one.SeriesAt(written));
            }

            // It is still seen when rules are evaluated first: alerts that come only after restoring are new ones.
            await WriteAsync(before, new([("__name__", "level"), ("job", "tanks")], [(written.ToUnixTimeMilliseconds(), 1)]));
            before.KillHard();
        }

        DateTimeOffset started = TimeProvider.System.GetUtcNow();
        using ServerProcess server = await ServerProcess.StartPrometheusAsync(
            path, config, directory.Combine("data"), "--rules.alert.for-outage-tolerance=30m", "--rules.alert.for-grace-period=10m");

        // As soon as there are series of them, alerts have been restored.
        await server.WaitForAsync("api/v1/query?query=count(ALERTS)", answer => answer.Contains($"\"{s_cases.Length}\"", StringComparison.Ordinal));
        string answer = await server.GetAsync("api/v1/alerts");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using JsonDocument alerts = JsonDocument.Parse(answer);
        Dictionary<string, JsonElement> shown = alerts.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
            .ToDictionary(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!);
        foreach (Case one in s_cases)
        {
            DateTimeOffset since = shown[one.Name].GetProperty("activeAt").GetDateTimeOffset();
            if (one.IsExact)
            {
                Assert.Equal(written.AddMinutes(-one.SinceNow).ToUnixTimeSeconds(), since.ToUnixTimeSeconds());
                await server.WaitForAsync($"api/v1/query?query=ALERTS{{alertname=\"{one.Name}\",alertstate=\"firing\"}}", found => found.Contains("firing", StringComparison.Ordinal));
                continue;
            }

            // It was restored at some time since the start. What is below a second is lost in the series.
            DateTimeOffset restored = since.AddMinutes(one.SinceNow);
            Assert.True(restored >= started.AddSeconds(-1) && restored <= now.AddSeconds(1), $"{one}: {restored:O} is not between {started:O} and {now:O}");
            Assert.Equal("pending", shown[one.Name].GetProperty("state").GetString());
        }
    }

    private static async Task WriteAsync(ServerProcess server, RemoteWriteClient.Series series)
    {
        (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, [series]);
        Assert.True(status == HttpStatusCode.NoContent, body);
    }

    private sealed record Case(string Name, string For, int? Down, int Active, int SinceNow, bool IsExact = false, bool IsOver = false)
    {
        public RemoteWriteClient.Series SeriesAt(DateTimeOffset now)
        {
            (string, string)[] labels =
            [
                ("__name__", "ALERTS_FOR_STATE"), ("alertname", Name), ("job", "tanks"), ("severity", "page"),
            ];
            long downMs = now.AddMinutes(-Down!.Value).ToUnixTimeMilliseconds();
            double active = now.AddMinutes(-Active).ToUnixTimeSeconds();
            double stale = BitConverter.UInt64BitsToDouble(0x7ff0000000000002);
            return new(labels, IsOver ? [(downMs - 1000, active), (downMs, stale)] : [(downMs, active)]);
        }
    }
}
