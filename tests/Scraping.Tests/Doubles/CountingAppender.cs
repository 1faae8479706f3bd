using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

/// <summary>Counts samples and keeps nothing.</summary>
internal sealed class CountingAppender : IAppender
{
    private ulong _series;

    public int Samples { get; private set; }

    public SeriesRef GetOrAddSeries(Labels labels) => new(++_series);

    public void Append(SeriesRef series, long timestampMs, double value) => Samples++;

    public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram)
    {
    }

    public void AppendExemplar(SeriesRef series, in Exemplar exemplar)
    {
    }

    public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
    {
    }

    public CommitResult Commit(ICollection<RejectedSample>? rejected = null) => default;

    public void Rollback()
    {
    }

    public void Dispose()
    {
    }
}
