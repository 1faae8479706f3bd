using Narthex.Web.Api;

namespace Narthex.Web.Tests.Api;

public sealed class RecentCostsTests
{
    private readonly Clock _clock = new();

    [Fact]
    public async Task What_was_short_is_answered_where_it_comes_in_and_all_else_in_the_pool()
    {
        var costs = new RecentCosts(_clock);
        Assert.True(await IsInPoolAsync(costs, 1));
        Assert.False(await IsInPoolAsync(costs, 1));
        Assert.True(await IsInPoolAsync(costs, 2));
        Assert.False(await IsInPoolAsync(costs, 1));

        // This one takes long there, for once.
        Assert.False(await IsInPoolAsync(costs, 1, TimeSpan.FromSeconds(1)));
        Assert.True(await IsInPoolAsync(costs, 1, TimeSpan.FromSeconds(1)));
        Assert.True(await IsInPoolAsync(costs, 1));
        Assert.False(await IsInPoolAsync(costs, 1));
    }

    [Fact]
    public async Task What_has_become_long_begins_again_in_the_pool()
    {
        var costs = new RecentCosts(_clock);
        var places = new List<bool>();
        string Answer(CancellationToken cancellation)
        {
            places.Add(Thread.CurrentThread.IsThreadPoolThread);
            if (places.Count == 2 && !places[1])
            {
                // As long as it is let.
                cancellation.WaitHandle.WaitOne();
                cancellation.ThrowIfCancellationRequested();
            }

            return "answer";
        }

        // The clock stands still, so whatever it takes was short.
        Assert.Equal("answer", await ThreadTests.OnThreadOfItsOwnAsync(() => costs.RunAsync(7, Answer, default).AsTask()));
        Assert.Equal("answer", await ThreadTests.OnThreadOfItsOwnAsync(() => costs.RunAsync(7, Answer, default).AsTask()));

        Assert.Equal([true, false, true], places);
    }

    [Fact]
    public async Task Who_leaves_ends_it_wherever_it_is()
    {
        var costs = new RecentCosts(_clock);
        await IsInPoolAsync(costs, 3);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        int asked = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ThreadTests.OnThreadOfItsOwnAsync(() => costs.RunAsync<string>(
            3,
            cancellation =>
            {
                asked++;
                throw new OperationCanceledException(cancellation);
            },
            gone.Token).AsTask()));
        Assert.Equal(1, asked);
    }

    private Task<bool> IsInPoolAsync(RecentCosts costs, int question, TimeSpan takes = default) => ThreadTests.OnThreadOfItsOwnAsync(() => costs.RunAsync(
        question,
        _ =>
        {
            _clock.Now += takes.Ticks;
            return Thread.CurrentThread.IsThreadPoolThread;
        },
        default).AsTask());

    // Measures what the test says, while timers go as always.
    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
