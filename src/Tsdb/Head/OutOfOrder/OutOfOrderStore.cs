using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Narthex.Model;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>The samples of the head that came out of order, beside the chunks in order: by slot, for the few series that have such.</summary>
/// <remarks>
/// <para>
/// Isolation: each commit has a number, and a view knows the newest one at its opening. A series' samples are changed in place as long as no open view
/// can see them; otherwise a copy is changed, and the former version stays behind it until no view needs it any more. The copy is of 32 samples
/// at most, as full chunks are immutable and shared.
/// </para>
/// <para>What changes something, and opening and closing views, is done under the head's apply lock. Reading takes no lock.</para>
/// </remarks>
internal sealed class OutOfOrderStore
{
    private readonly ConcurrentDictionary<uint, Series> _series = new();
    private readonly SortedDictionary<long, int> _openViews = [];
    private long _commits;
    private int _count;
    private long _minMs = long.MaxValue;
    private long _maxMs = long.MinValue;

    /// <summary>Whether there may be samples: false costs a view nothing.</summary>
    public bool HasAny => Volatile.Read(ref _count) > 0;

    /// <summary>The times that samples may have; nothing before the first of them.</summary>
    public TimeRange Range => new(Volatile.Read(ref _minMs), Volatile.Read(ref _maxMs));

    /// <summary>The series that have samples, or had some that views still see.</summary>
    public uint[] Slots => [.. _series.Keys];

    /// <summary>Notes a view, and returns the newest commit that it sees.</summary>
    public long OpenView()
    {
        _openViews[_commits] = _openViews.GetValueOrDefault(_commits) + 1;
        return _commits;
    }

    /// <summary>Forgets a view.</summary>
    public void CloseView(long commit)
    {
        if (--_openViews[commit] is var left && left == 0)
        {
            _openViews.Remove(commit);
        }
        else
        {
            _openViews[commit] = left;
        }
    }

    /// <summary>What changes from here on is not seen by the views that are open.</summary>
    public void BeginCommit() => _commits++;

    /// <summary>The samples of a series that a view sees. False if there are none.</summary>
    public bool TryGet(uint slot, long commit, [NotNullWhen(true)] out OutOfOrderVersion? version)
    {
        version = null;
        if (!_series.TryGetValue(slot, out Series? series))
        {
            return false;
        }

        for (version = series.Newest; version is not null && version.Commit > commit;)
        {
            version = version.Previous;
        }

        return version is { IsEmpty: false };
    }

    /// <summary>Whether <see cref="Insert"/> would not store a sample of this time.</summary>
    public bool Repeats(uint slot, long timestampMs) => _series.TryGetValue(slot, out Series? series) && series.Newest?.Repeats(timestampMs) == true;

    /// <summary>Inserts a sample. False if it is there already.</summary>
    public bool Insert(uint slot, long timestampMs, double value, FloatHistogram? histogram, long startMs = 0)
    {
        if (!_series.TryGetValue(slot, out Series? series))
        {
            series = new Series();
            _series[slot] = series;
            Volatile.Write(ref _count, _count + 1);
        }

        if (!Change(series).Insert(timestampMs, value, histogram, startMs))
        {
            return false;
        }

        Volatile.Write(ref _minMs, Math.Min(_minMs, timestampMs));
        Volatile.Write(ref _maxMs, Math.Max(_maxMs, timestampMs));
        return true;
    }

    /// <summary>Makes full chunks of all samples of a series and returns them; none if it has no samples.</summary>
    public OutOfOrderChunk[] Close(uint slot)
    {
        if (!_series.TryGetValue(slot, out Series? series) || series.Newest is not { IsEmpty: false })
        {
            return [];
        }

        OutOfOrderVersion version = Change(series);
        version.Close();
        return version.Closed;
    }

    /// <summary>The samples that the open chunk of a series still takes before it is full.</summary>
    public int GetRoom(uint slot) => _series.TryGetValue(slot, out Series? series) && series.Newest is { } newest ? newest.Room : OutOfOrderVersion.SamplesMax;

