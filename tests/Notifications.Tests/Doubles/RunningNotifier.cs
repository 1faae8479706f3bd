using Narthex.Configuration;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Notifications.Tests.Doubles;

/// <summary>A notifier over <see cref="FakeAlertmanagers"/>, with what it counts and logs.</summary>
internal sealed class RunningNotifier : IAsyncDisposable
{
    private readonly RecordingLogger _logger = new();

    public RunningNotifier(Func<NotifierOptions, NotifierOptions>? adapt = null, TimeProvider? time = null)
    {
        var options = new NotifierOptions { CreateClient = _ => new HttpClient(Servers) { Timeout = Timeout.InfiniteTimeSpan } };
        Manager = new NotifierManager(adapt is null ? options : adapt(options), Metrics, time ?? TimeProvider.System, _logger);
    }

    public FakeAlertmanagers Servers { get; } = new();

    public MetricRegistry Metrics { get; } = new();

    public IReadOnlyList<string> Log => _logger.Lines;

    public string LogText => string.Join('\n', _logger.Lines);

    public NotifierManager Manager { get; }

    /// <summary>One entry with these addresses, found at once.</summary>
    public void Use(params string[] addresses) => Use(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig() }.ToEquatableList() }, addresses);

    public void Use(AlertingConfig config, params string[][] addressesOfEntries)
    {
        Manager.ApplyConfig(config, Labels.Empty);
        Find(addressesOfEntries);
    }

    public void Use(AlertingConfig config, params string[] addresses) => Use(config, [addresses]);

    public void Find(params string[][] addressesOfEntries) => Manager.ApplyTargets(addressesOfEntries
        .Select((addresses, index) => ("config-" + index, Groups: (IReadOnlyList<TargetGroup>)[Group(addresses)]))
        .ToDictionary(entry => entry.Item1, entry => entry.Groups));

    public static TargetGroup Group(params string[] addresses) =>
        new() { Source = "test", Targets = [.. addresses.Select(address => Labels.FromStrings("__address__", address))] };

    public static AlertNotification Alert(string name, params string[] labels) => new(
        Labels.FromStrings(["alertname", name, .. labels]), Labels.Empty, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddMinutes(4), "");

    public static AlertNotification[] Alerts(int count, string prefix = "a") => [.. Enumerable.Range(0, count).Select(i => Alert($"{prefix}{i}"))];

    /// <summary>The value of a metric, or how many it observed; null if it is not there.</summary>
    public double? Metric(string name, string? alertmanager = null) => MetricReader.Read(Metrics, name, alertmanager);

    public ValueTask DisposeAsync() => Manager.DisposeAsync();
}
