using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Tests.Chunks;
using Narthex.Tsdb.Tests.Database;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

/// <summary>Histograms of every kind, alone and among floats, against a plain list of what was committed: in memory, in files, and after starts of all sorts.</summary>
public sealed class HistogramChunkFilesTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private const int SeriesCount = 8;
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-histograms-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Views_see_the_same_while_chunks_are_cut_and_moved_and_files_go(int seed)
    {
        var random = new Random(seed);
        var samples = new Samples(seed);
        var head = new HeadStorage(new HeadOptions { ChunkRangeMs = 600_000 });
        using var files = new HeadChunkFiles(_directory);
        head.AttachChunkFiles(files);
        var views = new List<(IQuerier View, List<string> Expected)>();
        for (int commit = 0; commit < 700; commit++)
        {
            samples.Commit(head, commit);
            if (random.Next(12) == 0)
            {
                head.WriteClosedChunks();
                Assert.Equal(0, head.ClosedChunks.InMemoryCount);
            }

            if (random.Next(20) == 0)
            {
                views.Add((head.OpenQuerier(TimeRange.All), samples.Sorted()));
            }

            if (views.Count > 0 && random.Next(16) == 0)
            {
                int which = random.Next(views.Count);
                AssertSame(views[which].Expected, SampleLines.ReadAll(views[which].View), $"seed {seed} commit {commit}");
                views[which].View.Dispose();
                views.RemoveAt(which);
            }

            if (commit % 150 == 149)
            {
                long minMs = Samples.TimeOf(commit - 100);
                head.Truncate(minMs);
                samples.Forget(minMs);
            }
        }

        Assert.True(files.ChunksWritten > 100, $"only {files.ChunksWritten} chunks were written");
        foreach ((IQuerier view, List<string> expected) in views)
        {
            AssertSame(expected, SampleLines.ReadAll(view), $"seed {seed}");
            view.Dispose();
        }

        head.Truncate(Samples.TimeOf(700));
        while (!head.Reclaim())
        {
        }

        Assert.Equal((0, 0L), (head.Histograms.SeriesCount, head.ChunkCount));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Kills_and_clean_ends_leave_every_histogram(int seed)
    {
        var random = new Random(seed);
        var samples = new Samples(seed);
        string data = Path.Combine(_directory, "data");
        var options = new TsdbOptions { SnapshotOnClose = true };
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, options);
        int fromFiles = 0;
        for (int commit = 0; commit < 400; commit++)
        {
            samples.Commit(database.Head, commit);
            if (random.Next(40) == 0)
            {
                database.Head.WriteClosedChunks();
            }

            if (seed > 1 && random.Next(30) == 0)
            {
                database.WriteSnapshot();
            }

            if (random.Next(45) == 0)
            {
                bool killed = random.Next(2) == 0;
                string copy = Path.Combine(_directory, $"killed{commit}");
                if (killed)
                {
                    HeadChunkWritingTests.CopyDirectory(data, copy);
                    data = copy;
                }

                await database.DisposeAsync();
                Assert.InRange(Directory.GetDirectories(data, "chunk_snapshot.*").Length, killed ? 0 : 1, 1);
                var registry = new MetricRegistry();
                database = await TsdbDatabase.OpenAsync(data, options, registry, TimeProvider.System, NullLogger.Instance);
                fromFiles += (int)(database.Head.ClosedChunks.Count - database.Head.ClosedChunks.InMemoryCount);
                AssertSame(samples.Sorted(), SampleLines.ReadAll(database), $"seed {seed} commit {commit} killed {killed}");
                Assert.Equal(samples.HistogramSeries, database.Head.Histograms.SeriesCount);

                // The newest samples are known: again they are taken silently.
                samples.Commit(database.Head, commit, again: true);
            }
        }

        AssertSame(samples.Sorted(), SampleLines.ReadAll(database), $"seed {seed} at the end");
        Assert.True(fromFiles > 50, $"seed {seed}: {fromFiles} chunks came from files");
        var middle = new TimeRange(Samples.TimeOf(133) + 1, Samples.TimeOf(311));
        Assert.Equal((311 - 133) * SeriesCount, CountInBlock(database.Head, middle));
        await database.DisposeAsync();
    }

    [Fact]
    public void A_chunk_that_no_block_of_the_arena_holds_is_kept_and_written_too()
    {
        var head = new HeadStorage();
        using var files = new HeadChunkFiles(_directory);
        head.AttachChunkFiles(files);
        var expected = new List<FloatHistogram>();
        using IAppender appender = head.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "huge"));
        var random = new Random(4);
        for (int i = 0; i < 40; i++)
        {
            var histogram = new FloatHistogram
            {
                Schema = 8,
                Sum = i,
                PositiveSpans = [new HistogramSpan(0, 60_000)],
                PositiveBuckets = [.. Enumerable.Range(0, 60_000).Select(_ => random.NextDouble())],
                CounterResetHint = CounterResetHint.Gauge,
            };
            histogram.Count = histogram.PositiveBuckets.Sum();
            appender.Append(series, StartMs + (i * 1000), histogram);
            appender.Commit();
            expected.Add(histogram);
        }

        AssertSame("in memory");
        head.WriteClosedChunks();
        Assert.Equal(0, head.ClosedChunks.InMemoryCount);
        Assert.True(files.Bytes > 10 << 20, $"{files.Bytes} bytes");
        AssertSame("in files");

        // Millions of buckets: not as text.
        void AssertSame(string where)
        {
            using IQuerier querier = head.OpenQuerier(TimeRange.All);
            using ISeriesSelection selection = querier.Select(default, [new LabelMatcher(MatchType.Equal, "__name__", "huge")], CancellationToken.None);
            using var samples = new SampleBuffer();
            Assert.Equal(1, selection.Count);
            selection.ReadSamples(0, samples);
            Assert.Equal(expected.Select((_, i) => StartMs + (i * 1000)), samples.Timestamps.ToArray());
            for (int i = 0; i < expected.Count; i++)
            {
                Assert.True(HistogramStore.AreSame(expected[i], samples.Histograms[i]!), $"{where}: {i}");
            }
        }
    }

    [PeerFact]
    public async Task Prometheus_starts_from_our_files_and_snapshot_and_we_from_its()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        var samples = new Samples(5);
        var options = new TsdbOptions { SnapshotOnClose = true };
        long chunks;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, options))
        {
            for (int commit = 0; commit < 300; commit++)
            {
                samples.Commit(database.Head, commit);
            }

            chunks = database.Head.ChunkCount;
        }

        // Only what is in the snapshot and the files can come out of them: the log has nothing but its length.
        foreach (string segment in Directory.GetFiles(Path.Combine(data, "wal")))
        {
            File.WriteAllBytes(segment, new byte[new FileInfo(segment).Length]);
        }

        string count = string.Create(CultureInfo.InvariantCulture, $"\"{samples.Sorted().Count(line => !line.EndsWith("stale histogram", StringComparison.Ordinal))}\"]");
        await using (PeerServer server = await PeerServer.StartAsync(directory, data, "--enable-feature=memory-snapshot-on-shutdown,native-histograms"))
        {
            Assert.Equal(0, await server.GetMetricAsync("prometheus_tsdb_snapshot_replay_error_total"));
            Assert.Equal(0, await server.GetMetricAsync("prometheus_tsdb_mmap_chunk_corruptions_total"));

            // It does not count the open ones that it has from a snapshot.
            Assert.Equal(chunks - SeriesCount, await server.GetMetricAsync("prometheus_tsdb_head_chunks"));
            string sum = string.Join("%2B", Enumerable.Range(0, SeriesCount).Select(i => $"sum(count_over_time(h{i}[2h]))"));
            Assert.Contains(count, await server.GetAsync("/api/v1/query?time=1700005000&query=" + sum), StringComparison.Ordinal);
            await server.StopAsync();
        }

        Assert.Single(Directory.GetDirectories(data, "chunk_snapshot.*"));
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, options);
        AssertSame(samples.Sorted(), SampleLines.ReadAll(again), "theirs");
        Assert.Equal(chunks, again.Head.ChunkCount);
    }

    // A block over a part of the head: chunks that reach over its ends are encoded anew.
    private static int CountInBlock(HeadStorage head, TimeRange range)
    {
        using var source = new HeadBlockSource(head, range, CancellationToken.None);
        using IBlockSeriesCursor series = source.OpenSeries();
        int count = 0;
        while (series.MoveNext())
        {
            long endMs = long.MinValue;
            for (int i = 0; i < series.ChunkCount; i++)
            {
                BlockChunk chunk = series.GetChunk(i);
                Assert.True(chunk.Range.MinMs > endMs && chunk.Range.MinMs >= range.MinMs && chunk.Range.MaxMs <= range.MaxMs);
                endMs = chunk.Range.MaxMs;
                using var samples = new SampleBuffer();
                ChunkDecoder.Append(chunk.Encoding, chunk.Data, TimeRange.All, samples);
                count += samples.Count;
            }
        }

        return count;
    }

    private static void AssertSame(List<string> expected, List<string> actual, string context)
    {
        SampleLines.AssertSame(expected, actual, context);
    }

    /// <summary>Commits to some series: one of each kind of histogram, one that changes between histograms and floats, one with staleness markers, one of floats.</summary>
    internal sealed class Samples
    {
        private readonly HistogramSamples[] _sources;
        private readonly List<(int Series, long Ms, string Line)> _lines = [];
        private readonly Random _random;
        private readonly (object Value, int Commit)[] _last = new (object, int)[SeriesCount];

        public Samples(int seed)
        {
            _random = new Random(seed * 31);
            _sources = [.. Enum.GetValues<HistogramKind>().Select(kind => new HistogramSamples(_random, kind)), new(_random, HistogramKind.Counter), new(_random, HistogramKind.Floats)];
        }

        public int HistogramSeries => SeriesCount - 1;

        public static long TimeOf(int commit) => StartMs + (commit * 10_000L);

        public void Commit(HeadStorage head, int commit, bool again = false)
        {
            using IAppender appender = head.OpenAppender();
            for (int i = 0; i < SeriesCount; i++)
            {
                object value = again ? _last[i].Value : Next(i, commit);
                _last[i] = (value, commit);
                string labels = $"{{__name__=\"h{i}\"}}";
                SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", $"h{i}"));
                if (value is FloatHistogram histogram)
                {
                    appender.Append(series, TimeOf(commit), histogram);
                }
                else
                {
                    appender.Append(series, TimeOf(commit), (double)value);
                }

                if (!again)
                {
                    _lines.Add((i, TimeOf(commit), SampleLines.Line(labels, TimeOf(commit), value as double? ?? 0, value as FloatHistogram)));
                }
            }

            var rejected = new List<RejectedSample>();
            appender.Commit(rejected);
            Assert.True(rejected.Count == 0, $"commit {commit}: {string.Join(", ", rejected)}");
        }

        public void Forget(long minMs) => _lines.RemoveAll(line => line.Ms < minMs);

        public List<string> Sorted() => [.. _lines.OrderBy(line => line.Series).ThenBy(line => line.Ms).Select(line => line.Line)];

        private object Next(int series, int commit) => series switch
        {
            5 => commit / 25 % 3 == 1 ? (object)(double)commit : _sources[5].Next(),
            6 => commit % 40 > 36 ? new FloatHistogram { Sum = StaleNaN.Value } : _sources[6].Next(),
            7 => _random.NextDouble(),
            _ => _sources[series].Next(),
        };
    }
}
