using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What a scrape of one pool needs to know, made once per configuration and shared by all its loops. Immutable.</summary>
internal sealed class ScrapeSettings
{
    public required ScrapeConfig Config { get; init; }

    public required SharedClient Client { get; init; }

    /// <summary>The header <c>Accept</c>.</summary>
    public required string Accept { get; init; }

    /// <summary>Why every scrape of the pool fails without being tried, or null: the pool has more targets than it may have.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether timestamps are moved onto the grid of the interval, and how far.</summary>
    public long ToleranceMs { get; init; }

    /// <summary>Finds where failures are noted, which a reload changes without anything else.</summary>
    public Func<ScrapeFailureLog?> FailureLog { get; init; } = () => null;

    /// <summary>The finest resolution that native histograms are stored with.</summary>
    public int SchemaMax { get; init; } = HistogramResolution.Finest;

    /// <summary>Whether series get the labels <c>__type__</c> and <c>__unit__</c>.</summary>
    public bool AddTypeAndUnitLabels { get; init; }

    public IReadOnlyList<RelabelConfig> MetricRelabelConfigs => Config.MetricRelabelConfigs;

    /// <summary>Whether series resolved under <paramref name="other"/> would be resolved to the same labels under these settings.</summary>
    public bool ResolvesLike(ScrapeSettings other) =>
        Config.HonorLabels == other.Config.HonorLabels
        && Config.MetricRelabelConfigs.Equals(other.Config.MetricRelabelConfigs)
        && Config.Limits == other.Config.Limits
        && Config.MetricNameValidationScheme == other.Config.MetricNameValidationScheme;
}
