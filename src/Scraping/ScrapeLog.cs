using Microsoft.Extensions.Logging;

namespace Narthex.Scraping;

internal static partial class ScrapeLog
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Debug, Message = "Scrape failed {scrape_pool} {target} {err}")]
    public static partial void ScrapeFailed(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "Scrape commit failed {scrape_pool} {target} {err}")]
    public static partial void CommitFailed(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Error on ingesting out-of-order samples {scrape_pool} {target} {num_dropped}")]
    public static partial void OutOfOrder(ILogger logger, string scrape_pool, string target, int num_dropped);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "Error on ingesting samples with different value but same timestamp {scrape_pool} {target} {num_dropped}")]
    public static partial void DuplicateTimestamp(ILogger logger, string scrape_pool, string target, int num_dropped);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "Error on ingesting samples that are too old or are too far into the future {scrape_pool} {target} {num_dropped}")]
    public static partial void OutOfBounds(ILogger logger, string scrape_pool, string target, int num_dropped);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Warning, Message = "Error on ingesting out-of-order exemplars {scrape_pool} {target} {num_dropped}")]
    public static partial void ExemplarsRejected(ILogger logger, string scrape_pool, string target, int num_dropped);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Error, Message = "Creating target failed {scrape_pool} {target} {err}")]
    public static partial void TargetFailed(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(EventId = 2008, Level = LogLevel.Error, Message = "Creating scrape pool failed {scrape_pool}")]
    public static partial void PoolFailed(ILogger logger, string scrape_pool, Exception err);

    [LoggerMessage(EventId = 2009, Level = LogLevel.Error, Message = "A scrape loop ended by a fault of its own {scrape_pool} {target}")]
    public static partial void LoopFailed(ILogger logger, string scrape_pool, string target, Exception err);

    [LoggerMessage(EventId = 2010, Level = LogLevel.Debug, Message = "Invalid content type on scrape, using fallback setting {scrape_pool} {target} {err}")]
    public static partial void ContentType(ILogger logger, string scrape_pool, string target, string err);

    [LoggerMessage(EventId = 2011, Level = LogLevel.Error, Message = "Reloading scrape pool failed {scrape_pool}")]
    public static partial void ReloadFailed(ILogger logger, string scrape_pool, Exception err);
}
