using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>The latest sample at a time is the last of all samples up to it, however it is found.</summary>
internal static class LatestSamples
{
    /// <summary>Fails unless the latest samples of a series are those that <paramref name="all"/> its samples say.</summary>
    public static void AssertFound(ISeriesSelection selection, int series, SampleBuffer all)
    {
        ReadOnlySpan<long> times = all.Timestamps;
        if (times.IsEmpty)
        {
            AssertFound(selection, series, all, 0);
            return;
        }

        foreach (long timestampMs in (ReadOnlySpan<long>)[times[^1], times[^1] - 1, times[times.Length / 2], times[0], times[0] - 1, long.MaxValue])
        {
            AssertFound(selection, series, all, timestampMs);
        }
    }

    private static void AssertFound(ISeriesSelection selection, int series, SampleBuffer all, long timestampMs)
    {
        using var found = new SampleBuffer();
        selection.ReadLatest(series, timestampMs, found);
        int expected = LastUpTo(all.Timestamps, timestampMs);
        int actual = LastUpTo(found.Timestamps, timestampMs);
        string context = $"{selection.GetLabels(series)} at {timestampMs}";
        if (expected < 0 || actual < 0)
        {
            Assert.True(expected == actual, $"{context}: found {actual}, expected {expected}");
            return;
        }

        Assert.True(all.Timestamps[expected] == found.Timestamps[actual], $"{context}: found {found.Timestamps[actual]}, expected {all.Timestamps[expected]}");
        Assert.True(Same(all, expected, found, actual), $"{context}: another value");
    }

    private static bool Same(SampleBuffer left, int i, SampleBuffer right, int j) =>
        BitConverter.DoubleToUInt64Bits(left.Values[i]) == BitConverter.DoubleToUInt64Bits(right.Values[j])
        && (left.HasHistograms && left.Histograms[i] is not null) == (right.HasHistograms && right.Histograms[j] is not null);

    private static int LastUpTo(ReadOnlySpan<long> times, long timestampMs)
    {
        int place = times.BinarySearch(timestampMs);
        return place >= 0 ? place : ~place - 1;
    }
}
