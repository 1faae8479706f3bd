using Microsoft.Extensions.Logging;

namespace Narthex.Scraping;

/// <summary>What scraping logs.</summary>
internal static partial class ScrapeLog
{
    [LoggerMessage(2001, LogLevel.Debug, "Scrape failed {scrape_pool} {target} {err}")]
    public static partial void ScrapeFailed(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(2002, LogLevel.Error, "Scrape commit failed {scrape_pool} {target}")]
    public static partial void CommitFailed(ILogger logger, string scrape_pool, string target, Exception error);

    [LoggerMessage(2003, LogLevel.Warning, "Error on ingesting samples {target} {duplicates} {out_of_order} {out_of_bounds}")]
    public static partial void SamplesRefused(ILogger logger, string target, int duplicates, int out_of_order, int out_of_bounds);

    [LoggerMessage(2009, LogLevel.Warning, "Error on ingesting native histograms that contradict themselves {target} {num_dropped}")]
    public static partial void HistogramsRefused(ILogger logger, string target, int num_dropped);

    [LoggerMessage(2004, LogLevel.Debug, "Content type of a scrape {scrape_pool} {target} {err}")]
    public static partial void ContentTypeProblem(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(2010, LogLevel.Error, "Failed to determine correct type of scrape target. {scrape_pool} {target} {content_type} {fallback_media_type} {err}")]
    public static partial void ContentTypeUnknown(ILogger logger, string scrape_pool, string target, string content_type, string fallback_media_type, string err);

    [LoggerMessage(2005, LogLevel.Error, "Creating target failed {scrape_pool} {err}")]
    public static partial void TargetFailed(ILogger logger, string scrape_pool, string err);

    [LoggerMessage(2007, LogLevel.Error, "Scrape ended by an unexpected error {scrape_pool} {target}")]
    public static partial void ScrapeCrashed(ILogger logger, string scrape_pool, string target, Exception error);

    [LoggerMessage(2008, LogLevel.Error, "error reloading scrape pool {scrape_pool} {err}")]
    public static partial void ReloadFailed(ILogger logger, string scrape_pool, string err);

    [LoggerMessage(2006, LogLevel.Error, "error creating new scrape pool {scrape_pool} {err}")]
    public static partial void PoolFailed(ILogger logger, string scrape_pool, string err);
}
