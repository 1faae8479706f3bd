using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Brings samples from several places into one ascending order, each instant once.</summary>
public static class SampleMerging
{
    /// <summary>
    /// Merges the samples from <paramref name="runStart"/> on with those from <paramref name="start"/> up to there; both are
    /// ascending. At the same instant the earlier run wins. Where the second begins behind the first nothing is moved.
    /// </summary>
    public static void MergeRun(SampleBuffer samples, int start, int runStart)
    {
        ReadOnlySpan<long> timestamps = samples.Timestamps;
        if (runStart == start || runStart == timestamps.Length || timestamps[runStart] > timestamps[runStart - 1])
        {
            return;
        }

        // What is before the first new instant stays where it is.
        int from = start + LowerBound(timestamps[start..runStart], timestamps[runStart]);
        using var copy = new SampleBuffer();
        copy.Append(samples, from, samples.Count - from);
        samples.Truncate(from);
        int left = 0;
        int leftEnd = runStart - from;
        int right = leftEnd;
        while (left < leftEnd || right < copy.Count)
        {
            // Runs of samples from one side are copied at once.
            if (right == copy.Count || (left < leftEnd && copy.Timestamps[left] <= copy.Timestamps[right]))
            {
                int end = right == copy.Count ? leftEnd : left + UpperBound(copy.Timestamps[left..leftEnd], copy.Timestamps[right]);
                AppendRun(samples, copy, left, end - left);
                left = end;
            }
            else
            {
                int end = left == leftEnd ? copy.Count : right + LowerBound(copy.Timestamps[right..], copy.Timestamps[left]);
                AppendRun(samples, copy, right, end - right);
                right = end;
            }

            while (right < copy.Count && samples.Count > from && copy.Timestamps[right] <= samples.Timestamps[^1])
            {
                right++;
            }
        }
    }

    // What a histogram's hint says of the one before it is not true any more where another one stands before it now.
    private static void AppendRun(SampleBuffer samples, SampleBuffer source, int start, int count)
    {
        int first = samples.Count;
        samples.Append(source, start, count);
        if (first > 0 && count > 0 && samples.HasHistograms && samples.Histograms[first] is { CounterResetHint: CounterResetHint.CounterReset or CounterResetHint.NotCounterReset } histogram)
        {
            histogram = histogram.Copy();
            histogram.CounterResetHint = CounterResetHint.Unknown;
            samples.Replace(first, histogram);
        }
    }

    /// <summary>The first place whose time is not before <paramref name="timestampMs"/>.</summary>
    public static int LowerBound(ReadOnlySpan<long> timestamps, long timestampMs)
    {
        int low = 0;
        int high = timestamps.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (timestamps[middle] < timestampMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static int UpperBound(ReadOnlySpan<long> timestamps, long timestampMs) =>
        timestampMs == long.MaxValue ? timestamps.Length : LowerBound(timestamps, timestampMs + 1);
}
