using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Notifications.Tests.Doubles;

/// <summary>A notifier over <see cref="FakeAlertmanagers"/>, with what it counts and logs.</summary>
internal sealed class RunningNotifier : IAsyncDisposable
{
    public RunningNotifier(Func<NotifierOptions, NotifierOptions>? adapt = null, TimeProvider? time = null)
    {
        var options = new NotifierOptions { CreateClient = _ => new HttpClient(Servers) { Timeout = Timeout.InfiniteTimeSpan } };
        Manager = new NotifierManager(adapt is null ? options : adapt(options), Metrics, time ?? TimeProvider.System, new RecordingLogger(Log));
    }

    public FakeAlertmanagers Servers { get; } = new();

    public MetricRegistry Metrics { get; } = new();

    public List<string> Log { get; } = [];

    public string LogText
    {
        get
        {
            lock (Log)
            {
                return string.Join('\n', Log);
            }
        }
    }

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

    /// <summary>The value of a metric; null if it is not there.</summary>
    public double? Metric(string name, string? alertmanager = null)
    {
        var sink = new FindingSink(name, alertmanager);
        Metrics.Collect(sink);
        return sink.Found;
    }

    public ValueTask DisposeAsync() => Manager.DisposeAsync();

    private sealed class FindingSink(string name, string? alertmanager) : IMetricSink
    {
        private string _family = "";

        public double? Found { get; private set; }

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_family == name && (alertmanager is null ? labelValues.IsEmpty : labelValues.Length == 1 && labelValues[0] == alertmanager))
            {
                Found = value;
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading) => Value(labelValues, reading.CumulativeCounts[^1]);

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Value(labelValues, reading.Count);
    }

    private sealed class RecordingLogger(List<string> lines) : ILogger<NotifierManager>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add(formatter(state, exception));
            }
        }
    }
}
