namespace Narthex.PromQL.Execution;

/// <summary>The evaluation times of a query or subquery: <see cref="StartMs"/>, and then every <see cref="StepMs"/>.</summary>
/// <param name="StartMs">The first time.</param>
/// <param name="StepMs">The distance between two; 0 if there is only one.</param>
/// <param name="Count">How many there are; 0 for a subquery whose range holds no step.</param>
internal readonly record struct StepGrid(long StartMs, long StepMs, int Count)
{
    /// <summary>The end that was asked for, which need not be a step.</summary>
    public long? AskedEndMs { get; init; }

    /// <summary>What <c>end()</c> means.</summary>
    public long EndMs => AskedEndMs ?? StartMs + ((Count - 1) * StepMs);

    public bool IsInstant => Count == 1;

    public static StepGrid Instant(long timestampMs) => new(timestampMs, 0, 1);

    public static StepGrid Between(long startMs, long endMs, long stepMs) =>
        startMs == endMs ? Instant(startMs)
        : endMs < startMs ? new StepGrid(startMs, stepMs, 0)
        : new StepGrid(startMs, stepMs, checked((int)((endMs - startMs) / stepMs) + 1));

    public long TimeAt(int step) => StartMs + (step * StepMs);
}

/// <summary>
/// Where a selector looks at each step of a grid: the reference times, shifted by the offset or all the same under an @ modifier.
/// </summary>
/// <param name="FirstMs">The reference time of the first step.</param>
/// <param name="StepMs">The distance between two; 0 under an @ modifier.</param>
/// <param name="Count">The number of steps.</param>
internal readonly record struct ReferenceTimes(long FirstMs, long StepMs, int Count)
{
    public long LastMs => FirstMs + (Math.Max(Count - 1, 0) * StepMs);

    public static ReferenceTimes Of(StepGrid grid, long offsetMs, long? atMs) =>
        atMs is { } fixedMs ? new(fixedMs - offsetMs, 0, grid.Count) : new(grid.StartMs - offsetMs, grid.StepMs, grid.Count);

    public long TimeAt(int step) => FirstMs + (step * StepMs);
}
