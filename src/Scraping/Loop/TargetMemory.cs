namespace Narthex.Scraping;

/// <summary>What a loop remembers of its target from scrape to scrape.</summary>
/// <remarks>
/// Outlives the loop if another one goes on with the same labels: a target that comes back at once, or whose interval changed. Then
/// nothing is resolved again, and only series that are really gone get staleness markers.
/// </remarks>
internal sealed class TargetMemory
{
    public TargetMemory(Target target, ScrapeContext context)
    {
        Metadata = new TargetMetadataCache(context.Metadata);
        Ingester = new ScrapeIngester(Cache, Metadata, new SeriesResolver());
        Report = new ReportSeries(target.Labels);
    }

    public SeriesCache Cache { get; } = new();

    public TargetMetadataCache Metadata { get; }

    public ScrapeIngester Ingester { get; }

    public ReportSeries Report { get; }

    /// <summary>The settings that the cached series were resolved under; null before the first scrape.</summary>
    public ScrapeSettings? ResolvedUnder { get; set; }
}
