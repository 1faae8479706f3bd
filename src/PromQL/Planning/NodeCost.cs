namespace Narthex.PromQL.Planning;

/// <summary>What a node of a plan cost when its query ran.</summary>
/// <param name="Series">How many series it gave out.</param>
/// <param name="Samples">How many samples it gave out; of a range selector those that it read, before windows are laid over them.</param>
/// <param name="Time">How long it took, with what is below it.</param>
/// <param name="OwnTime">How long it took itself.</param>
/// <param name="PeakBytes">The most memory that it held at one time for samples, as the limits of a query count it. What is below it counts for itself.</param>
public sealed record NodeCost(long Series, long Samples, TimeSpan Time, TimeSpan OwnTime, long PeakBytes);
