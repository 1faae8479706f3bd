using Narthex.Model;

namespace Narthex.Notifications;

/// <summary>An alert as Alertmanagers are told of it.</summary>
/// <param name="Labels">What identifies it, without the server's external labels: the notifier adds them.</param>
/// <param name="Annotations">What people read about it.</param>
/// <param name="StartsAt">Since when it fires.</param>
/// <param name="EndsAt">When it ended, or until when it holds if nobody repeats it.</param>
/// <param name="GeneratorUrl">Where its expression can be looked at.</param>
public sealed record AlertNotification(
    Labels Labels, Labels Annotations, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string GeneratorUrl);

/// <summary>Takes alerts on their way to Alertmanagers. Never waits: what does not fit is dropped, oldest first, and counted.</summary>
public interface INotifier
{
    /// <summary>Queues alerts for every Alertmanager.</summary>
    void Send(IReadOnlyList<AlertNotification> alerts);
}
