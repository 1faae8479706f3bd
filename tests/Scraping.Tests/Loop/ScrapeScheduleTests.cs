namespace Narthex.Scraping.Tests;

public class ScrapeScheduleTests
{
    [Fact]
    public void The_first_scrape_comes_within_one_interval_and_at_the_same_place_after_each_start()
    {
        var random = new Random(1);
        for (int i = 0; i < 10_000; i++)
        {
            long intervalMs = random.NextInt64(1, 100_000_000);
            long nowMs = random.NextInt64(0, 4_000_000_000_000);
            ulong hash = (ulong)random.NextInt64();
            ulong seed = (ulong)random.NextInt64();
            long first = ScrapeSchedule.First(nowMs, intervalMs, hash, seed);
            Assert.InRange(first, nowMs, nowMs + intervalMs - 1);
            long later = ScrapeSchedule.First(nowMs + random.NextInt64(1_000_000_000), intervalMs, hash, seed);
            Assert.Equal(0, (later - first) % intervalMs);
        }
    }

    [Fact]
    public void Targets_spread_over_the_interval()
    {
        var random = new Random(2);
        var places = Enumerable.Range(0, 10_000).Select(_ => ScrapeSchedule.First(0, 10_000, (ulong)random.NextInt64(), 7) / 1000).CountBy(second => second);
        Assert.All(places, place => Assert.InRange(place.Value, 850, 1150));
    }

    [Fact]
    public void Servers_of_different_identity_scrape_at_different_moments() =>
        Assert.NotEqual(ScrapeSchedule.First(0, 60_000, 12345, 1), ScrapeSchedule.First(0, 60_000, 12345, 77_777));

    [Theory]
    [InlineData(1000, 1001, 2000)] // In time.
    [InlineData(1000, 2000, 2000)] // Took the whole interval: at once.
    [InlineData(1000, 2007, 2000)] // A little more: still this one, at once.
    [InlineData(1000, 9500, 9000)] // Of those that were missed only the last.
    [InlineData(1000, 400, 2000)] // The clock was set back: the wait notices.
    public void Missed_scrapes_are_left_out_but_for_the_last(long planned, long now, long expected) =>
        Assert.Equal(expected, ScrapeSchedule.Next(planned, now, 1000));

    [Theory]
    [InlineData(5000, 5000, 5000)]
    [InlineData(5000, 5002, 5000)]
    [InlineData(5000, 5003, 5003)]
    [InlineData(5000, 4999, 4999)]
    public void Timestamps_keep_the_grid_within_the_tolerance(long planned, long began, long expected) =>
        Assert.Equal(expected, ScrapeSchedule.Timestamp(planned, began, intervalMs: 1000, toleranceMs: 2));

    [Fact]
    public void The_tolerance_is_at_most_a_hundredth_of_the_interval()
    {
        Assert.Equal(5002, ScrapeSchedule.Timestamp(5000, 5002, intervalMs: 100, toleranceMs: 2));
        Assert.Equal(5001, ScrapeSchedule.Timestamp(5000, 5001, intervalMs: 1000, toleranceMs: 0));
    }
}
