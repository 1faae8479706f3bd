using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Blocks;

public sealed class BlockFileTests
{
    [Fact]
    public void Block_ids_are_ULIDs()
    {
        BlockId id = BlockId.Parse("01ARYZ6S41TSV4RRFFQ69G5FAV"); // The example of the specification, with its time.
        Assert.Equal("01ARYZ6S41TSV4RRFFQ69G5FAV", id.ToString());
        Assert.Equal(1_469_918_176_385, id.TimestampMs);
        Assert.Equal(id, BlockId.Parse("01aryz6s41tsv4rrffq69g5fav"));
        foreach (string bad in (string[])["", "01BX5ZZKBKACTAV9WEVGEMMVR", "81BX5ZZKBKACTAV9WEVGEMMVRZ", "01BX5ZZKBKACTAV9WEVGEMMVRU", "01BX5ZZKBKACTAV9WEVGEMMVRZ0"])
        {
            Assert.False(BlockId.TryParse(bad, out _), bad);
        }

        BlockId now = BlockId.New(TimeProvider.System);
        Assert.InRange(now.TimestampMs, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 60_000, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.True(now > id);
    }

    [Fact]
    public void Sections_of_others_in_the_meta_file_survive_rewriting()
    {
        using var directory = new PeerDirectory();
        const string text = """
            {"version":1,"ulid":"01BX5ZZKBKACTAV9WEVGEMMVRZ","minTime":0,"maxTime":7200000,
             "stats":{"numSamples":3,"numFuture":7},"compaction":{"level":2,"sources":["01BX5ZZKBKACTAV9WEVGEMMVRZ"],
             "parents":[{"ulid":"01BX5ZZKBKACTAV9WEVGEMMVR0","minTime":0,"maxTime":5}],"hints":["from-out-of-order"]},
             "thanos":{"labels":{"a":"b"},"downsample":{"resolution":0}}}
            """;
        File.WriteAllText(directory.Combine("meta.json"), text);
        BlockMeta meta = BlockMetaFile.Read(directory.Path);
        BlockMetaFile.Write(directory.Path, meta with { Stats = meta.Stats with { NumTombstones = 4 } });
        string written = File.ReadAllText(directory.Combine("meta.json"));
        BlockMeta again = BlockMetaFile.Read(directory.Path);
        Assert.Equal(4u, again.Stats.NumTombstones);
        Assert.Equal("b", again.Others!["thanos"].GetProperty("labels").GetProperty("a").GetString());
        Assert.Contains("\"numFuture\": 7", written, StringComparison.Ordinal);
        Assert.Equal("from-out-of-order", Assert.Single(again.Compaction.Hints!));
        Assert.Equal(5, Assert.Single(again.Compaction.Parents!).MaxTime);
        Assert.Equal(["meta.json"], Directory.GetFiles(directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Tombstones_that_touch_become_one_and_read_back()
    {
        TombstoneSet set = TombstoneSet.Empty.With([new(7, new TimeRange(10, 20)), new(7, new TimeRange(21, 30)), new(7, new TimeRange(40, 50)), new(3, new TimeRange(-5, -1))]);
        set = set.With([new(7, new TimeRange(45, 60))]);
        Assert.Equal(3, set.Count);
        TombstoneSet read = TombstoneFile.Parse(TombstoneFile.Encode(set), "test");
        Assert.Equal([new TimeRange(10, 30), new TimeRange(40, 60)], read.Get(7).ToArray());
        Assert.Equal([new TimeRange(-5, -1)], read.Get(3).ToArray());
        Assert.Equal("0130BA300100000000", Convert.ToHexString(TombstoneFile.Encode(TombstoneSet.Empty))); // As the real one writes it.
    }

    [Fact]
    public void Segments_are_cut_at_their_limit_and_chunks_found_in_each()
    {
        using var directory = new PeerDirectory();
        var references = new List<(ulong Reference, byte[] Data)>();
        var random = new Random(5);
        using (var writer = new ChunkSegmentWriter(directory.Path, segmentBytesMax: 1000))
        {
            for (int i = 0; i < 100; i++)
            {
                byte[] data = new byte[random.Next(1, i == 50 ? 5000 : 200)];
                random.NextBytes(data);
                references.Add((writer.Write(ChunkEncoding.Xor, data), data));
            }

            writer.Finish();
        }

        using ChunkSegmentReader reader = ChunkSegmentReader.Open(directory.Path, "test");
        Assert.True(reader.Count > 10);
        Assert.Equal(8ul, references[0].Reference);
        foreach ((ulong reference, byte[] data) in references)
        {
            Assert.Equal(data, reader.Read(reference, out ChunkEncoding encoding).ToArray());
            Assert.Equal(ChunkEncoding.Xor, encoding);
        }

        Assert.Throws<BlockCorruptionException>(() => reader.Read(references[3].Reference + 1, out _).Length);
        Assert.Throws<BlockCorruptionException>(() => reader.Read(1UL << 62, out _).Length);
    }

    [Fact]
    public void Deleted_samples_are_gone_from_queries_at_once_and_after_reopening()
    {
        using var directory = new PeerDirectory();
        var source = new MemorySource();
        source.Add(Labels.FromStrings("__name__", "a"), (10, 1), (20, 2), (30, 3)).Add(Labels.FromStrings("__name__", "a"), (40, 4), (50, 5));
        source.Add(Labels.FromStrings("__name__", "b"), (10, 1), (20, 2));
        string path = directory.Combine(source.Write(directory.Path, 0, 100).Ulid.ToString());
        using BlockReader block = BlockReader.Open(path);
        using IQuerier before = block.OpenQuerier(TimeRange.All);

        Assert.Equal(1, block.Delete([new LabelMatcher(MatchType.Equal, "__name__", "a")], new TimeRange(20, 40)));
        Assert.Equal(1, block.Delete([new LabelMatcher(MatchType.Equal, "__name__", "b")], TimeRange.All));
        Assert.Equal(0, block.Delete([new LabelMatcher(MatchType.Equal, "__name__", "b")], new TimeRange(60, 70)));

        string[] expected = ["{__name__=\"a\"} 1 10", "{__name__=\"a\"} 5 50"];
        Assert.Equal(expected, Dump.All(block));
        Assert.Equal(7, Dump.All(before).Count);
        using BlockReader reopened = BlockReader.Open(path);
        Assert.Equal(expected, Dump.All(reopened));
        Assert.Equal(2u, reopened.Meta.Stats.NumTombstones);
        Assert.Equal(["{__name__=\"a\"} 5 50"], Dump.All(reopened, new TimeRange(30, 60)));
    }

    [Fact]
    public void A_querier_outlives_the_disposal_of_its_block()
    {
        using var directory = new PeerDirectory();
        BlockMeta meta = new MemorySource().Add(Labels.FromStrings("__name__", "a"), (10, 1)).Write(directory.Path, 0, 100);
        BlockReader block = BlockReader.Open(directory.Combine(meta.Ulid.ToString()));
        using IQuerier querier = block.OpenQuerier(TimeRange.All);
        block.Dispose();
        Directory.Delete(block.DirectoryPath, recursive: true);
        Assert.Single(Dump.All(querier));
        Assert.False(block.TryOpenQuerier(TimeRange.All, out _));
    }

    [Fact]
    public void A_source_that_fails_or_is_empty_leaves_nothing_behind()
    {
        using var directory = new PeerDirectory();
        var meta = new BlockMeta { Ulid = BlockId.New(TimeProvider.System), MinTime = 0, MaxTime = 100 };
        Assert.Null(BlockWriter.Write(directory.Path, meta, new MemorySource()));
        MemorySource source = new MemorySource().Add(Labels.FromStrings("__name__", "a"), (10, 1));
        Assert.Throws<OperationCanceledException>(() => BlockWriter.Write(directory.Path, meta, source, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Theory]
    [InlineData("index")]
    [InlineData("chunks/000001")]
    [InlineData("meta.json")]
    [InlineData("tombstones")]
    public void Damaged_files_are_reported_and_never_crash(string file)
    {
        using var directory = new PeerDirectory();
        var source = new MemorySource();
        for (int i = 0; i < 60; i++)
        {
            source.Add(Labels.FromStrings("__name__", "m" + (i % 2), "i", "v" + i), (10, i), (20, 2), (30, 2.5));
        }

        string path = directory.Combine(source.Write(directory.Path, 0, 100).Ulid.ToString());
        using (BlockReader block = BlockReader.Open(path))
        {
            block.Delete([new LabelMatcher(MatchType.Equal, "i", "v3")], new TimeRange(0, 15));
        }

        string target = Path.Combine(path, file);
        byte[] sound = File.ReadAllBytes(target);
        int reported = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            byte[] damaged = Mutate(sound, new Random(seed), fixChecksums: seed % 2 == 0 && file == "index");
            File.WriteAllBytes(target, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using BlockReader block = BlockReader.Open(path);
                Dump.All(block);
                Dump.All(block, null, new LabelMatcher(MatchType.Regex, "i", "v[1-5].*"), new LabelMatcher(MatchType.NotEqual, "__name__", "m1"));
                using IQuerier querier = block.OpenQuerier(TimeRange.All);
                querier.GetLabelNames([Dump.Everything], 0, default);
                querier.GetLabelValues("i", [Dump.Everything], 0, default);
                block.Verify();
            }
            catch (BlockCorruptionException error)
            {
                Assert.Equal(Path.GetFileName(path), error.Block);
                reported++;
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20 << 20, $"seed {seed} allocated too much");
        }

        Assert.True(reported > (file == "meta.json" ? 50 : 200), $"{reported} of 400 were found");
    }

    private static byte[] Mutate(byte[] sound, Random random, bool fixChecksums)
    {
        byte[] bytes = [.. sound];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(5))
            {
                case 0:
                    bytes = bytes[..random.Next(bytes.Length + 1)];
                    break;
                case 1 when bytes.Length > 8:
                    bytes.AsSpan(random.Next(bytes.Length - 4), 4).Fill(0xFF);
                    break;
                default:
                    if (bytes.Length > 0)
                    {
                        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    }

                    break;
            }
        }

        if (fixChecksums && bytes.Length == sound.Length)
        {
            FixChecksums(sound, bytes);
        }

        return bytes;
    }

    // So that the damage gets past the checksums: of the tables, of all lists and of all series.
    private static void FixChecksums(byte[] sound, byte[] bytes)
    {
        ReadOnlySpan<byte> contents = sound.AsSpan(sound.Length - IndexContents, IndexContents);
        Fix(bytes, sound.Length - IndexContents, IndexContents - 4);
        foreach (int place in (int[])[0, 40])
        {
            int section = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(contents[place..]);
            Fix(bytes, section + 4, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(sound.AsSpan(section)));
        }

        int list = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(contents[32..]);
        int labelTable = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(contents[24..]);
        while (list < labelTable)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(sound.AsSpan(list));
            Fix(bytes, list + 4, length);
            list += length + 8;
        }

        int series = ((int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(contents[8..]) + 15) & -16;
        int end = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(contents[16..]);
        while (series < end)
        {
            Fix(bytes, series + 1, sound[series]);
            series = (series + 1 + sound[series] + 4 + 15) & -16;
        }
    }

    private const int IndexContents = 52;

    private static void Fix(byte[] bytes, int start, int length) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(start + length), Narthex.Tsdb.Binary.Crc32C.Compute(bytes.AsSpan(start, length)));
}
