namespace Narthex.Prometheus;

/// <summary>How many threads the pool has at once when work waits.</summary>
internal static class PoolThreads
{
    // Who lets more queries run than this is served by the pool's own growth.
    private const int QueriesMax = 64;

    /// <summary>
    /// Makes that enough for all queries that may run at a time. By itself the pool begins with one for each processor and then adds about two a second, so that
    /// as many long queries as there are processors would keep scrapes and new connections waiting; with threads of their own they only share the processors.
    /// </summary>
    /// <param name="queries">The most queries at a time.</param>
    public static void MakeEnoughFor(int queries)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + Math.Min(queries, QueriesMax)), ports);
    }
}
