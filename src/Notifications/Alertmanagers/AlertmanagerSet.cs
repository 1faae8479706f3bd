using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Model;
using Narthex.Notifications.Sending;

namespace Narthex.Notifications.Alertmanagers;

/// <summary>The Alertmanagers of one entry of <c>alertmanagers</c>: all get the same alerts, over one client, each at its own pace.</summary>
/// <remarks>Changed under the manager's lock; alerts may be added from any thread at any time.</remarks>
internal sealed class AlertmanagerSet
{
    private readonly NotifierOptions _options;
    private readonly NotificationMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpClient _client;
    private volatile SendLoop[] _loops = [];

    /// <exception cref="Narthex.HttpClients.HttpClientConfigException">The client's settings cannot be used.</exception>
    public AlertmanagerSet(AlertmanagerConfig config, NotifierOptions options, NotificationMetrics metrics, TimeProvider time, ILogger logger)
    {
        Config = config;
        _options = options;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _client = options.CreateClient(config);
    }

    public AlertmanagerConfig Config { get; }

    public AlertmanagerTargets Targets { get; private set; } = AlertmanagerTargets.None;

    /// <summary>Queues alerts for each of them, after the relabelling of this set.</summary>
    public void Add(IReadOnlyList<AlertNotification> alerts)
    {
        IReadOnlyList<AlertNotification> relabelled = AlertRelabelling.Apply(Config.AlertRelabelConfigs, Labels.Empty, alerts);
        if (relabelled.Count == 0)
        {
            return;
        }

        foreach (SendLoop loop in _loops)
        {
            loop.Add(relabelled);
        }
    }

    /// <summary>Brings the set up to what discovery found. The tasks that it adds end when the queues of those that are gone do.</summary>
    public void Synchronise(IReadOnlyList<TargetGroup> groups, List<Task> ending)
    {
        Targets = AlertmanagerTargets.From(Config, groups);
        foreach (string fault in Targets.Faults)
        {
            NotificationLog.TargetFailed(_logger, fault);
        }

        Dictionary<string, SendLoop> former = _loops.ToDictionary(loop => loop.Url, StringComparer.Ordinal);
        var next = new List<SendLoop>(Targets.Active.Count);
        foreach (string url in Targets.Active)
        {
            next.Add(former.Remove(url, out SendLoop? loop) ? loop : Start(url));
        }

        _loops = [.. next];
        ending.AddRange(former.Values.Select(loop => loop.StopAsync(_options.DrainOnStop)));
    }

    /// <summary>Ends it: all queues are emptied at the same time.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAll(_loops.Select(loop => loop.StopAsync(_options.DrainOnStop)));
        _client.Dispose();
    }

    private SendLoop Start(string url) =>
        new(url, new AlertClient(_client, url, Config.Timeout, _time), _options, _metrics, _time, _logger);
}
