namespace Narthex.PromQL.Functions.Range;

/// <summary>What start timestamps say about two neighbouring samples. 0 stands for an unknown start.</summary>
internal static class StartTimestamps
{
    /// <summary>Whether the counter began anew between two samples.</summary>
    /// <remarks>
    /// It did if the later one counts from a time between them. One that counts from exactly the earlier sample's time is a delta, and new as well, but
    /// only if that sample has a plausible start of its own: without one, it is a counter whose origin nobody knows, told by its first sample's time.
    /// </remarks>
    public static bool IsReset(long previousStartMs, long previousMs, long startMs, long timeMs)
    {
        if (startMs == 0 || startMs >= timeMs || startMs < previousMs)
        {
            return false;
        }

        return startMs > previousMs || (previousStartMs != 0 && previousStartMs < previousMs);
    }

    /// <summary>Whether the later sample counts from before the earlier one without counting on from the same start.</summary>
    public static bool Overlaps(long previousStartMs, long previousMs, long startMs) =>
        startMs != 0 && startMs < previousMs && startMs != previousStartMs;

    /// <summary>
    /// Whether the first sample of a window started inside the window, whose left edge is open: then it was zero at its start, and nothing needs to be extrapolated there.
    /// </summary>
    public static bool IsOrigin(long startMs, long windowStartMs, long firstMs) => startMs != 0 && startMs > windowStartMs && startMs < firstMs;

    /// <summary>How far the growth from a known zero to the last sample of a window is stretched, as a factor.</summary>
    public static double FactorFromOrigin(long originMs, long firstMs, long lastMs, int samples, long endMs)
    {
        double toEnd = (endMs - lastMs) / 1000.0;
        double sampled = (lastMs - originMs) / 1000.0;

        // A single sample has no usual distance, so nothing is extrapolated from it.
        double average = samples > 1 ? (lastMs - firstMs) / 1000.0 / (samples - 1) : 0;
        if (toEnd >= average * 1.1)
        {
            toEnd = average / 2;
        }

        return (sampled + toEnd) / sampled;
    }
}
