using Narthex.Instrumentation;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>The metric about full chunks that wait for being written to files. As upstream, it exists only where the queue was given a size.</summary>
internal static class ChunkQueueMetrics
{
    public static void Register(MetricRegistry registry, HeadStorage head) => registry.AddCollector(
        new FamilyDescription(
            "prometheus_tsdb_chunk_write_queue_operations_total", "What happened to full chunks that wait for being written to files.", InstrumentKind.Counter, ["operation"]),
        sink =>
        {
            // Chunks out of order are written at once. What waits is counted last, so that no more seems to be completed than was added.
            long late = head.OutOfOrderChunksWritten;
            long added = head.ClosedChunks.QueuedCount;
            sink.Value(["add"], added + late);
            sink.Value(["complete"], Math.Max(0, added - head.ClosedChunks.InMemoryCount) + late);

            // Readers find a waiting chunk where it was, not in the queue, and the queue is made anew for each writing.
            sink.Value(["get"], 0);
            sink.Value(["shrink"], 0);
        });
}
