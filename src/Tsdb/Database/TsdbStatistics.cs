namespace Narthex.Tsdb;

/// <summary>What <c>/api/v1/status/tsdb</c> tells about the head.</summary>
public sealed record TsdbStatistics
{
    /// <summary>The number of series.</summary>
    public required long SeriesCount { get; init; }

    /// <summary>The number of distinct label pairs.</summary>
    public required long LabelPairCount { get; init; }

    /// <summary>The number of chunks.</summary>
    public required long ChunkCount { get; init; }

    /// <summary>The oldest sample's time in milliseconds; <see cref="long.MaxValue"/> if there is none.</summary>
    public required long MinTimeMs { get; init; }

    /// <summary>The newest sample's time in milliseconds; <see cref="long.MinValue"/> if there is none.</summary>
    public required long MaxTimeMs { get; init; }

    /// <summary>The metric names with the most series, greatest first.</summary>
    public required IReadOnlyList<NamedNumber> SeriesCountByMetricName { get; init; }

    /// <summary>The label names with the most values, greatest first.</summary>
    public required IReadOnlyList<NamedNumber> LabelValueCountByLabelName { get; init; }

    /// <summary>The label names whose values are longest, summed over the series, greatest first.</summary>
    public required IReadOnlyList<NamedNumber> MemoryInBytesByLabelName { get; init; }

    /// <summary>The label pairs (<c>name=value</c>) with the most series, greatest first.</summary>
    public required IReadOnlyList<NamedNumber> SeriesCountByLabelValuePair { get; init; }
}

/// <summary>A name and what was counted for it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The number.</param>
public readonly record struct NamedNumber(string Name, long Value);

/// <summary>How far the replay of the log is, in segment numbers.</summary>
/// <param name="Min">The first segment.</param>
/// <param name="Max">The last segment.</param>
/// <param name="Current">The segment being read.</param>
public readonly record struct WalReplayProgress(int Min, int Max, int Current);
