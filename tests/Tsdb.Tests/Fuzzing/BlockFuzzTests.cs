using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Tests.Blocks;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Fuzzing;

/// <summary>Blocks with damaged files: each is refused, or read as far as it makes sense, with a corruption exception and nothing else.</summary>
public sealed class BlockFuzzTests
{
    private static readonly LabelMatcher[][] s_matchers =
    [
        [new(MatchType.NotEqual, "absent", "x")],
        [new(MatchType.Equal, "i", "3")],
        [new(MatchType.Regex, "i", "1.*|2")],
        [new(MatchType.NotRegex, "job", "b.*"), new(MatchType.NotEqual, "i", "")],
    ];

    [Fact]
    public void Blocks_of_version_2()
    {
        using var directory = new PeerDirectory();
        var source = new MemorySource();
        var random = new Random(1);
        for (int s = 0; s < 40; s++)
        {
            var samples = new (long, double)[random.Next(1, 60)];
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = (1000 + (i * 15L), random.Next(3) == 0 ? random.NextDouble() : i);
            }

            source.Add(Labels.FromStrings("__name__", "m", "i", $"{s}", "job", s % 2 == 0 ? "a" : "b"), samples);
        }

        BlockMeta meta = source.Write(directory.Path, 0, 10_000);
        string path = directory.Combine(meta.Ulid.ToString());
        using (BlockReader block = BlockReader.Open(path))
        {
            block.Delete(s_matchers[1], new TimeRange(1010, 1100));
        }

        Fuzz(path, Mutations.Rounds(800));
    }

    [ConformanceFact]
    public void Blocks_of_version_1()
    {
        using var directory = new PeerDirectory();
        string path = directory.Combine("01BZJ9WJQPWHGNC2W4J9TA62KC");
        Dump.CopyDirectory(Path.Combine(RepositoryPaths.Conformance!, "tsdb", "index_format_v1"), path);
        Fuzz(path, Mutations.Rounds(500));
    }

    [Fact]
    public void Chunks()
    {
        byte[][] chunks =
        [
            MemorySource.Encode((1, 1)).Data,
            MemorySource.Encode((1, 1), (2, double.NaN), (1000, -0.0), (long.MaxValue / 4, double.MaxValue)).Data,
            MemorySource.Encode([.. Enumerable.Range(0, 120).Select(i => (1_700_000_000_000 + (i * 15_000L), i * 0.1))]).Data,
        ];
        using var samples = new SampleBuffer();
        for (int seed = 0; seed < Mutations.Rounds(30_000); seed++)
        {
            var random = new Random(seed);
            byte[] chunk = Mutations.Damage(random, chunks[seed % chunks.Length]);
            var encoding = (ChunkEncoding)(random.Next(8) == 0 ? random.Next(6) : (int)ChunkEncoding.Xor);
            samples.Clear();
            samples.Append(1, 1);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ChunkDecoder.Append(encoding, chunk, TimeRange.All, samples);
            }
            catch (ChunkCorruptionException)
            {
                Assert.True(samples.Count == 1, $"seed {seed}: {samples.Count - 1} samples of a chunk that was refused");
            }

            // A sample takes two bits at least, and a chunk has no more than two bytes can count.
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(samples.Count <= 1 + (chunk.Length * 4), $"seed {seed}: {samples.Count} samples in {chunk.Length} bytes");
            Assert.True(allocated < 4 << 20, $"seed {seed}: {allocated} bytes for a chunk of {chunk.Length}");
        }
    }

    private static void Fuzz(string path, int rounds)
    {
        string[] names = ["index", "chunks/000001", "tombstones", "meta.json"];
        Dictionary<string, byte[]> sound = names.ToDictionary(name => name, name => File.ReadAllBytes(Path.Combine(path, name)));
        SealedRegions index = SealedRegions.OfIndex(sound["index"]);
        SealedRegions chunks = SealedRegions.OfChunks(sound["chunks/000001"]);
        Assert.True(index.Count > 5 && chunks.Count > 1);
        int refused = 0;
        for (int seed = 0; seed < rounds; seed++)
        {
            var random = new Random(seed);
            int which = random.Next(12);
            string name = which < 7 ? names[0] : which < 9 ? names[1] : names[which % 2 == 0 ? 2 : 3];
            byte[] bytes = [.. sound[name]];
            if (name == "index" && random.Next(6) > 0)
            {
                index.Damage(random, bytes);
            }
            else if (name == "chunks/000001" && random.Next(6) > 0)
            {
                chunks.Damage(random, bytes);
            }
            else
            {
                bytes = Mutations.Damage(random, bytes);
            }

            File.WriteAllBytes(Path.Combine(path, name), bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            refused += TryUse(path, seed) ? 0 : 1;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 24 << 20, $"seed {seed}, {name}: {allocated} bytes allocated");
            File.WriteAllBytes(Path.Combine(path, name), sound[name]);
        }

        Assert.InRange(refused, rounds / 4, rounds - 1);
        Assert.True(TryUse(path, -1), "The sound block must be readable afterwards.");
    }

    // Whatever a server does with a block.
    private static bool TryUse(string path, int seed)
    {
        bool sound = true;
        try
        {
            using BlockReader block = BlockReader.Open(path);
            foreach (LabelMatcher[] matchers in s_matchers)
            {
                sound &= Try(() => Dump.All(block, null, matchers), seed);
            }

            using IQuerier querier = block.OpenQuerier(TimeRange.All);
            sound &= Try(() => querier.GetLabelNames([], 0, default), seed);
            sound &= Try(() => querier.GetLabelNames(s_matchers[2], 0, default), seed);
            sound &= Try(() => querier.GetLabelValues("i", [], 0, default), seed);
            sound &= Try(() => querier.GetLabelValues("job", s_matchers[2], 0, default), seed);
            sound &= Try(() => block.Verify(), seed);
            if (seed % 10 != 0)
            {
                return sound; // Writing a block syncs files, which takes longer than all the rest.
            }

            string parent = Path.Combine(Path.GetDirectoryName(path)!, "rewritten");
            sound &= Try(() => BlockWriter.Write(parent, block.Meta, new CompactionSource([block], block.Meta.Range)), seed);
            if (Directory.Exists(parent))
            {
                Directory.Delete(parent, recursive: true);
            }
        }
        catch (BlockCorruptionException)
        {
            return false;
        }

        return sound;
    }

    private static bool Try(Action use, int seed)
    {
        try
        {
            use();
            return true;
        }
        catch (StorageException error) when (error is BlockCorruptionException or ChunkCorruptionException)
        {
            return false;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
        }
    }
}
