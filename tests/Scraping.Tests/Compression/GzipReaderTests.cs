using System.IO.Compression;
using System.Text;
using Narthex.Scraping.Compression;

namespace Narthex.Scraping.Tests;

/// <summary>Files that are not the ordinary ones, or none. What is said of damaged files is what the real Prometheus said of them.</summary>
public class GzipReaderTests
{
    private static readonly byte[][] s_files =
    [
        Convert.FromBase64String(
            "H4sIAAAAAAACA3XQMQ7DIAxA0T2niHIC2xgHhp6lSiKGSmSp2i5V7h4g8uBIzE82fO/p835tT/jnZU35Mf2W/E0jTMcIw34ZWsNiDhXJIhcUUnQWY8HoFPm2VooisbK3TL6y98pi2bXp"
            + "IMq3Hq5PE86dJKnfJg6dqFCTaY6dLARoJ4FeGbWTMQ4nwjV0o20BAAA="),
        Convert.FromBase64String(
            "H4sIAAAAAAACA8tNLSnKTI43qM5JTErNsVUqS8wpTVUwUKpVMODKhcgZosoZAuWMDWGSRqiSJkBJMyOYpDGqpCVQ0tIYJmmCZqwZUNbQyAQmbYoqbWQKkjY1hUmboUobg3VbmMGk0fxj"
            + "ArLayNAch5fMQM42MrHA4SkLkJeNzC1xeMvQwAAcJAa4fGYEDjITQy4AwjV0o20BAAA="),
        Convert.FromBase64String(
            "H4sIAAAAAAAEAwXBsY0EIRAEQJ8oRhPBwu7t3xnEggbUBlLjIMBB5P5VDaPXkq5Ny2DUZZyQS49crmH0WpLftAxGXcYJ8Xrk9q5h9FpS2LQMRl3GCXn0yBtcw+i1pHvTMhh1GSfkp0d+"
            + "t2sYvZb0bFoGoy7jhPhXj/jwuIbRa0mfTctg1GWckPDRI/7zcQ2j15LeTctg1GWckPvVI/77uobRa0nXpmUw6jJOyPPTI8H/uYbRa0l+0zIYdRkn5H30SHi+rmH0WlLYtAxGXcYJ+Xo9"
            + "Ev5+rmH0WtK9aRmMuowT4q9Lj9z+cg2j15KeTctg1GWcEB+8Hrkf7/4BwjV0o20BAAA="),
    ];

    [Theory]
    [InlineData(0, 35, 24, "flate: corrupt input before offset 40")]
    [InlineData(0, 28, 48, "flate: corrupt input before offset 44")]
    [InlineData(0, 33, 29, "flate: corrupt input before offset 31")]
    [InlineData(0, 64, 19, "flate: corrupt input before offset 56")]
    [InlineData(0, 15, 222, "flate: corrupt input before offset 9")]
    [InlineData(0, 25, 46, "flate: corrupt input before offset 31")]
    [InlineData(0, 46, 203, "flate: corrupt input before offset 38")]
    [InlineData(0, 22, 113, "flate: corrupt input before offset 40")]
    [InlineData(0, 12, 68, "flate: corrupt input before offset 34")]
    [InlineData(1, 19, 60, "flate: corrupt input before offset 14")]
    [InlineData(1, 88, 92, "flate: corrupt input before offset 117")]
    [InlineData(1, 105, 49, "flate: corrupt input before offset 99")]
    [InlineData(1, 45, 32, "flate: corrupt input before offset 38")]
    [InlineData(1, 41, 218, "flate: corrupt input before offset 32")]
    [InlineData(1, 102, 153, "flate: corrupt input before offset 107")]
    [InlineData(1, 25, 92, "flate: corrupt input before offset 21")]
    [InlineData(1, 72, 41, "flate: corrupt input before offset 95")]
    [InlineData(2, 251, 138, "unexpected EOF")]
    [InlineData(2, 40, 33, "flate: corrupt input before offset 37")]
    [InlineData(2, 25, 158, "flate: corrupt input before offset 31")]
    [InlineData(2, 15, 236, "flate: corrupt input before offset 9")]
    [InlineData(2, 32, 86, "flate: corrupt input before offset 32")]
    [InlineData(2, 41, 30, "flate: corrupt input before offset 32")]
    [InlineData(2, 18, 126, "flate: corrupt input before offset 9")]
    [InlineData(0, 92, 77, "gzip: invalid checksum")]
    [InlineData(0, 117, 35, "gzip: invalid checksum")]
    [InlineData(0, 118, 30, "gzip: invalid checksum")]
    [InlineData(0, 62, 63, "gzip: invalid checksum")]
    public void A_changed_byte_is_told_as_the_real_server_does(int file, int position, byte value, string error)
    {
        byte[] damaged = [.. s_files[file]];
        damaged[position] = value;
        Assert.Equal(error, Error(damaged));
    }

