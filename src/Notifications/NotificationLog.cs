using Microsoft.Extensions.Logging;

namespace Narthex.Notifications;

/// <summary>What the notifier logs. Users search logs for these texts: they are upstream's.</summary>
internal static partial class NotificationLog
{
    [LoggerMessage(5001, LogLevel.Error, "Error sending alerts {alertmanager} {count} {err}")]
    public static partial void SendingFailed(ILogger logger, string alertmanager, int count, string err);

    [LoggerMessage(5002, LogLevel.Warning, "Alert batch larger than queue capacity, dropping alerts {alertmanager} {count}")]
    public static partial void TooManyAtOnce(ILogger logger, string alertmanager, int count);

    [LoggerMessage(5003, LogLevel.Warning, "Alert notification queue full, dropping alerts {alertmanager} {count}")]
    public static partial void QueueFull(ILogger logger, string alertmanager, int count);

    [LoggerMessage(5004, LogLevel.Error, "Creating discovered Alertmanagers failed {err}")]
    public static partial void TargetFailed(ILogger logger, string err);

    [LoggerMessage(5005, LogLevel.Warning, "Alert notification queue not drained on shutdown, dropping alerts {alertmanager} {count}")]
    public static partial void NotDrained(ILogger logger, string alertmanager, int count);

    [LoggerMessage(5006, LogLevel.Warning, "Alertmanager does not answer in time, dropping the alerts that still wait for it {alertmanager} {count}")]
    public static partial void DrainGivenUp(ILogger logger, string alertmanager, int count);

    [LoggerMessage(5007, LogLevel.Error, "Cannot send alerts to the Alertmanagers of this entry {entry} {err}")]
    public static partial void SetFailed(ILogger logger, string entry, string err);

    [LoggerMessage(5008, LogLevel.Error, "Sending alerts ended by an unexpected error {alertmanager} {count}")]
    public static partial void SendingCrashed(ILogger logger, string alertmanager, int count, Exception error);
}
