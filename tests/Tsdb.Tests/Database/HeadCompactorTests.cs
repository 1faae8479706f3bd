using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Tests.Head;

namespace Narthex.Tsdb.Tests.Database;

public sealed class HeadCompactorTests : IDisposable
{
    private const long RangeMs = 7_200_000;
    private const long StartMs = 1_700_000_000_000 / RangeMs * RangeMs;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-compact-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private BlockMeta? WriteBlock(HeadStorage head, TimeRange range)
    {
        BlockId id = BlockId.New(TimeProvider.System);
        using var source = new HeadBlockSource(head, range, CancellationToken.None);
        return BlockWriter.Write(
            _root,
            new BlockMeta { Ulid = id, MinTime = range.MinMs, MaxTime = range.MaxMs + 1, Compaction = new BlockCompaction { Sources = [id.ToString()] } },
            source);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Blocks_and_the_truncated_head_together_hold_what_the_head_held(int seed)
    {
        var random = new Random(seed);
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        int blocks = 0;
        int chunksTaken = 0;
        var gathered = new SortedDictionary<string, List<(long, ulong)>>(StringComparer.Ordinal);
        var model = new Dictionary<string, List<(long Ms, ulong Bits)>>();
        long now = StartMs + 1_000_000;
        for (int commit = 0; commit < 1500; commit++)
        {
            now += random.Next(30_000);
            for (int i = random.Next(12); i >= 0; i--)
            {
                int number = random.Next(3) == 0 ? random.Next(4) : (commit / 200 * 5) + random.Next(10);
                double value = random.Next(3) == 0 ? random.NextDouble() : random.Next(100);
                Labels labels = HeadTruncationTests.LabelsOf(number);
                appender.Append(appender.GetOrAddSeries(labels), now + i, value);
                if (appender.Commit().Appended == 1)
                {
                    (model.TryGetValue(labels.ToString(), out List<(long, ulong)>? samples) ? samples : model[labels.ToString()] = [])
                        .Add((now + i, BitConverter.DoubleToUInt64Bits(value)));
                }
            }

            if (!HeadCompactor.IsDue(head))
            {
                continue;
            }

            TimeRange range = HeadCompactor.OldestRange(head);
            Assert.Equal(0, (range.MaxMs + 1) % RangeMs);
            BlockMeta meta = WriteBlock(head, range)!;
            blocks++;
            using BlockReader block = BlockReader.Open(Path.Combine(_root, meta.Ulid.ToString()));
            var held = HeadReading.ReadAll(block);
            HeadReading.AssertSame(HeadReading.ReadAll(head, range), held, $"seed {seed} block {blocks}");
            Assert.Equal((ulong)block.Verify(), meta.Stats.NumSamples);
            Assert.Equal((range.MinMs, range.MaxMs + 1, 1), (meta.MinTime, meta.MaxTime, meta.Compaction.Level));
            Assert.Equal([meta.Ulid.ToString()], meta.Compaction.Sources);
            chunksTaken += (int)meta.Stats.NumChunks;
            foreach ((string name, List<(long, ulong)> samples) in held)
            {
                (gathered.TryGetValue(name, out List<(long, ulong)>? all) ? all : gathered[name] = []).AddRange(samples);
            }

            head.Truncate(range.MaxMs + 1);
            Assert.True(head.Reclaim());
        }

        foreach ((string name, List<(long, ulong)> samples) in HeadReading.ReadAll(head))
        {
            (gathered.TryGetValue(name, out List<(long, ulong)>? all) ? all : gathered[name] = []).AddRange(samples);
        }

        HeadReading.AssertSame(model, gathered, $"seed {seed}");
        Assert.True(blocks >= 2 && chunksTaken > 20, $"{blocks} blocks with {chunksTaken} chunks");
    }

    [Fact]
    public void A_chunk_over_the_end_of_the_range_is_divided()
    {
        // Chunks end with the range, unless the ranges have changed since: here they are longer than the block.
        var head = new HeadStorage();
        HeadTruncationTests.Fill(head, 0, 3, StartMs, 300);
        var range = new TimeRange(StartMs + 600_000, StartMs + 1_499_999);

        BlockMeta meta = WriteBlock(head, range)!;

        Assert.Equal(3 * 60UL, meta.Stats.NumSamples);
        using BlockReader block = BlockReader.Open(Path.Combine(_root, meta.Ulid.ToString()));
        HeadReading.AssertSame(HeadReading.ReadAll(head, range), HeadReading.ReadAll(block), "the block");
        Assert.Null(WriteBlock(head, new TimeRange(0, 1)));
    }
}
