using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Chunks;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

/// <summary>No room for full chunks of histograms and of samples out of order: they stay in memory, where they were.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-full-").FullName;
    private readonly FullDiskFiles _disk = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Chunks_of_histograms_wait_in_memory_until_there_is_room()
    {
        var samples = new HistogramChunkFilesTests.Samples(3);
        var head = new HeadStorage();
        using (var files = new HeadChunkFiles(_directory, _disk))
        {
            head.AttachChunkFiles(files);
            Commit(samples, head, 0, 200);
            head.WriteClosedChunks();
            long written = files.ChunksWritten;
            Assert.True(written > 0);
            _disk.IsFull = true;
            Commit(samples, head, 200, 500);
            long waiting = head.ClosedChunks.InMemoryCount;
            Assert.True(waiting > 10);
            for (int attempt = 0; attempt < 2; attempt++)
            {
                Assert.Equal("write head chunks: No space left on device", Assert.Throws<StorageException>(head.WriteClosedChunks).Message);
                Assert.Equal((waiting, written), (head.ClosedChunks.InMemoryCount, files.ChunksWritten));
                Assert.Equal(samples.Sorted(), SampleLines.ReadAll(head));
            }

            _disk.IsFull = false;
            head.WriteClosedChunks();
            Assert.Equal((0, written + waiting), (head.ClosedChunks.InMemoryCount, files.ChunksWritten));
            Assert.Equal(samples.Sorted(), SampleLines.ReadAll(head));
        }

        using var reopened = new HeadChunkFiles(_directory);
        int count = 0;
        Assert.Null(reopened.Load(_ => count++ < 0 ? "" : null));
        Assert.Equal(head.ChunkCount - head.SeriesCount, count);
    }

    [Fact]
    public void Samples_out_of_order_are_taken_and_their_chunks_stay_in_memory_without_a_marker()
    {
        var histograms = new HistogramSamples(new Random(4), HistogramKind.Counter);
        var expected = new SortedDictionary<(int Series, long Ms), string>();
        var head = new HeadStorage();
        head.SetOutOfOrderWindow(86_400_000);
        using var files = new HeadChunkFiles(Path.Combine(_directory, "chunks_head"), _disk);
        head.AttachChunkFiles(files);
        using (WalWriter log = WalWriter.Open(Path.Combine(_directory, "wbl"), new WalWriterOptions()))
        {
            head.AttachOutOfOrderLog(log);
            Late(0, 1);
            Late(1, 100);
            long written = head.OutOfOrderChunksWritten;
            Assert.True(written > 0);
            _disk.IsFull = true;
            Late(100, 200);
            Assert.Equal(written, head.OutOfOrderChunksWritten);
            Assert.Equal(expected.Values, SampleLines.ReadAll(head));
            _disk.IsFull = false;
            Late(200, 300);
            Assert.InRange(head.OutOfOrderChunksWritten, written + 1, (2 * 300 / 32) - 4);
            Assert.Equal(expected.Values, SampleLines.ReadAll(head));
        }

        // Each chunk in the files has its marker, and no marker names another one.
        var found = new HashSet<ulong>();
        using var reopened = new HeadChunkFiles(Path.Combine(_directory, "chunks_head"));
        Assert.Null(reopened.Load(chunk =>
        {
            found.Add(chunk.Ref.Value);
            return null;
        }));
        Assert.Equal(found.Order(), Markers().Order());

        // From the newest back, so that all but the first are late.
        void Late(int first, int end)
        {
            for (int i = first; i < end; i++)
            {
                using IAppender appender = head.OpenAppender();
                long ms = StartMs - (i * 1000L);
                FloatHistogram histogram = histograms.Next();
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "l0")), ms, i);
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "l1")), ms, histogram);
                expected.Add((0, ms), SampleLines.Line("{__name__=\"l0\"}", ms, i, null));
                expected.Add((1, ms), SampleLines.Line("{__name__=\"l1\"}", ms, 0, histogram));
                Assert.Equal(2, appender.Commit().Appended);
            }
        }
    }

    private List<ulong> Markers()
    {
        var markers = new List<ulong>();
        using var reader = WalReader.Open(Path.Combine(_directory, "wbl"));
        while (reader.MoveNext())
        {
            if (reader.RecordType == RecordType.MmapMarkers)
            {
                var record = new MmapMarkersRecordReader(reader.Record);
                while (record.MoveNext())
                {
                    markers.Add(record.ChunkRef);
                }
            }
        }

        return markers;
    }

    private static void Commit(HistogramChunkFilesTests.Samples samples, HeadStorage head, int first, int end)
    {
        for (int commit = first; commit < end; commit++)
        {
            samples.Commit(head, commit);
        }
    }
}
