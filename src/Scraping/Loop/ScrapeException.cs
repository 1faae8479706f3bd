namespace Narthex.Scraping;

/// <summary>A scrape failed. The message is what the API and the log show, in upstream's words.</summary>
internal sealed class ScrapeException(string message, ScrapeFailure kind = ScrapeFailure.Other) : Exception(message)
{
    public ScrapeFailure Kind { get; } = kind;
}

/// <summary>Failures that have a metric of their own.</summary>
internal enum ScrapeFailure : byte
{
    Other,
    BodySizeLimit,
    SampleLimit,
    LabelLimit,
    BucketLimit,
}
