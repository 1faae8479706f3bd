namespace Narthex.Scraping;

/// <summary>What the server's flags say about scraping. Fixed for the process.</summary>
public sealed record ScrapeOptions
{
    /// <summary>How far from its due time a scrape may be and still be recorded at the due time.</summary>
    public static readonly TimeSpan TimestampTolerance = TimeSpan.FromMilliseconds(2);

    /// <summary>Whether timestamps are moved to the due time within the tolerance (<c>--scrape.adjust-timestamps</c>).</summary>
    public bool AdjustTimestamps { get; init; } = true;

    /// <summary>The User-Agent header of scrapes.</summary>
    public string UserAgent { get; init; } = "Prometheus/3.14.0";

    /// <summary>This machine's name: with the external labels it spreads servers with equal configurations over the interval.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>The URL under which users reach this server, for links to targets on this machine; null if unknown.</summary>
    public Uri? ExternalUrl { get; init; }

    /// <summary>The port that this server listens on.</summary>
    public int ListenPort { get; init; } = 9090;

    /// <summary>Whether exemplars are stored (the feature flag <c>exemplar-storage</c>).</summary>
    public bool AppendExemplars { get; init; }

    /// <summary>Whether all jobs expose extra metrics about scrapes (the feature flag <c>extra-scrape-metrics</c>).</summary>
    public bool ExtraScrapeMetrics { get; init; }
}
