using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head;

/// <summary>Buffers the rows of one unit of work and commits them to the head.</summary>
internal sealed class HeadAppender(HeadStorage head) : IAppender
{
    private readonly CommitRows _rows = new();
    private int _exemplars;
    private bool _active;

    /// <inheritdoc/>
    public SeriesRef GetOrAddSeries(Labels labels)
    {
        Activate();
        return head.GetRef(head.Index.GetOrAdd(labels, out _));
    }

    /// <inheritdoc/>
    public void Append(SeriesRef series, long timestampMs, double value)
    {
        Activate();
        _rows.Add(series.Value, timestampMs, value);
    }

    /// <inheritdoc/>
    public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram)
    {
        Activate();
        _rows.Add(series.Value, timestampMs, histogram);
    }

    /// <summary>Exemplars are counted and not stored yet.</summary>
    public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => _exemplars++;

    /// <summary>Metadata lives with the scrape targets; the head keeps none yet.</summary>
    public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
    {
    }

    /// <inheritdoc/>
    public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
    {
        try
        {
            int appended = head.Commit(_rows);
            int refused = 0;
            for (int i = 0; i < _rows.Count; i++)
            {
                if (_rows.Errors[i] != AppendError.None)
                {
                    refused++;
                    rejected?.Add(new RejectedSample(i, new SeriesRef(_rows.Refs[i]), _rows.Timestamps[i], _rows.Errors[i]));
                }
            }

            Interlocked.Add(ref head.Counters.ExemplarsReceived, _exemplars);
            return new CommitResult(appended, refused, 0);
        }
        finally
        {
            Rollback();
        }
    }

    /// <inheritdoc/>
    public void Rollback()
    {
        _rows.Clear();
        _exemplars = 0;
        if (_active)
        {
            _active = false;
            Interlocked.Decrement(ref head.Counters.ActiveAppenders);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Rollback();

    private void Activate()
    {
        if (!_active)
        {
            _active = true;
            Interlocked.Increment(ref head.Counters.ActiveAppenders);
        }
    }
}
