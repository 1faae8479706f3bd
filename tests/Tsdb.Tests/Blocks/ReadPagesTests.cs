using System.Globalization;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Blocks;

/// <summary>What was read of mapped chunks leaves the process, and can be read again.</summary>
public sealed class ReadPagesTests
{
    private const int ChunkBytes = 20_000;

    [Fact]
    public void Pages_of_segments_leave_the_process_and_come_back()
    {
        using var directory = new PeerDirectory();
        List<(ulong Reference, byte[] Data)> chunks = WriteSegments(directory.Path);
        using ChunkSegmentReader reader = ChunkSegmentReader.Open(directory.Path, "test");
        for (int round = 0; round < 3; round++)
        {
            AssertSound(reader, chunks);
            AssertInMemory(directory.Path, atLeast: chunks.Count * ChunkBytes);
            reader.ReleasePages();
            AssertNotInMemory(directory.Path);
        }
    }

    [Fact]
    public void Readers_do_not_notice()
    {
        using var directory = new PeerDirectory();
        List<(ulong Reference, byte[] Data)> chunks = WriteSegments(directory.Path);
        using ChunkSegmentReader reader = ChunkSegmentReader.Open(directory.Path, "test");
        Parallel.For(0, 4, i =>
        {
            for (int round = 0; round < 50; round++)
            {
                if (i == 0)
                {
                    reader.ReleasePages();
                }
                else
                {
                    AssertSound(reader, chunks);
                }
            }
        });
    }

    [Fact]
    public void A_block_is_left_alone_when_it_is_gone()
    {
        using var directory = new PeerDirectory();
        var source = new MemorySource();
        source.Add(Labels.FromStrings("__name__", "up"), (1000, 1), (2000, 2));
        string path = Path.Combine(directory.Path, source.Write(directory.Path, 0, 5000).Ulid.ToString());
        BlockReader block = BlockReader.Open(path);
        IQuerier view = block.OpenQuerier(new TimeRange(0, 5000));
        block.Dispose();
        block.ReleasePages(); // Its view is still open.
        var samples = new SampleBuffer();
        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.Equal, "__name__", "up")], CancellationToken.None);
        selection.ReadSamples(0, samples);
        Assert.Equal([1000L, 2000L], samples.Timestamps.ToArray());
        view.Dispose();
        AssertNotInMemory(path);
        block.ReleasePages();
    }

    [Fact]
    public void Pages_of_files_of_the_head_leave_the_process_while_they_are_loaded_and_afterwards()
    {
        using var directory = new PeerDirectory();
        var places = new List<(HeadChunkRef Place, byte[] Data)>();
        using (var files = new HeadChunkFiles(directory.Path))
        {
            foreach (byte[] data in RandomChunks())
            {
                places.Add((files.AddToBatch((ulong)places.Count + 1, 0, 1, ChunkEncoding.Xor, isOutOfOrder: false, data), data));
                files.WriteBatch();
            }
        }

        using var loaded = new HeadChunkFiles(directory.Path);
        long most = 0;
        int found = 0;
        Assert.Null(loaded.Load(chunk =>
        {
            most = found++ % 10 == 0 ? Math.Max(most, CountInMemory(directory.Path)) : most;
            return null;
        }));
        Assert.True(!OperatingSystem.IsLinux() || (most > 0 && most < places.Count * ChunkBytes / 2), $"{most} bytes in memory");
        AssertNotInMemory(directory.Path);
        for (int round = 0; round < 2; round++)
        {
            foreach ((HeadChunkRef place, byte[] data) in places)
            {
                Assert.Equal(data, loaded.GetBytes(place, data.Length).ToArray());
            }

            AssertInMemory(directory.Path, atLeast: places.Count * ChunkBytes);
            loaded.ReleasePages();
            AssertNotInMemory(directory.Path);
        }
    }

    private static void AssertSound(ChunkSegmentReader reader, List<(ulong Reference, byte[] Data)> chunks)
    {
        foreach ((ulong reference, byte[] data) in chunks)
        {
            Assert.True(data.AsSpan().SequenceEqual(reader.Read(reference, out _)));
        }
    }

    private static List<(ulong Reference, byte[] Data)> WriteSegments(string directory)
    {
        using var writer = new ChunkSegmentWriter(directory, segmentBytesMax: 1 << 20);
        List<(ulong, byte[])> chunks = [.. RandomChunks().Select(data => (writer.Write(ChunkEncoding.Xor, data), data))];
        writer.Finish();
        return chunks;
    }

    // 4 MB of them.
    private static IEnumerable<byte[]> RandomChunks()
    {
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            byte[] data = new byte[ChunkBytes];
            random.NextBytes(data);
            yield return data;
        }
    }

    private static void AssertInMemory(string directory, long atLeast) =>
        Assert.True(!OperatingSystem.IsLinux() || CountInMemory(directory) >= atLeast, $"{CountInMemory(directory)} bytes in memory");

    private static void AssertNotInMemory(string directory) => Assert.Equal(0, CountInMemory(directory));

    // Of the files below a directory, as far as this process has them mapped.
    private static long CountInMemory(string directory)
    {
        long bytes = 0;
        bool isBelow = false;
        foreach (string line in OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/smaps") : [])
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                bytes += isBelow ? long.Parse(line.AsSpan(4).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture) * 1024 : 0;
            }
            else if (line.Contains('-', StringComparison.Ordinal) && line.Split(' ')[0].Contains('-', StringComparison.Ordinal))
            {
                isBelow = line.Contains(" " + directory + "/", StringComparison.Ordinal);
            }
        }

        return bytes;
    }
}
