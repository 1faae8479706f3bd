using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

public sealed class HeadChunkFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-chunks-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_has_the_documented_layout()
    {
        using (var files = new HeadChunkFiles(_directory))
        {
            HeadChunkRef first = files.AddToBatch(7, -1, 2, ChunkEncoding.Xor, false, [0xAA, 0xBB]);
            HeadChunkRef second = files.AddToBatch(8, 3, 4, ChunkEncoding.FloatHistogram, true, new byte[200]);
            files.WriteBatch();
            Assert.Equal((1, 8u), (first.File, first.Offset));
            Assert.Equal((1, 8u + 32), (second.File, second.Offset));
        }

        byte[] bytes = File.ReadAllBytes(Path.Combine(_directory, "000001"));
        string chunk = "0000000000000007" + "FFFFFFFFFFFFFFFF" + "0000000000000002" + "01" + "02" + "AABB";
        uint checksum = Crc32C.Compute(Convert.FromHexString(chunk));
        Assert.Equal("0130BC9101000000" + chunk + checksum.ToString("X8"), Convert.ToHexString(bytes.AsSpan(0, 40)));
        Assert.Equal("0000000000000008" + "0000000000000003" + "0000000000000004" + "83" + "C801", Convert.ToHexString(bytes.AsSpan(40, 27)));
        Assert.Equal(40 + 27 + 200 + 4, bytes.Length);
    }

    [Fact]
    public void What_was_written_is_read_by_this_and_by_the_next_process()
    {
        var expected = new List<HeadChunk>();
        for (int run = 1; run <= 2; run++)
        {
            using var files = new HeadChunkFiles(_directory);
            var found = new List<HeadChunk>();
            Assert.Null(files.Load(Collect(found)));
            Assert.Equal(expected, found);
            foreach (HeadChunk chunk in found)
            {
                files.Use(chunk.Ref);
                Assert.Equal(SamplesOf(chunk.Series), files.GetBytes(chunk.Ref, chunk.Length).ToArray());
            }

            for (ulong i = 0; i < 100; i++)
            {
                ulong series = ((ulong)run * 1000) + i;
                byte[] samples = SamplesOf(series);
                HeadChunkRef place = files.AddToBatch(series, 5, 6, ChunkEncoding.Xor, false, samples);
                expected.Add(new HeadChunk(series, 5, 6, ChunkEncoding.Xor, false, samples.Length, place));
                if (i % 7 == 0)
                {
                    files.WriteBatch();
                    files.Use(place);
                    Assert.Equal(samples, files.GetBytes(place, samples.Length).ToArray());
                }
            }

            files.WriteBatch();
            Assert.Equal(run == 1 ? 100 : 200, expected.Count);
        }

        Assert.Equal(["000001", "000002"], Directory.GetFiles(_directory).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Damage_anywhere_ends_the_reading_before_it_and_is_gone_the_next_time(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            string context = $"seed {seed} round {round}";
            List<HeadChunk> written = WriteFiles(fileCount: 3, chunksPerFile: 20);
            int damagedFile = random.Next(1, 4);
            string path = Path.Combine(_directory, $"00000{damagedFile}");
            byte[] bytes = File.ReadAllBytes(path);
            int at = random.Next(bytes.Length);
            bool cut = random.Next(2) == 0;
            if (cut)
            {
                File.WriteAllBytes(path, bytes[..at]);
            }
            else
            {
                bytes[at] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, bytes);
            }

            var found = new List<HeadChunk>();
            using (var files = new HeadChunkFiles(_directory))
            {
                files.Load(Collect(found));
            }

            // Padding bytes of the header mean nothing, and a file may end between two chunks.
            List<HeadChunk> sound = [.. written.TakeWhile(chunk => chunk.Ref.File < damagedFile
                || (chunk.Ref.File == damagedFile && at >= 8 && chunk.Ref.Offset + HeadChunkFormat.ChunkBytes(chunk.Length) <= at))];
            bool harmless = !cut && at is >= 5 and < 8;

            // The numbers of the series begin with seven zeros, and zeros mark the end of a file.
            bool betweenChunks = cut && written.Exists(chunk => chunk.Ref.File == damagedFile && at - chunk.Ref.Offset is >= 0 and <= 7);
            if (betweenChunks)
            {
                sound.AddRange(written.Where(chunk => chunk.Ref.File > damagedFile));
            }

            Assert.True((harmless ? written : sound).SequenceEqual(found), $"{context}: {found.Count} found, {sound.Count} expected");
            var again = new List<HeadChunk>();
            using (var files = new HeadChunkFiles(_directory))
            {
                Assert.True(files.Load(Collect(again)) is null, context);
            }

            Assert.True(found.SequenceEqual(again), context);
        }
    }

    [Fact]
    public void A_file_of_a_killed_process_ends_in_zeros()
    {
        List<HeadChunk> written = WriteFiles(1, 5);
        using (FileStream file = File.OpenWrite(Path.Combine(_directory, "000001")))
        {
            file.SetLength(HeadChunkFormat.FileBytesMax);
        }

        using var files = new HeadChunkFiles(_directory);
        var found = new List<HeadChunk>();
        Assert.Null(files.Load(Collect(found)));
        Assert.Equal(written, found);
        Assert.Equal(0, files.Corruptions);
        Assert.Equal(written[^1].Ref.Offset + HeadChunkFormat.ChunkBytes(written[^1].Length), new FileInfo(Path.Combine(_directory, "000001")).Length);
    }

    [Fact]
    public void Files_go_from_the_oldest_on_when_nothing_in_them_is_in_use()
    {
        List<HeadChunk> written = WriteFiles(4, 2);
        using var files = new HeadChunkFiles(_directory);
        files.Load(Collect([]));
        foreach (HeadChunk chunk in written.Where(chunk => chunk.Ref.File is 2 or 4))
        {
            files.Use(chunk.Ref);
        }

        files.DeleteUnused();
        Assert.Equal(["000002", "000003", "000004"], Directory.GetFiles(_directory).Select(Path.GetFileName).Order());
        files.Release(written[2].Ref);
        files.DeleteUnused();
        Assert.Equal(3, Directory.GetFiles(_directory).Length);
        files.Release(written[3].Ref);
        files.DeleteUnused();
        Assert.Equal(["000004"], Directory.GetFiles(_directory).Select(Path.GetFileName));
        Assert.Equal(SamplesOf(written[6].Series), files.GetBytes(written[6].Ref, written[6].Length).ToArray());
    }

    [Fact]
    public void Garbage_is_not_read_as_chunks()
    {
        var random = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            if (bytes.Length > 8)
            {
                Convert.FromHexString("0130BC9101000000").CopyTo(bytes, 0);
            }

            File.WriteAllBytes(Path.Combine(_directory, "000001"), bytes);
            using var files = new HeadChunkFiles(_directory);
            var found = new List<HeadChunk>();
            files.Load(Collect(found));
            Assert.True(found.Count == 0, $"seed 3 round {round}");
        }
    }

    private static Func<HeadChunk, string?> Collect(List<HeadChunk> found) => chunk =>
    {
        found.Add(chunk);
        return null;
    };

    private static byte[] SamplesOf(ulong series)
    {
        byte[] samples = new byte[50 + (series % 150)];
        new Random((int)series).NextBytes(samples);
        return samples;
    }

    private List<HeadChunk> WriteFiles(int fileCount, int chunksPerFile)
    {
        foreach (string file in Directory.GetFiles(_directory))
        {
            File.Delete(file);
        }

        var written = new List<HeadChunk>();
        using var files = new HeadChunkFiles(_directory);
        for (int i = 0; i < fileCount * chunksPerFile; i++)
        {
            if (i % chunksPerFile == 0)
            {
                files.WriteBatch();
                files.Cut();
            }

            ulong series = (ulong)i + 1;
            byte[] samples = SamplesOf(series);
            HeadChunkRef place = files.AddToBatch(series, i, i + 1, ChunkEncoding.Xor, false, samples);
            written.Add(new HeadChunk(series, i, i + 1, ChunkEncoding.Xor, false, samples.Length, place));
        }

        files.WriteBatch();
        return written;
    }
}
