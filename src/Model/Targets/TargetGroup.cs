namespace Narthex.Model;

/// <summary>Targets that discovery found together, with the labels they share.</summary>
/// <remarks>Immutable. A later group of the same <see cref="Source"/> replaces it whole; an empty one removes it.</remarks>
public sealed class TargetGroup
{
    /// <summary>Names the group within its provider.</summary>
    public required string Source { get; init; }

    /// <summary>One label set for each target; <c>__address__</c> among them.</summary>
    public IReadOnlyList<Labels> Targets { get; init; } = [];

    /// <summary>Labels of all targets of the group; a target's own win.</summary>
    public Labels Labels { get; init; }
}
