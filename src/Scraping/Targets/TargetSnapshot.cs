using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>How a target is doing.</summary>
public enum TargetHealth : byte
{
    /// <summary>Not scraped yet.</summary>
    Unknown,

    /// <summary>The last scrape succeeded.</summary>
    Up,

    /// <summary>The last scrape failed.</summary>
    Down,
}

/// <summary>A target as it is at one moment, for the API.</summary>
public sealed record TargetSnapshot
{
    /// <summary>The scrape configuration it belongs to.</summary>
    public required string ScrapePool { get; init; }

    /// <summary>The labels before relabelling.</summary>
    public required Labels DiscoveredLabels { get; init; }

    /// <summary>The labels after it, without the meta labels.</summary>
    public required Labels Labels { get; init; }

    /// <summary>What is scraped.</summary>
    public required string ScrapeUrl { get; init; }

    /// <summary>The same with this host's name in place of a loopback address.</summary>
    public required string GlobalUrl { get; init; }

    /// <summary>Why the last scrape failed, empty if it did not.</summary>
    public string LastError { get; init; } = "";

    /// <summary>When the last scrape began; null if there was none.</summary>
    public DateTimeOffset? LastScrape { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan LastScrapeDuration { get; init; }

    /// <summary>How it is doing.</summary>
    public TargetHealth Health { get; init; }

    /// <summary>The interval in force for it.</summary>
    public TimeSpan ScrapeInterval { get; init; }

    /// <summary>The timeout in force for it.</summary>
    public TimeSpan ScrapeTimeout { get; init; }

    /// <summary>The interval as its label has it: relabelling may write durations in other ways.</summary>
    public string? ScrapeIntervalText { get; init; }

    /// <summary>The timeout as its label has it.</summary>
    public string? ScrapeTimeoutText { get; init; }
}

/// <summary>A target that relabelling dropped.</summary>
/// <param name="ScrapePool">The scrape configuration.</param>
/// <param name="DiscoveredLabels">The labels before relabelling.</param>
public sealed record DroppedTarget(string ScrapePool, Labels DiscoveredLabels);

/// <summary>All targets of one scrape configuration at one moment.</summary>
/// <param name="Name">The scrape configuration, that is the job name.</param>
/// <param name="Active">Targets being scraped.</param>
/// <param name="Dropped">Targets dropped, as many as are kept.</param>
/// <param name="DroppedCount">How many were dropped in all.</param>
public sealed record ScrapePoolSnapshot(
    string Name, IReadOnlyList<TargetSnapshot> Active, IReadOnlyList<DroppedTarget> Dropped, int DroppedCount);

/// <summary>The metadata of one metric family of one target.</summary>
/// <param name="Target">The target's labels.</param>
/// <param name="Metric">The family's name.</param>
/// <param name="Metadata">What the target says about it.</param>
public sealed record TargetMetadata(Labels Target, string Metric, MetricMetadata Metadata);

/// <summary>What the API asks scraping. Every call returns a picture of one moment and never waits for a scrape.</summary>
public interface ITargetSource
{
    /// <summary>All pools, by name.</summary>
    IReadOnlyList<ScrapePoolSnapshot> GetPools();

    /// <summary>The rules of a pool that make targets of what was discovered, in order; null if there is no such pool.</summary>
    IReadOnlyList<RelabelConfig>? GetRelabelConfigs(string pool);

    /// <summary>The metadata of all families of all targets.</summary>
    IReadOnlyList<TargetMetadata> GetMetadata();
}
