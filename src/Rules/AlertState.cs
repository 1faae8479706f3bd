namespace Narthex.Rules;

/// <summary>Where an alert is in its life. Larger is worse: a rule's state is that of its worst alert.</summary>
public enum AlertState : byte
{
    /// <summary>The rule has not been evaluated yet.</summary>
    Unknown,

    /// <summary>Its expression does not hold, or not any more.</summary>
    Inactive,

    /// <summary>Its expression holds, but not yet for as long as the rule asks for.</summary>
    Pending,

    /// <summary>Its expression has held for long enough: people are told.</summary>
    Firing,
}
