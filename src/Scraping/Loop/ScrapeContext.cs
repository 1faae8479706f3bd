using Microsoft.Extensions.Logging;

namespace Narthex.Scraping;

/// <summary>What all loops of a server share.</summary>
internal sealed record ScrapeContext(
    AppenderPool Appenders, ScrapeMetrics Metrics, MetadataPool Metadata, TimeProvider Time, ILogger Logger, string UserAgent)
{
    /// <summary>Whether series get labels that say their type and unit.</summary>
    public bool AddTypeAndUnitLabels { get; init; }
}
