using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>The series that report on a target's scrapes: <c>up</c>, <c>scrape_duration_seconds</c> and their like.</summary>
internal sealed class ReportSeries(Labels targetLabels)
{
    private static readonly string[] Names =
    [
        "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added",
        "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
    ];

    private const int OrdinaryCount = 5;
    private readonly SeriesRef[] _series = new SeriesRef[Names.Length];

    /// <summary>What there is to report.</summary>
    public readonly record struct Values(
        bool IsUp, double DurationSeconds, ScrapeCounts Counts, double TimeoutSeconds, long SampleLimit, long BodyBytes);

    /// <summary>Appends a sample of each; the last three only if <paramref name="withExtras"/>.</summary>
    public void Append(IAppender appender, long timestampMs, in Values values, bool withExtras)
    {
        ReadOnlySpan<double> samples =
        [
            values.IsUp ? 1 : 0, values.DurationSeconds, values.Counts.Scraped, values.Counts.Kept, values.Counts.SeriesAdded,
            values.TimeoutSeconds, values.SampleLimit, values.BodyBytes,
        ];
        for (int i = 0; i < (withExtras ? samples.Length : OrdinaryCount); i++)
        {
            appender.Append(Series(i, appender), timestampMs, samples[i]);
        }
    }

    /// <summary>Appends a staleness marker to each that was ever used.</summary>
    public void AppendStale(IAppender appender, long timestampMs)
    {
        foreach (SeriesRef series in _series)
        {
            if (!series.IsNone)
            {
                appender.Append(series, timestampMs, StaleNaN.Value);
            }
        }
    }

    /// <summary>Looks all series up afresh: storage has dropped some.</summary>
    public void Forget() => Array.Clear(_series);

    private SeriesRef Series(int index, IAppender appender)
    {
        if (_series[index].IsNone)
        {
            LabelsBuilder labels = new LabelsBuilder().Reset(targetLabels);
            labels.Set(LabelNames.MetricName, Names[index]);
            _series[index] = appender.GetOrAddSeries(labels.ToLabels());
        }

        return _series[index];
    }
}
