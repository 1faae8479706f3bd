using Narthex.Instrumentation;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class WalMetricsTests
{
    [Fact]
    public void Counts_what_the_log_does_and_exports_upstreams_names()
    {
        var files = new MemoryWalFiles();
        var metrics = new WalMetrics();
        var registry = new MetricRegistry();
        using WalWriter writer = WalWriter.Open("wal", new WalWriterOptions { Files = files, SegmentBytes = 2 * 32 * 1024, Metrics = metrics });
        metrics.Register(registry, writer.GetSize, WalCompression.Snappy);
        int syncs = 0;
        metrics.SyncObserved += _ => syncs++;

        writer.Log(new byte[1000]);
        writer.Log(WalRoundTripTests.MakeRecord(new Random(1), 130_000));
        writer.Sync();
        files.FreeBytes = 3;
        Assert.Throws<Narthex.Storage.StorageException>(() => writer.Log([1, 2, 3]));
        writer.TruncateBefore(1);

        Assert.Equal((1, 1, 1, 0), (metrics.CurrentSegment, metrics.WritesFailed, metrics.Truncations, metrics.TruncationsFailed));
        Assert.InRange(metrics.RecordBytesSaved, 900 + 60_000, 1000 + 70_000);
        Assert.Equal(131_000, metrics.RecordPartBytes - (7 * metrics.RecordPartWrites) + metrics.RecordBytesSaved);
        Assert.True(syncs >= 1);
        Assert.Equal(files.Files.Values.Sum(content => (long)content.Length), writer.GetSize());
        foreach (string name in new[] { "fsync_duration_seconds", "page_flushes_total", "completed_pages_total", "truncations_total", "truncations_failed_total",
            "segment_current", "writes_failed_total", "storage_size_bytes", "record_part_writes_total", "record_parts_bytes_written_total", "record_bytes_saved_total" })
        {
            Assert.True(registry.Contains("prometheus_tsdb_wal_" + name), name);
        }
    }
}
