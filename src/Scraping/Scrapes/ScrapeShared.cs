using Microsoft.Extensions.Logging;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What all loops of a server share.</summary>
internal sealed record ScrapeShared(
    ScrapeOptions Options, ScrapeMetrics Metrics, WorkspacePool Workspaces, TimeProvider Time, ILogger Logger, CancellationToken Shutdown);

/// <summary>The series about the scrape itself.</summary>
internal sealed class ScrapeReport
{
    private static readonly string[] s_names =
    [
        "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added",
        "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
    ];

    private const int OrdinaryCount = 5;

    private readonly SeriesRef[] _series = new SeriesRef[s_names.Length];
    private readonly double[] _values = new double[s_names.Length];

    /// <summary>Sets the values, in the order of the names.</summary>
    public void Set(bool up, TimeSpan duration, in ScrapeCounts counts, Target target, ScrapeSettings settings, int bodyBytes)
    {
        _values[0] = up ? 1 : 0;
        _values[1] = duration.TotalSeconds;
        _values[2] = counts.Scraped;
        _values[3] = counts.PostRelabelling;
        _values[4] = counts.SeriesAdded;
        _values[5] = target.Timeout.TotalSeconds;
        _values[6] = settings.Config.Limits.Samples;
        _values[7] = bodyBytes;
    }

    /// <summary>Sets all values to the staleness marker.</summary>
    public void SetStale() => Array.Fill(_values, Model.StaleNaN.Value);

    public void Append(IAppender appender, Model.Labels targetLabels, long timestampMs, bool extra)
    {
        for (int i = 0; i < (extra ? s_names.Length : OrdinaryCount); i++)
        {
            if (_series[i].IsNone)
            {
                _series[i] = appender.GetOrAddSeries(SampleLabels.OfReport(targetLabels, System.Text.Encoding.UTF8.GetBytes(s_names[i])));
            }

            appender.Append(_series[i], timestampMs, _values[i]);
        }
    }

    /// <summary>Forgets the stored series: they are looked up again.</summary>
    public void Forget() => Array.Clear(_series);
}