    /// <summary>The newest samples of a series; null if there are none.</summary>
    public OutOfOrderVersion? GetNewest(uint slot) => _series.TryGetValue(slot, out Series? series) ? series.Newest : null;

    /// <summary>Ends the open chunk of a series, whose samples are in these.</summary>
    public void Close(uint slot, List<OutOfOrderChunk> chunks) => Change(_series[slot]).Close(chunks);

    /// <summary>At the start: what the log gave a series since the last full chunk is in these.</summary>
    public void Adopt(uint slot, List<OutOfOrderChunk> chunks)
    {
        if (!_series.TryGetValue(slot, out Series? series))
        {
            series = new Series();
            _series[slot] = series;
            Volatile.Write(ref _count, _count + 1);
        }

        Change(series).Close(chunks);
        foreach (OutOfOrderChunk chunk in chunks)
        {
            Volatile.Write(ref _minMs, Math.Min(_minMs, chunk.Range.MinMs));
            Volatile.Write(ref _maxMs, Math.Max(_maxMs, chunk.Range.MaxMs));
        }
    }

    /// <summary>Forgets the first full chunks of a series. False if it has no samples left.</summary>
    public bool Drop(uint slot, int chunks)
    {
        if (!_series.TryGetValue(slot, out Series? series))
        {
            return false;
        }

        OutOfOrderVersion version = Change(series);
        version.DropClosed(chunks);
        if (version.IsEmpty && version.Previous is null)
        {
            Forget(slot);
        }

        return !version.IsEmpty;
    }

    /// <summary>Forgets the series that have no samples and that no view can see any more, and finds the range of the others.</summary>
    public void Tidy()
    {
        long min = long.MaxValue;
        long max = long.MinValue;
        foreach ((uint slot, Series series) in _series)
        {
            if (series.Newest is not { } version)
            {
                Forget(slot);
                continue;
            }

            Trim(version);
            if (version.Bounds is { } bounds)
            {
                min = Math.Min(min, bounds.MinMs);
                max = Math.Max(max, bounds.MaxMs);
            }
            else if (version.Previous is null)
            {
                Forget(slot);
            }
        }

        // Views that see samples which are gone look at them by slot; the range is for new ones.
        if (_openViews.Count == 0)
        {
            Volatile.Write(ref _minMs, min);
            Volatile.Write(ref _maxMs, max);
        }
    }

    /// <summary>Forgets a series that nobody can see.</summary>
    public void Forget(uint slot)
    {
        if (_series.TryRemove(slot, out _))
        {
            Volatile.Write(ref _count, _count - 1);
        }
    }

    private OutOfOrderVersion Change(Series series)
    {
        OutOfOrderVersion? newest = series.Newest;
        if (newest is null)
        {
            return series.Newest = new OutOfOrderVersion(_commits);
        }

        if (_openViews.Count == 0 || NewestView() < newest.Commit)
        {
            Trim(newest);
            return newest;
        }

        OutOfOrderVersion copy = newest.CopyFor(_commits);
        Trim(copy);
        return series.Newest = copy;
    }

    // Keeps what the oldest open view sees, and nothing before.
    private void Trim(OutOfOrderVersion newest)
    {
        if (newest.Previous is null)
        {
            return;
        }

        if (_openViews.Count == 0)
        {
            newest.Previous = null;
            return;
        }

        long oldest = long.MaxValue;
        foreach (long commit in _openViews.Keys)
        {
            oldest = commit;
            break;
        }

        for (OutOfOrderVersion? version = newest; version is not null; version = version.Previous)
        {
            if (version.Commit <= oldest)
            {
                version.Previous = null;
                return;
            }
        }
    }

    private long NewestView()
    {
        long newest = long.MinValue;
        foreach (long commit in _openViews.Keys)
        {
            newest = commit;
        }

        return newest;
    }

    private sealed class Series
    {
        private OutOfOrderVersion? _newest;

        public OutOfOrderVersion? Newest
        {
            get => Volatile.Read(ref _newest);
            set => Volatile.Write(ref _newest, value);
        }
    }
}
