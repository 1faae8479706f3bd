namespace Narthex.Scraping;

/// <summary>When a target is scraped. Pure.</summary>
/// <remarks>
/// Each target has its own place in the interval, found from its hash and the server's identity: a thousand targets spread evenly,
/// keep their place over restarts, and two servers with different identities do not hit a target at the same moment.
/// Places lie on a grid, so that a few scrapes of a thousand begin together: waking up costs as much as a tenth of a scrape, and so
/// is paid once for all of them.
/// </remarks>
internal static class ScrapeSchedule
{
    private const int PlacesInInterval = 150;
    private const long PlaceMsMax = 100;

    /// <summary>The first scrape at or after <paramref name="nowMs"/>.</summary>
    public static long First(long nowMs, long intervalMs, ulong targetHash, ulong serverSeed)
    {
        long place = (long)((targetHash ^ serverSeed) % (ulong)intervalMs);
        place -= place % Math.Clamp(intervalMs / PlacesInInterval, 1, PlaceMsMax);
        long start = nowMs - (nowMs % intervalMs) + place;
        return start < nowMs ? start + intervalMs : start;
    }

    /// <summary>
    /// The scrape after the one planned for <paramref name="plannedMs"/>. Of those that are past by now only the last is made up for, at once:
    /// a target that uses up its timeout, which may be the whole interval, still gets a sample each interval.
    /// </summary>
    public static long Next(long plannedMs, long nowMs, long intervalMs) =>
        plannedMs + (Math.Max(1, (nowMs - plannedMs) / intervalMs) * intervalMs);

    /// <summary>
    /// The timestamp of the samples: the planned time if the scrape began close enough to it, otherwise the time that it began.
    /// Even distances compress to one bit a sample.
    /// </summary>
    public static long Timestamp(long plannedMs, long beganMs, long intervalMs, long toleranceMs)
    {
        long tolerance = Math.Min(toleranceMs, intervalMs / 100);
        return beganMs - plannedMs <= tolerance && beganMs >= plannedMs ? plannedMs : beganMs;
    }
}
