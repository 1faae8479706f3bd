namespace Narthex.Prometheus.Tests;

public sealed class PoolThreadsTests : IDisposable
{
    private readonly int _workers;
    private readonly int _ports;

    public PoolThreadsTests() => ThreadPool.GetMinThreads(out _workers, out _ports);

    public void Dispose() => ThreadPool.SetMinThreads(_workers, _ports);

    [Theory]
    [InlineData(20, 20)]
    [InlineData(int.MaxValue, 64)]
    public void There_is_a_thread_for_each_query_within_reason_and_one_for_each_processor(int queries, int expected)
    {
        PoolThreads.MakeEnoughFor(queries);

        ThreadPool.GetMinThreads(out int workers, out int ports);
        Assert.Equal((Math.Max(_workers, Environment.ProcessorCount + expected), _ports), (workers, ports));
    }

    [Fact]
    public void Nobody_gets_fewer_than_he_has_set()
    {
        ThreadPool.SetMinThreads(200, _ports);

        PoolThreads.MakeEnoughFor(1);

        ThreadPool.GetMinThreads(out int workers, out _);
        Assert.Equal(200, workers);
    }
}
