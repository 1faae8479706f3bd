namespace Narthex.Scraping;

/// <summary>What a scrape brought, for the series that report on it.</summary>
/// <param name="Scraped">Samples that the target exposed.</param>
/// <param name="Kept">Samples left after relabelling.</param>
/// <param name="SeriesAdded">Series that the scrape before did not have.</param>
internal readonly record struct ScrapeCounts(int Scraped, int Kept, int SeriesAdded);
