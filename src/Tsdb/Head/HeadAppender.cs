using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head;

/// <summary>Buffers the rows of one unit of work and commits them to the head.</summary>
internal sealed class HeadAppender(HeadStorage head) : IAppender
{
    private CommitRows? _rows;
    private CommitRows? _zeros;
    private int _side;

    /// <inheritdoc/>
    public bool WantsExemplars => head.Exemplars.IsEnabled;

    /// <inheritdoc/>
    public bool WantsMetadata => head.KeepsMetadata;

    /// <inheritdoc/>
    public SeriesRef GetOrAddSeries(Labels labels)
    {
        // From here to the end of the commit, no series that is looked up is collected.
        _rows ??= Activate();
        return head.GetRef(head.Directory.GetOrAdd(labels, out _));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(SeriesRef series, long timestampMs, double value) =>
        (_rows ?? Activate()).Add(series.Value, timestampMs, value);

    /// <inheritdoc/>
    public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) =>
        (_rows ?? Activate()).Add(series.Value, timestampMs, histogram);

    /// <inheritdoc/>
    public bool WantsStartTimestamps => head.WantsStartTimestamps;

    /// <inheritdoc/>
    public void SetStartTimestamp(long startTimestampMs)
    {
        if (startTimestampMs == 0 || _rows is not { Count: > 0 } rows)
        {
            return;
        }

        if (head.MakesZeros)
        {
            head.TryAddZero(rows, startTimestampMs, ref _zeros);
        }

        if (head.KeepsStartTimestamps)
        {
            rows.SetStart(startTimestampMs);
        }
    }

    /// <inheritdoc/>
    public void AppendExemplar(SeriesRef series, in Exemplar exemplar)
    {
        if (WantsExemplars)
        {
            (_rows ??= Activate()).GetExtras().Add(series.Value, exemplar);
        }
    }

    /// <inheritdoc/>
    public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
    {
        if (WantsMetadata)
        {
            (_rows ??= Activate()).GetExtras().Add(series.Value, metadata);
        }
    }

    /// <inheritdoc/>
    public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
    {
        try
        {
            if (_rows is not { IsEmpty: false } rows)
            {
                return default;
            }

            if (_zeros is { IsEmpty: false })
            {
                // They are older than what they come with. What cannot be stored of them is nobody's loss.
                head.Commit(_zeros);
            }

            int appended = head.Commit(rows);
            int refused = 0;
            for (int i = 0; i < rows.Count; i++)
            {
                if (rows.Errors[i] != AppendError.None)
                {
                    refused++;
                    rejected?.Add(new RejectedSample(i, new SeriesRef(rows.Refs[i]), rows.Timestamps[i], rows.Errors[i])
                    {
                        Value = rows.GetHistogram(i) is null ? rows.Values[i] : null,
                        Existing = rows.GetExisting(i),
                    });
                }
            }

            return new CommitResult(appended, refused, rows.Extras?.ExemplarsRejected ?? 0) { ExemplarsOutOfOrder = rows.Extras?.ExemplarsOutOfOrder ?? 0 };
        }
        finally
        {
            Rollback();
        }
    }

    /// <inheritdoc/>
    public void Rollback()
    {
        if (_rows is { } rows)
        {
            _rows = null;
            head.ReturnRows(rows);
            if (_zeros is not null)
            {
                head.ReturnRows(_zeros);
                _zeros = null;
            }

            Interlocked.Decrement(ref head.Counters.ActiveAppenders);
            head.LeaveAppend(_side);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Rollback();

    private CommitRows Activate()
    {
        Interlocked.Increment(ref head.Counters.ActiveAppenders);
        _side = head.Appends.Enter();
        return _rows = head.RentRows();
    }
}
