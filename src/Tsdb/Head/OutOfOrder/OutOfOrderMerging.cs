using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>Brings samples in order and samples that came out of order together.</summary>
internal static class OutOfOrderMerging
{
    /// <summary>
    /// Merges unsorted samples into those of a buffer from <paramref name="start"/> on. At the same time the buffer's own wins, and of several
    /// others the first.
    /// </summary>
    public static void MergeInto(SampleBuffer samples, int start, SampleBuffer others)
    {
        if (others.Count == 0)
        {
            return;
        }

        int[] order = SortedOrder(others.Timestamps);
        using var ours = new SampleBuffer();
        ours.Append(samples, start, samples.Count - start);
        samples.Truncate(start);
        int next = 0;
        foreach (int other in order)
        {
            long timestampMs = others.Timestamps[other];
            int end = next + SampleMerging.LowerBound(ours.Timestamps[next..], timestampMs);
            AppendRun(samples, start, ours, next, end - next);
            next = end;
            bool isThere = (next < ours.Count && ours.Timestamps[next] == timestampMs)
                || (samples.Count > start && samples.Timestamps[^1] == timestampMs);
            if (!isThere)
            {
                samples.Append(others, other, 1);
            }
        }

        AppendRun(samples, start, ours, next, ours.Count - next);
    }

    // What a histogram's hint says of the one before it is not true any more where another one stands before it now.
    private static void AppendRun(SampleBuffer samples, int start, SampleBuffer source, int first, int count)
    {
        int at = samples.Count;
        samples.Append(source, first, count);
        if (count > 0 && at > start && samples.HasHistograms && samples.Histograms[at] is { CounterResetHint: CounterResetHint.CounterReset or CounterResetHint.NotCounterReset } histogram)
        {
            histogram = histogram.Copy();
            histogram.CounterResetHint = CounterResetHint.Unknown;
            samples.Replace(at, histogram);
        }
    }

    private static int[] SortedOrder(ReadOnlySpan<long> timestamps)
    {
        int[] order = new int[timestamps.Length];
        bool sorted = true;
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            sorted &= i == 0 || timestamps[i - 1] <= timestamps[i];
        }

        if (!sorted)
        {
            long[] keys = timestamps.ToArray();
            order.AsSpan().Sort((left, right) => keys[left] != keys[right] ? keys[left].CompareTo(keys[right]) : left.CompareTo(right));
        }

        return order;
    }
}
