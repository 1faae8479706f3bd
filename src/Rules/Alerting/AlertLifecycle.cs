namespace Narthex.Rules.Alerting;

/// <summary>The life of an alert, as pure functions of what was and what is.</summary>
/// <remarks>The rules are upstream's: see the alerting documentation and the alert generator specification of Prometheus' compliance project.</remarks>
internal static class AlertLifecycle
{
    /// <summary>How long a resolved alert is remembered, so that receivers who missed it are told again.</summary>
    public static readonly TimeSpan ResolvedRetention = TimeSpan.FromMinutes(15);

    /// <summary>The alert after an evaluation.</summary>
    /// <param name="alert">What it was.</param>
    /// <param name="holds">Whether the expression holds for it now.</param>
    /// <param name="now">The time of the evaluation.</param>
    /// <param name="hold">How long the expression must have held before it fires.</param>
    /// <param name="keepFiring">How long it goes on firing when the expression does not hold any more.</param>
    /// <param name="isActive">Whether it is pending or firing: then it has samples.</param>
    /// <returns>What it is; null if it is forgotten.</returns>
    public static Alert? Advance(Alert alert, bool holds, DateTimeOffset now, TimeSpan hold, TimeSpan keepFiring, out bool isActive)
    {
        isActive = holds;
        if (holds)
        {
            alert = alert.KeepFiringSince is null ? alert : alert with { KeepFiringSince = null };
        }
        else
        {
            if (alert.State == AlertState.Firing && keepFiring > TimeSpan.Zero)
            {
                alert = alert with { KeepFiringSince = alert.KeepFiringSince ?? now };
                isActive = now - alert.KeepFiringSince.Value < keepFiring;
            }

            if (!isActive)
            {
                return End(alert, now);
            }
        }

        return alert.State == AlertState.Pending && now - alert.ActiveAt >= hold
            ? alert with { State = AlertState.Firing, FiredAt = now }
            : alert;
    }

    /// <summary>Whether receivers should be told of the alert now. What was sent in the future was sent before the clock was set back.</summary>
    public static bool NeedsSending(Alert alert, DateTimeOffset now, TimeSpan resendDelay) =>
        alert.State != AlertState.Pending
        && (alert.LastSentAt is not { } sent || alert.ResolvedAt > sent || sent + resendDelay < now || sent > now);

    /// <summary>The alert as it is sent now. It stays valid for a few evaluations, so that one that fails does not resolve it.</summary>
    public static Alert Send(Alert alert, DateTimeOffset now, TimeSpan interval, TimeSpan resendDelay) => alert with
    {
        LastSentAt = now,
        ValidUntil = now + (4 * (interval > resendDelay ? interval : resendDelay)),
    };

    /// <summary>Since when an alert is active that was pending or firing before the server went down.</summary>
    /// <param name="activeAt">Since when it was active then.</param>
    /// <param name="downAt">When it was last seen.</param>
    /// <param name="now">The time.</param>
    /// <param name="hold">How long the expression must hold.</param>
    /// <param name="grace">The least time that an alert waits after a restart before it fires.</param>
    /// <returns>The new beginning. That of an alert whose time had passed is the old one, so that it fires with the next evaluation.</returns>
    public static DateTimeOffset Restore(DateTimeOffset activeAt, DateTimeOffset downAt, DateTimeOffset now, TimeSpan hold, TimeSpan grace)
    {
        TimeSpan remaining = hold - (downAt - activeAt);
        return remaining <= TimeSpan.Zero ? activeAt
            : remaining < grace ? now + grace - hold
            : activeAt + (now - downAt);
    }

    private static Alert? End(Alert alert, DateTimeOffset now)
    {
        if (alert.State == AlertState.Pending || (alert.ResolvedAt is { } resolved && now - resolved > ResolvedRetention))
        {
            return null;
        }

        return alert.State == AlertState.Inactive ? alert : alert with { State = AlertState.Inactive, ResolvedAt = now };
    }
}
