using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Blocks;

/// <summary>Applies deleted intervals, sorted and disjoint, to chunks and samples.</summary>
internal static class DeletedIntervals
{
    /// <summary>Whether one interval holds all of the range.</summary>
    public static bool Cover(ReadOnlySpan<TimeRange> intervals, TimeRange range)
    {
        foreach (TimeRange interval in intervals)
        {
            if (interval.MinMs <= range.MinMs && interval.MaxMs >= range.MaxMs)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an interval touches the range.</summary>
    public static bool Touch(ReadOnlySpan<TimeRange> intervals, TimeRange range)
    {
        foreach (TimeRange interval in intervals)
        {
            if (interval.Overlaps(range))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Removes the deleted among the samples from <paramref name="start"/> on.</summary>
    public static void Remove(ReadOnlySpan<TimeRange> intervals, SampleBuffer samples, int start)
    {
        for (int i = intervals.Length - 1; i >= 0; i--)
        {
            int from = start + SampleMerging.LowerBound(samples.Timestamps[start..], intervals[i].MinMs);
            int to = intervals[i].MaxMs == long.MaxValue
                ? samples.Count
                : start + SampleMerging.LowerBound(samples.Timestamps[start..], intervals[i].MaxMs + 1);
            if (from < to)
            {
                samples.RemoveRange(from, to - from);
            }
        }
    }
}
