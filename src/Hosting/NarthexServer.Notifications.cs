using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Model;
using Narthex.Notifications;
using Narthex.Web.Live;

namespace Narthex.Hosting;

// Alerts on their way to Alertmanagers, and what the UI tells people about the server.
public sealed partial class NarthexServer
{
    private readonly LiveNotifications _live;
    private readonly NotifierManager _notifier;

    /// <summary>Takes alerts for all Alertmanagers of the configuration: those of the rules, and those of a host that has its own.</summary>
    public INotifier Notifier => _notifier;

    private NotifierManager MakeNotifier(ILoggerFactory loggers) => new(
        new NotifierOptions
        {
            QueueCapacity = _options.NotificationQueueCapacity,
            BatchSize = _options.NotificationBatchSize,
            DrainOnStop = _options.DrainNotificationQueueOnShutdown,
            CreateClient = _parts.CreateAlertmanagerClient,
        },
        _metrics,
        _time,
        loggers.CreateLogger<NotifierManager>());

    // The notifier first: it has to know the entries by the time that discovery names them.
    private void ApplyNotifications(PrometheusConfig configuration)
    {
        _notifier.ApplyConfig(configuration.Alerting, configuration.Global.ExternalLabels);
        _parts.AlertmanagerDiscovery.ApplyConfig(NotifierManager.GetDiscovery(configuration.Alerting));
    }

    private async Task TakeAlertmanagersAsync()
    {
        try
        {
            await foreach (IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> targets in _parts.AlertmanagerDiscovery.Updates.ReadAllAsync(_stopping.Token))
            {
                _notifier.ApplyTargets(targets);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            // A server whose alerts go nowhere must not look alive: end it, and let it be started anew.
            ServerLog.AlertmanagersFailed(_logger, e);
            _completion.TrySetException(e);
        }
    }

    // Behind the rules, whose last alerts are still to be sent.
    private async Task StopNotificationsAsync(bool wasReady)
    {
        LogIf(wasReady, ServerLog.NotifierStopping);
        await _notifier.DisposeAsync();
        LogIf(wasReady, ServerLog.NotifierStopped);
    }
}
