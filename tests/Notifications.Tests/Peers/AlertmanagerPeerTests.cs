using System.Text.Json;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Notifications.Tests.Doubles;
using Narthex.Tests;

namespace Narthex.Notifications.Tests.Peers;

/// <summary>What the real Alertmanager makes of our alerts.</summary>
public sealed class AlertmanagerPeerTests
{
    [PeerFact]
    public async Task It_shows_an_alert_as_it_was_meant_and_takes_it_for_resolved_at_its_end()
    {
        await using RealAlertmanager alertmanager = await RealAlertmanager.StartAsync();
        await using Sender sender = new(alertmanager.Address);
        DateTimeOffset start = Now().AddMinutes(-5);
        var alert = new AlertNotification(
            Labels.FromStrings("alertname", "Äpfel", "quote", "a\"b\\c<d>&\u2028\t", "severity", "page"),
            new LabelsBuilder().Add("summary"u8, "<b>ü</b>\nsecond"u8).Add("empty"u8, ""u8).ToLabelsWithEmpty(),
            start,
            Now().AddMinutes(4),
            "http://vm:9090/graph?g0.expr=vector%281%29&g0.tab=1");
        sender.Notifier.Send([alert]);
        await RealAlertmanager.UntilAsync(async () => (await alertmanager.GetAlertsAsync()).Count == 1);
        JsonElement shown = (await alertmanager.GetAlertsAsync())["Äpfel"];
        Assert.Equal("""{"alertname":"Äpfel","quote":"a\"b\\c<d>&\u2028\t","region":"eu","severity":"page"}""", Normal(shown.GetProperty("labels")));
        Assert.Equal("""{"empty":"","summary":"<b>ü</b>\nsecond"}""", Normal(shown.GetProperty("annotations")));
        Assert.Equal(alert.GeneratorUrl, shown.GetProperty("generatorURL").GetString());
        Assert.Equal(start, shown.GetProperty("startsAt").GetDateTimeOffset());
        Assert.Equal(alert.EndsAt, shown.GetProperty("endsAt").GetDateTimeOffset());
        Assert.Equal(1, sender.Metrics("prometheus_notifications_sent_total"));

        sender.Notifier.Send([alert with { EndsAt = Now().AddSeconds(-1) }]);
        await RealAlertmanager.UntilAsync(async () => (await alertmanager.GetAlertsAsync()).Count == 0);
        Assert.Equal(1, await alertmanager.GetMetricAsync("alertmanager_alerts_received_total{status=\"resolved\",version=\"v2\"}"));
        Assert.Equal(0, await alertmanager.GetMetricAsync("alertmanager_alerts_invalid_total{version=\"v2\"}"));
    }

    [PeerFact]
    public async Task It_may_go_and_come_back()
    {
        await using RealAlertmanager alertmanager = await RealAlertmanager.StartAsync();
        await using Sender sender = new(alertmanager.Address);
        sender.Notifier.Send([Firing("before")]);
        await RealAlertmanager.UntilAsync(async () => (await alertmanager.GetAlertsAsync()).ContainsKey("before"));

        await alertmanager.KillAsync();
        sender.Notifier.Send([Firing("lost")]);
        await RealAlertmanager.UntilAsync(() => Task.FromResult(sender.Metrics("prometheus_notifications_errors_total") == 1));
        Assert.Contains(sender.Log, line => line.Contains($"connect: connection refused", StringComparison.Ordinal));

        await alertmanager.StartAgainAsync();
        sender.Notifier.Send([Firing("after")]);
        await RealAlertmanager.UntilAsync(async () => (await alertmanager.GetAlertsAsync()).ContainsKey("after"));
        Assert.Equal(1, sender.Metrics("prometheus_notifications_dropped_total"));
        Assert.Equal(2, sender.Metrics("prometheus_notifications_sent_total"));
    }

    [PeerFact]
    public async Task Two_servers_that_differ_in_a_dropped_replica_label_are_one_source()
    {
        await using RealAlertmanager alertmanager = await RealAlertmanager.StartAsync();
        await using Sender one = new(alertmanager.Address, "1");
        await using Sender two = new(alertmanager.Address, "2");
        one.Notifier.Send([Firing("shared"), Firing("only-one")]);
        two.Notifier.Send([Firing("shared")]);
        await RealAlertmanager.UntilAsync(() => Task.FromResult(
            one.Metrics("prometheus_notifications_sent_total") == 2 && two.Metrics("prometheus_notifications_sent_total") == 1));

        // The names are keys: a second alert of one name would fail the test.
        Assert.Equal(["only-one", "shared"], (await alertmanager.GetAlertsAsync()).Keys.Order(StringComparer.Ordinal));
    }

    [PeerFact]
    public async Task A_full_queue_is_drained_in_batches_at_the_end()
    {
        await using RealAlertmanager alertmanager = await RealAlertmanager.StartAsync();
        Sender sender = new(alertmanager.Address);
        sender.Notifier.Send([.. Enumerable.Range(0, 1000).Select(i => Firing("a" + i))]);
        await sender.DisposeAsync();
        Assert.Equal(1000, (await alertmanager.GetAlertsAsync()).Count);
    }

    private static DateTimeOffset Now()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    private static AlertNotification Firing(string name) =>
        new(Labels.FromStrings("alertname", name), Labels.Empty, Now().AddMinutes(-1), Now().AddMinutes(4), "http://vm:9090/graph");

    private static string Normal(JsonElement map) => "{" + string.Join(',', map.EnumerateObject().OrderBy(entry => entry.Name, StringComparer.Ordinal)
        .Select(entry => $"\"{entry.Name}\":\"{entry.Value.GetString()!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\u2028", "\\u2028", StringComparison.Ordinal)}\"")) + "}";

    /// <summary>A server's notifier over real HTTP, whose replica label is dropped on the way, as users configure it.</summary>
    private sealed class Sender : IAsyncDisposable
    {
        private readonly MetricRegistry _metrics = new();
        private readonly string _url;
        private readonly RecordingLogger _logger = new();

        public Sender(string address, string replica = "1")
        {
            _url = $"http://{address}/api/v2/alerts";
            var clients = new HttpClientFactory();
            Manager = new NotifierManager(
                new NotifierOptions { CreateClient = config => clients.Create(config.HttpClient) }, _metrics, TimeProvider.System, _logger);
            var config = new AlertingConfig
            {
                AlertRelabelConfigs = new[] { new RelabelConfig { Regex = RelabelRegex.Parse("replica"), Action = RelabelAction.LabelDrop } }.ToEquatableList(),
                Alertmanagers = new[] { new AlertmanagerConfig() }.ToEquatableList(),
            };
            Manager.ApplyConfig(config, Labels.FromStrings("region", "eu", "replica", replica));
            Manager.ApplyTargets(new Dictionary<string, IReadOnlyList<TargetGroup>> { ["config-0"] = [RunningNotifier.Group(address)] });
        }

        public INotifier Notifier => Manager;

        public IReadOnlyList<string> Log => _logger.Lines;

        private NotifierManager Manager { get; }

        public double Metrics(string name) => MetricReader.Read(_metrics, name, _url) ?? 0;

        public ValueTask DisposeAsync() => Manager.DisposeAsync();
    }
}
