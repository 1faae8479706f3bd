namespace Narthex.PromQL;

/// <summary>The limits and switches of a <see cref="QueryEngine"/>.</summary>
public sealed record QueryEngineOptions
{
    // A value, its presence and a share of bookkeeping.
    internal const int BytesPerSample = 16;

    /// <summary>The most samples that one query may hold in memory.</summary>
    public long MaxSamples { get; init; } = 50_000_000;

    /// <summary>The most memory that the samples of one query may take, in bytes; 0: no limit of its own.</summary>
    public long MaxBytesPerQuery { get; init; }

    /// <summary>How long one query may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How far back an instant selector looks.</summary>
    public TimeSpan LookbackDelta { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many queries may run at the same time; the others wait.</summary>
    public int MaxConcurrency { get; init; } = 20;

    /// <summary>How many threads beside their own all heavy queries together may use; 0: each query runs on one thread.</summary>
    public int MaxHelperThreads { get; init; } = Environment.ProcessorCount - 1;

    /// <summary>From how many samples and steps together on a selection is worth more than one thread.</summary>
    internal long ParallelWork { get; init; } = 250_000;

    /// <summary>Up to how many values, all series and steps together, a part that a query needs in several places is kept rather than computed again.</summary>
    internal long SharedSamplesMax { get; init; } = 1_000_000;

    /// <summary>The step in milliseconds of a subquery without one, given its range in milliseconds. Upstream uses the global evaluation interval.</summary>
    public Func<long, long> DefaultSubqueryStepMs { get; init; } = static _ => 60_000;

    /// <summary>Names are dropped at the end of the query rather than by each function.</summary>
    public bool EnableDelayedNameRemoval { get; init; }

    /// <summary>Allows statistics for each step.</summary>
    public bool EnablePerStepStatistics { get; init; }

    /// <summary>Functions may consult the labels that carry type and unit of a metric.</summary>
    public bool EnableTypeAndUnitLabels { get; init; }

    /// <summary>Range functions over counters take the samples' start timestamps into account.</summary>
    public bool UseStartTimestamps { get; init; }

    /// <summary>What the parser accepts beyond the stable language.</summary>
    public bool EnableExperimentalFunctions { get; init; }

    /// <summary>Whether <c>anchored</c> and <c>smoothed</c> are accepted.</summary>
    public bool EnableExtendedRangeSelectors { get; init; }

    /// <summary>Whether <c>fill</c>, <c>fill_left</c> and <c>fill_right</c> are accepted.</summary>
    public bool EnableFillModifiers { get; init; }
}
