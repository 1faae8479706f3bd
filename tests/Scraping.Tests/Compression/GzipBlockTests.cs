using System.IO.Compression;
using System.Text;
using Narthex.Scraping.Compression;

namespace Narthex.Scraping.Tests;

public class GzipBlockTests
{
    [Theory]
    [InlineData(CompressionLevel.Optimal)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.SmallestSize)]
    [InlineData(CompressionLevel.NoCompression)]
    public void What_the_framework_compresses_comes_out_again(CompressionLevel level)
    {
        for (int seed = 0; seed < 400; seed++)
        {
            byte[] data = MakeData(new Random(seed));
            Assert.True(data.AsSpan().SequenceEqual(Decompress(Compress(data, level))), $"seed {seed}");
        }
    }

    [Fact]
    public void Damaged_files_are_refused_or_give_what_the_framework_gives()
    {
        int refused = 0;
        for (int seed = 0; seed < 4000; seed++)
        {
            var random = new Random(seed);
            byte[] file = Compress(MakeData(random), random.Next(2) == 0 ? CompressionLevel.Fastest : CompressionLevel.Optimal);
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                file[random.Next(file.Length)] = (byte)random.Next(256);
            }

            file = file[..random.Next(file.Length - Math.Min(file.Length, 3), file.Length + 1)];
            if (Decompress(file) is { } data)
            {
                Assert.True(data.AsSpan().SequenceEqual(DecompressSlowly(file)), $"seed {seed}");
            }
            else
            {
                refused++;
            }
        }

        Assert.InRange(refused, 3000, 4000);
    }

    [Fact]
    public void Noise_behind_a_header_is_refused_and_does_no_harm()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] file = new byte[random.Next(18, 300)];
            random.NextBytes(file);
            (file[0], file[1], file[2], file[3]) = (0x1F, 0x8B, 8, 0);
            (file[^1], file[^2]) = (0, 0);
            Assert.True(Decompress(file) is null, $"seed {seed}");
        }
    }

    [Fact]
    public void Texts_in_the_header_are_passed_over()
    {
        byte[] plain = Encoding.ASCII.GetBytes(new string('a', 10));
        byte[] file = Compress(plain, CompressionLevel.Optimal);
        byte[] named = [.. file[..3], 8 | 16, .. file[4..10], .. "metrics\0"u8, .. "a comment\0"u8, .. file[10..]];
        Assert.Equal(plain, Decompress(named));
        Assert.Equal(plain, DecompressSlowly(named));
    }

    [Fact]
    public void The_checksum_is_that_of_the_portable_way()
    {
        var random = new Random(3);
        for (int length = 0; length < 700; length++)
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            Assert.True(~Crc32.AppendTable(uint.MaxValue, data) == Crc32.Compute(data), $"length {length}");
        }

        Assert.Equal(0xCBF43926, Crc32.Compute("123456789"u8));
    }

    private static byte[]? Decompress(byte[] file)
    {
        if (!GzipBlock.TryGetLength(file, out int length) || length > 1 << 24)
        {
            return null;
        }

        byte[] source = [.. file, .. new byte[GzipBlock.SourceMargin]];
        byte[] destination = new byte[length + GzipBlock.DestinationMargin];
        return GzipBlock.TryDecompress(source, file.Length, destination, length) ? destination[..length] : null;
    }

    private static byte[] DecompressSlowly(byte[] file)
    {
        using var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        var data = new MemoryStream();
        gzip.CopyTo(data);
        return data.ToArray();
    }

    internal static byte[] Compress(byte[] data, CompressionLevel level)
    {
        var file = new MemoryStream();
        using (var gzip = new GZipStream(file, level))
        {
            gzip.Write(data);
        }

        return file.ToArray();
    }

    // Text as targets write it, noise, runs, and mixtures: all kinds of blocks and codes.
    internal static byte[] MakeData(Random random)
    {
        var data = new List<byte>();
        for (int part = random.Next(5); part > 0; part--)
        {
            int length = random.Next(3) switch { 0 => random.Next(20), 1 => random.Next(2000), _ => random.Next(40_000) };
            switch (random.Next(5))
            {
                case 0:
                    byte[] noise = new byte[length];
                    random.NextBytes(noise);
                    data.AddRange(noise);
                    break;
                case 1:
                    data.AddRange(Enumerable.Repeat((byte)random.Next(256), length));
                    break;
                case 2:
                    int alphabet = 1 << random.Next(1, 8);
                    int period = random.Next(1, 40);
                    for (int i = 0; i < length; i++)
                    {
                        data.Add(i >= period && random.Next(50) > 0 ? data[^period] : (byte)random.Next(alphabet));
                    }

                    break;
                case 3:
                    // Very uneven frequencies make long codes.
                    for (int i = 0; i < length; i++)
                    {
                        data.Add((byte)(Math.Pow(random.NextDouble(), 12) * 256));
                    }

                    break;
                default:
                    for (int i = 0; i < length / 40; i++)
                    {
                        data.AddRange(Encoding.ASCII.GetBytes($"node_cpu_seconds_total{{cpu=\"{i % 8}\",mode=\"idle\"}} {random.Next(1_000_000) / 100.0}\n"));
                    }

                    break;
            }
        }

        // The framework writes no file at all for no data.
        return data.Count == 0 ? [1] : [.. data];
    }
}
