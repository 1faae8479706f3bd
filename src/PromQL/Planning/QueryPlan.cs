namespace Narthex.PromQL.Planning;

/// <summary>A node of the tree that <c>explain</c> and <c>analyze</c> show: one step of what the engine does.</summary>
/// <param name="Name">The kind of node, such as <c>select</c>, <c>call</c> or <c>aggregate</c>.</param>
/// <param name="Details">What exactly, for people: matchers, window, grouping and the like.</param>
/// <param name="StartMs">The first evaluation time, in milliseconds since the Unix epoch.</param>
/// <param name="StepMs">The distance between evaluation times; 0 if there is only one.</param>
/// <param name="Steps">The number of evaluation times.</param>
/// <param name="Children">What it is computed of.</param>
public sealed record QueryPlan(string Name, string Details, long StartMs, long StepMs, int Steps, IReadOnlyList<QueryPlan> Children)
{
    /// <summary>Nodes with the same number are one part of the query, which is computed once; null if it stands in one place only.</summary>
    public int? Shared { get; init; }

    /// <summary>What it cost when the query ran; null if it did not run.</summary>
    public NodeCost? Cost { get; init; }
}
