using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Tests.Database;

public sealed class ChunkQueueMetricsTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-queue-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Full_chunks_are_added_and_completed_when_they_are_in_files()
    {
        var registry = new MetricRegistry();
        await using TsdbDatabase database = await OpenAsync(registry, queueSize: 1_000_000);
        using IAppender appender = database.OpenAppender();
        for (int i = 0; i < 500; i++)
        {
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "a")), StartMs + (i * 15_000), i);
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "b")), StartMs + (i * 15_000), i);
        }

        appender.Commit();
        double full = database.Head.ChunkCount - 2; // One of each series is open.
        Assert.InRange(full, 4, 10);
        Assert.Equal(full, Read(registry)["add"]);
        database.Head.WriteClosedChunks();
        Assert.Equal(
            new Dictionary<string, double> { ["add"] = full, ["complete"] = full, ["get"] = 0, ["shrink"] = 0 },
            Read(registry));
    }

    [Fact]
    public async Task Without_a_size_there_is_no_such_metric()
    {
        var registry = new MetricRegistry();
        await using TsdbDatabase database = await OpenAsync(registry, queueSize: 0);
        Assert.Empty(Read(registry));
    }

    private Task<TsdbDatabase> OpenAsync(MetricRegistry registry, int queueSize) =>
        TsdbDatabase.OpenAsync(Path.Combine(_root, "data"), new TsdbOptions { ChunkWriteQueueSize = queueSize }, registry, TimeProvider.System, NullLogger.Instance);

    private static Dictionary<string, double> Read(MetricRegistry registry)
    {
        var sink = new Operations();
        registry.Collect(sink);
        return sink.Found;
    }

    private sealed class Operations : IMetricSink
    {
        private bool _isQueue;

        public Dictionary<string, double> Found { get; } = [];

        public void BeginFamily(FamilyDescription family) => _isQueue = family.Name == "prometheus_tsdb_chunk_write_queue_operations_total";

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_isQueue)
            {
                Found.Add(labelValues[0], value);
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
