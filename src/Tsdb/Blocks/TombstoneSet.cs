using Narthex.Model;

namespace Narthex.Tsdb.Blocks;

/// <summary>Deleted intervals by series: sorted, and apart from each other by more than an instant. Immutable.</summary>
public sealed class TombstoneSet
{
    private readonly Dictionary<ulong, TimeRange[]> _intervals;

    private TombstoneSet(Dictionary<ulong, TimeRange[]> intervals)
    {
        _intervals = intervals;
        foreach (TimeRange[] list in intervals.Values)
        {
            Count += list.Length;
        }
    }

    /// <summary>Nothing is deleted.</summary>
    public static TombstoneSet Empty { get; } = new([]);

    /// <summary>The number of intervals.</summary>
    public int Count { get; }

    /// <summary>The series that have intervals.</summary>
    public IReadOnlyCollection<ulong> Series => _intervals.Keys;

    /// <summary>The deleted intervals of a series.</summary>
    public ReadOnlySpan<TimeRange> Get(ulong series) => _intervals.TryGetValue(series, out TimeRange[]? list) ? list : default;

    /// <summary>The set with more intervals; those that touch become one.</summary>
    public TombstoneSet With(IEnumerable<KeyValuePair<ulong, TimeRange>> added)
    {
        var grown = new Dictionary<ulong, List<TimeRange>>();
        foreach (KeyValuePair<ulong, TimeRange> pair in added)
        {
            if (!grown.TryGetValue(pair.Key, out List<TimeRange>? list))
            {
                grown[pair.Key] = list = [.. Get(pair.Key)];
            }

            list.Add(pair.Value);
        }

        var intervals = new Dictionary<ulong, TimeRange[]>(_intervals);
        foreach (KeyValuePair<ulong, List<TimeRange>> pair in grown)
        {
            intervals[pair.Key] = Normalize(pair.Value);
        }

        return new TombstoneSet(intervals);
    }

    /// <summary>The set without intervals that end before a time.</summary>
    public TombstoneSet Without(long beforeMs)
    {
        if (!_intervals.Values.Any(list => list[0].MaxMs < beforeMs))
        {
            return this;
        }

        var left = new Dictionary<ulong, TimeRange[]>();
        foreach (KeyValuePair<ulong, TimeRange[]> pair in _intervals)
        {
            TimeRange[] kept = [.. pair.Value.Where(interval => interval.MaxMs >= beforeMs)];
            if (kept.Length > 0)
            {
                left.Add(pair.Key, kept);
            }
        }

        return new TombstoneSet(left);
    }

    /// <summary>The set without some series.</summary>
    public TombstoneSet Without(IReadOnlyCollection<uint> series)
    {
        if (Count == 0 || !series.Any(one => _intervals.ContainsKey(one)))
        {
            return this;
        }

        var left = new Dictionary<ulong, TimeRange[]>(_intervals);
        foreach (uint one in series)
        {
            left.Remove(one);
        }

        return new TombstoneSet(left);
    }

    private static TimeRange[] Normalize(List<TimeRange> list)
    {
        list.Sort(static (left, right) => left.MinMs.CompareTo(right.MinMs));
        var merged = new List<TimeRange>(list.Count);
        foreach (TimeRange next in list)
        {
            if (merged.Count > 0 && (merged[^1].MaxMs == long.MaxValue || next.MinMs <= merged[^1].MaxMs + 1))
            {
                merged[^1] = merged[^1] with { MaxMs = Math.Max(merged[^1].MaxMs, next.MaxMs) };
            }
            else
            {
                merged.Add(next);
            }
        }

        return [.. merged];
    }
}