    [Fact]
    public void Every_kind_of_block_comes_out_as_the_framework_has_it()
    {
        byte[] text = s_files.Select(DecompressSlowly).Distinct(ByteComparer.Instance).Single();
        Assert.StartsWith("metric_0{label=\"value 0\"} 0\n", Encoding.ASCII.GetString(text), StringComparison.Ordinal);
        Assert.All(s_files, file => Assert.Equal(text, Read(file)));
        for (int seed = 0; seed < 60; seed++)
        {
            byte[] data = GzipBlockTests.MakeData(new Random(seed));
            byte[] file = GzipBlockTests.Compress(data, (CompressionLevel)(seed % 4));
            Assert.True(data.AsSpan().SequenceEqual(Read(file)), $"seed {seed}");
        }
    }

    [Fact]
    public void A_file_that_was_cut_is_never_whole()
    {
        foreach (byte[] file in s_files)
        {
            Assert.Equal("EOF", Error([]));
            for (int length = 1; length < file.Length; length++)
            {
                Assert.Equal((length, "unexpected EOF"), (length, Error(file[..length])));
            }
        }
    }

    [Fact]
    public void Members_follow_each_other()
    {
        byte[] text = DecompressSlowly(s_files[0]);
        Assert.Equal([.. text, .. text], Read([.. s_files[0], .. s_files[1]]));
        Assert.Equal("unexpected EOF", Error([.. s_files[0], .. s_files[1][..^3]]));
        Assert.Equal("unexpected EOF", Error([.. s_files[0], .. "xx"u8]));
        Assert.Equal("gzip: invalid header", Error([.. s_files[0], .. "0123456789ABCDEF"u8]));
    }

    [Fact]
    public void Everything_in_a_header_is_passed_over_and_its_checksum_counts()
    {
        byte[] file = s_files[0];
        byte[] header = [.. file[..3], 2 | 4 | 8 | 16, .. file[4..10], 3, 0, .. "abc"u8, .. "name\0"u8, .. "comment\0"u8];
        ushort checksum = (ushort)Crc32.Compute(header);
        Assert.Equal(DecompressSlowly(file), Read([.. header, (byte)checksum, (byte)(checksum >> 8), .. file[10..]]));
        Assert.Equal("gzip: invalid header", Error([.. header, (byte)~checksum, (byte)(checksum >> 8), .. file[10..]]));
        Assert.Equal(DecompressSlowly(file), Read(Named(511)));
        Assert.Equal("gzip: invalid header", Error(Named(512)));
        Assert.Equal("EOF", Error(Named(3)[..13]));
        Assert.Equal("gzip: invalid header", Error([0x1F, 0x8B, 7, .. file[3..]]));

        byte[] Named(int length) => [.. file[..3], 8, .. file[4..10], .. Enumerable.Repeat((byte)'n', length), 0, .. file[10..]];
    }

    [Fact]
    public void What_comes_out_is_limited()
    {
        byte[] file = [.. GzipBlockTests.Compress(new byte[1 << 20], CompressionLevel.Optimal), .. s_files[0]];
        int length = Read(file).Length;
        Assert.Equal(length, Read(file, length + 1).Length);
        Assert.Equal("body size limit exceeded", Error(file, length));
        Assert.Equal("body size limit exceeded", Error(file[..100], 1000));
    }

    [Fact]
    public void Noise_does_no_harm()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            byte[] file = [.. s_files[random.Next(s_files.Length)]];
            for (int change = random.Next(1, 30); change > 0; change--)
            {
                file[random.Next(3, file.Length)] = (byte)random.Next(256);
            }

            try
            {
                Read(file, 1 << 16);
            }
            catch (ScrapeException e)
            {
                Assert.Matches("^(unexpected EOF|EOF|gzip: invalid (header|checksum)|flate: corrupt input before offset [0-9]+|body size limit exceeded)$", e.Message);
            }
        }
    }

    private static byte[] Read(byte[] file, long limit = 0)
    {
        (byte[] buffer, int length) = GzipReader.ReadAll(file, file.Length, limit, CancellationToken.None);
        return buffer[..length];
    }

    private static string Error(byte[] file, long limit = 0) => Assert.Throws<ScrapeException>(() => Read(file, limit)).Message;

    private static byte[] DecompressSlowly(byte[] file)
    {
        using var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        var data = new MemoryStream();
        gzip.CopyTo(data);
        return data.ToArray();
    }

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
