using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Notifications.Alertmanagers;

namespace Narthex.Notifications;

/// <summary>Sends alerts to all Alertmanagers of the configuration. Configurations and targets come in from outside, alerts from the rules.</summary>
/// <remarks>Each Alertmanager has a queue and a task of its own: one that is slow or gone does not delay another.</remarks>
public sealed class NotifierManager : INotifier, IAlertmanagerSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly NotifierOptions _options;
    private readonly NotificationMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<Task> _ending = [];
    private volatile State _state = new([], [], Labels.Empty);
    private bool _isStopped;

    /// <summary>Makes a notifier without Alertmanagers.</summary>
    public NotifierManager(NotifierOptions options, MetricRegistry registry, TimeProvider time, ILogger<NotifierManager> logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _metrics = new NotificationMetrics(registry, options.QueueCapacity, () => _state.Entries.Sum(entry => entry.Set.Targets.Active.Count));
    }

    /// <summary>The service discovery of each entry, under the names by which <see cref="ApplyTargets"/> knows them again.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<SdConfig>> GetDiscovery(AlertingConfig config) => config.Alertmanagers
        .Select((entry, index) => (Name: NameOf(index), entry.ServiceDiscovery))
        .ToDictionary(entry => entry.Name, entry => (IReadOnlyList<SdConfig>)entry.ServiceDiscovery, StringComparer.Ordinal);

    /// <summary>Tells whether the clients of a configuration can be made, before anything of it is put into force.</summary>
    /// <exception cref="ConfigurationException">One cannot: a certificate is not there, or none.</exception>
    public void Check(AlertingConfig config)
    {
        HashSet<AlertmanagerConfig> running = [.. _state.Entries.Select(entry => entry.Set.Config)];
        foreach (AlertmanagerConfig entry in config.Alertmanagers.Where(entry => !running.Contains(entry)))
        {
            try
            {
                _options.CreateClient(entry).Dispose();
            }
            catch (Exception error) when (IsSettingFault(error))
            {
                throw new ConfigurationException(error.Message, error);
            }
        }
    }

    /// <summary>Goes over to a configuration. An entry that stayed as it is, wherever it stands now, keeps its Alertmanagers and what waits for them.</summary>
    /// <param name="config">The entries, and the relabelling of all alerts.</param>
    /// <param name="externalLabels">Labels that all alerts get that do not have them.</param>
    public void ApplyConfig(AlertingConfig config, Labels externalLabels)
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            ILookup<AlertmanagerConfig, AlertmanagerSet> former = _state.Entries.Select(entry => entry.Set).ToLookup(set => set.Config);
            var reused = new HashSet<AlertmanagerSet>();
            var next = new List<Entry>(config.Alertmanagers.Count);
            for (int i = 0; i < config.Alertmanagers.Count; i++)
            {
                AlertmanagerSet? set = former[config.Alertmanagers[i]].FirstOrDefault(set => !reused.Contains(set)) ?? TryMakeSet(NameOf(i), config.Alertmanagers[i]);
                if (set is not null)
                {
                    reused.Add(set);
                    next.Add(new Entry(NameOf(i), set));
                }
            }

            _ending.RemoveAll(task => task.IsCompleted);
            AlertmanagerSet[] gone = [.. _state.Entries.Select(entry => entry.Set).Where(set => !reused.Contains(set))];
            _state = new State(next, config.AlertRelabelConfigs, externalLabels);
            _ending.AddRange(gone.Select(set => set.StopAsync()));
        }
    }

    /// <summary>Brings the Alertmanagers up to what discovery found. Entries that the configuration does not have are passed over.</summary>
    public void ApplyTargets(IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> targets)
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _ending.RemoveAll(task => task.IsCompleted);
            foreach ((string name, AlertmanagerSet set) in _state.Entries)
            {
                if (targets.TryGetValue(name, out IReadOnlyList<TargetGroup>? groups))
                {
                    set.Synchronise(groups, _ending);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Send(IReadOnlyList<AlertNotification> alerts)
    {
        State state = _state;
        if (alerts.Count == 0 || state.Entries.Count == 0)
        {
            return;
        }

        IReadOnlyList<AlertNotification> relabelled = AlertRelabelling.Apply(state.RelabelConfigs, state.ExternalLabels, alerts);
        if (relabelled.Count == 0)
        {
            return;
        }

        foreach (Entry entry in state.Entries)
        {
            entry.Set.Add(relabelled);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> GetActiveAlertmanagers() => [.. _state.Entries.SelectMany(entry => entry.Set.Targets.Active)];

    /// <inheritdoc/>
    public IReadOnlyList<string> GetDroppedAlertmanagers() => [.. _state.Entries.SelectMany(entry => entry.Set.Targets.Dropped)];

    /// <summary>Stops. What waits is sent first, unless the options say otherwise; alerts that come later are passed over.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] ending;
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            ending = [.. _ending, .. _state.Entries.Select(entry => entry.Set.StopAsync())];
            _state = new State([], [], Labels.Empty);
        }

        await Task.WhenAll(ending);
    }

    private AlertmanagerSet? TryMakeSet(string name, AlertmanagerConfig config)
    {
        try
        {
            return new AlertmanagerSet(config, _options, _metrics, _time, _logger);
        }
        catch (Exception error) when (IsSettingFault(error))
        {
            // A certificate that was there a moment ago takes its own entry down, not the others.
            NotificationLog.SetFailed(_logger, name, error.Message);
            return null;
        }
    }

    private static bool IsSettingFault(Exception error) =>
        error is HttpClientConfigException or IOException or UnauthorizedAccessException or CryptographicException;

    private static string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"config-{index}");

    private sealed record State(IReadOnlyList<Entry> Entries, IReadOnlyList<RelabelConfig> RelabelConfigs, Labels ExternalLabels);

    private readonly record struct Entry(string Name, AlertmanagerSet Set);
}
