using Narthex.Model;

namespace Narthex.Rules;

/// <summary>An alert: one label set for which the expression of an alerting rule holds, or held not long ago.</summary>
public sealed record Alert
{
    /// <summary>What identifies it: the labels of the sample, overlaid with those of the rule, and <c>alertname</c>.</summary>
    public Labels Labels { get; init; }

    /// <summary>The expanded annotations, those with empty values among them.</summary>
    public Labels Annotations { get; init; }

    /// <summary>Where it is in its life.</summary>
    public AlertState State { get; init; }

    /// <summary>The value of the expression when it last held.</summary>
    public double Value { get; init; }

    /// <summary>Since when the expression has held.</summary>
    public DateTimeOffset ActiveAt { get; init; }

    /// <summary>Since when it fires; null if it does not yet.</summary>
    public DateTimeOffset? FiredAt { get; init; }

    /// <summary>When it ended; null if it has not.</summary>
    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>When it was last sent; null if it never was.</summary>
    public DateTimeOffset? LastSentAt { get; init; }

    /// <summary>Until when it holds if nobody repeats it: what receivers are told with it.</summary>
    public DateTimeOffset ValidUntil { get; init; }

    /// <summary>Since when it only fires because of <c>keep_firing_for</c>; null if the expression holds.</summary>
    public DateTimeOffset? KeepFiringSince { get; init; }
}
