namespace Narthex.Rules;

/// <summary>How the last evaluation of a rule went.</summary>
public enum RuleHealth : byte
{
    /// <summary>There was none yet.</summary>
    Unknown,

    /// <summary>It worked.</summary>
    Good,

    /// <summary>It failed: see <see cref="Rule.LastError"/>.</summary>
    Bad,
}
