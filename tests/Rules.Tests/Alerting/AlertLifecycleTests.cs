using Narthex.Rules.Alerting;

namespace Narthex.Rules.Tests.Alerting;

/// <summary>The rules of Prometheus' alert generator specification.</summary>
public sealed class AlertLifecycleTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch.AddHours(1);

    private static Alert Pending => new() { State = AlertState.Pending, ActiveAt = s_start };

    [Theory]
    [InlineData(59, AlertState.Pending)]
    [InlineData(60, AlertState.Firing)]
    public void It_fires_once_it_has_held_for_as_long_as_the_rule_asks(int seconds, AlertState expected)
    {
        Alert? alert = Advance(Pending, holds: true, seconds, hold: 60);
        Assert.Equal(expected, alert!.State);
        Assert.Equal(expected == AlertState.Firing ? s_start.AddSeconds(seconds) : null, alert.FiredAt);
    }

    [Fact]
    public void Without_a_time_to_hold_it_fires_at_once() => Assert.Equal(AlertState.Firing, Advance(Pending, holds: true, 0, hold: 0)!.State);

    [Fact]
    public void A_pending_alert_that_does_not_hold_is_forgotten() => Assert.Null(Advance(Pending, holds: false, 10, hold: 60));

    [Fact]
    public void A_firing_alert_that_does_not_hold_is_resolved_and_remembered_for_a_quarter_of_an_hour()
    {
        Alert resolved = Advance(Advance(Pending, true, 0, 0)!, holds: false, 30, hold: 0)!;
        Assert.Equal((AlertState.Inactive, s_start.AddSeconds(30)), (resolved.State, resolved.ResolvedAt));
        Alert later = Advance(resolved, holds: false, 30 + 900, hold: 0)!;
        Assert.Equal(s_start.AddSeconds(30), later.ResolvedAt);
        Assert.Null(Advance(later, holds: false, 30 + 901, hold: 0));
    }

    [Fact]
    public void It_keeps_firing_for_a_while_if_the_rule_says_so()
    {
        Alert firing = Advance(Pending, true, 0, 0)!;
        Alert kept = Advance(firing, holds: false, 10, hold: 0, keep: 60)!;
        Assert.Equal((AlertState.Firing, s_start.AddSeconds(10)), (kept.State, kept.KeepFiringSince));
        Assert.Equal(AlertState.Firing, Advance(kept, holds: false, 69, hold: 0, keep: 60)!.State);
        Assert.Equal(AlertState.Inactive, Advance(kept, holds: false, 70, hold: 0, keep: 60)!.State);
        Assert.Null(Advance(kept, holds: true, 20, hold: 0, keep: 60)!.KeepFiringSince);
    }

    [Fact]
    public void Receivers_are_told_again_after_the_resend_delay_and_at_once_of_the_end()
    {
        TimeSpan delay = TimeSpan.FromSeconds(60);
        Alert firing = Advance(Pending, true, 0, 0)!;
        Assert.False(AlertLifecycle.NeedsSending(Pending, s_start, delay));
        Assert.True(AlertLifecycle.NeedsSending(firing, s_start, delay));
        Alert sent = AlertLifecycle.Send(firing, s_start, TimeSpan.FromSeconds(15), delay);
        Assert.False(AlertLifecycle.NeedsSending(sent, s_start.AddSeconds(60), delay));
        Assert.True(AlertLifecycle.NeedsSending(sent, s_start.AddSeconds(61), delay));
        Assert.True(AlertLifecycle.NeedsSending(Advance(sent, holds: false, 15, hold: 0)!, s_start.AddSeconds(15), delay));
    }

    [Theory]
    [InlineData(15, 60, 240)]
    [InlineData(300, 60, 1200)]
    public void An_alert_is_valid_for_four_times_the_longer_of_interval_and_resend_delay(int interval, int delay, int expected)
    {
        Alert sent = AlertLifecycle.Send(Pending, s_start, TimeSpan.FromSeconds(interval), TimeSpan.FromSeconds(delay));
        Assert.Equal(s_start.AddSeconds(expected), sent.ValidUntil);
    }

    // hold 30 minutes, grace 10 minutes; the server was down for 5 minutes.
    [Theory]
    [InlineData(35, -35)] // It was firing: it does so again with the next evaluation.
    [InlineData(25, -15)] // 5 minutes were left: 10 minutes are left now, as nobody could be told in between.
    [InlineData(10, -5)] // 20 minutes were left, and still are.
    public void After_a_restart_the_time_that_is_left_is_kept_but_not_below_the_grace_period(int activeMinutesBefore, int expectedMinutes)
    {
        DateTimeOffset now = s_start;
        DateTimeOffset downAt = now.AddMinutes(-5);
        DateTimeOffset activeAt = downAt.AddMinutes(-activeMinutesBefore);
        DateTimeOffset restored = AlertLifecycle.Restore(activeAt, downAt, now, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(10));
        Assert.Equal(activeMinutesBefore == 35 ? activeAt : activeMinutesBefore == 25 ? now.AddMinutes(10 - 30) : activeAt.AddMinutes(5), restored);
        Assert.True(restored <= now.AddMinutes(expectedMinutes), "It must not wait longer than it had to.");
    }

    private static Alert? Advance(Alert alert, bool holds, int seconds, int hold, int keep = 0) =>
        AlertLifecycle.Advance(alert, holds, s_start.AddSeconds(seconds), TimeSpan.FromSeconds(hold), TimeSpan.FromSeconds(keep), out _);
}
