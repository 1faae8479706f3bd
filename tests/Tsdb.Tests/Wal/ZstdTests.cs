using System.Diagnostics;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Tests.Wal;

/// <summary>Logs compressed with zstd, which the library of the system reads and writes.</summary>
public sealed class ZstdTests
{
    [Fact]
    public void Every_length_comes_back()
    {
        ZstdLibrary zstd = ZstdLibrary.System!;
        var random = new Random(1);
        byte[] buffer = [];
        for (int length = 0; length < 300_000; length = (length * 5 / 3) + 1)
        {
            byte[] source = new byte[length];
            random.NextBytes(source.AsSpan(length / 2));
            byte[] compressed = new byte[zstd.GetMaxCompressedLength(length)];
            int written = zstd.Compress(source, compressed);

            Assert.True(zstd.TryDecompress(compressed.AsSpan(0, written), ref buffer, out int read));
            Assert.Equal(source, buffer.AsSpan(0, read));
        }
    }

    [Fact]
    public void A_claimed_length_costs_no_memory_before_it_is_true()
    {
        // A frame of one raw block that says its content has 900 MB: magic, descriptor with an eight-byte length, the length, block.
        byte[] liar = Convert.FromHexString("28B52FFD" + "E0" + "00E9A43500000000" + "090000" + "41");
        byte[] buffer = [];
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.False(ZstdLibrary.System!.TryDecompress(liar, ref buffer, out _));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024);
    }

    [Fact]
    public void Damaged_frames_are_refused_with_bounded_memory()
    {
        ZstdLibrary zstd = ZstdLibrary.System!;
        byte[] source = WalRoundTripTests.MakeRecord(new Random(5), 20_000);
        byte[] whole = new byte[zstd.GetMaxCompressedLength(source.Length)];
        whole = whole[..zstd.Compress(source, whole)];
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = whole[..random.Next(whole.Length + 1)];
            for (int i = random.Next(4); i > 0 && damaged.Length > 0; i--)
            {
                damaged[random.Next(Math.Min(damaged.Length, 40))] = (byte)random.Next(256);
            }

            byte[] buffer = [];
            long before = GC.GetAllocatedBytesForCurrentThread();
            if (zstd.TryDecompress(damaged, ref buffer, out int written))
            {
                Assert.True(written <= buffer.Length, $"seed {seed}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 4 << 20, $"seed {seed}: {allocated} bytes allocated");
        }
    }

    [Fact]
    public void Without_the_library_a_log_with_zstd_records_is_an_error_that_names_the_file_and_touches_nothing()
    {
        Assert.Null(ZstdLibrary.TryLoad("libthere-is-no-such-library.so.1"));
        Assert.Null(ZstdLibrary.TryLoad("libm.so.6")); // A library, but another one.
        var files = new MemoryWalFiles();
        using (WalWriter writer = WalRoundTripTests.Open(files, compression: WalCompression.Zstd))
        {
            writer.Log(new byte[1000]);
        }

        byte[] before = [.. files.Files["wal/00000000"]];
        using var reader = new WalReader(files, WalSegments.List(files, "wal")) { Zstd = () => null };
        StorageException error = Assert.Throws<StorageException>(() => reader.MoveNext());

        Assert.Contains("wal/00000000", error.Message);
        Assert.Contains("libzstd.so.1", error.Message);
        Assert.IsNotType<WalCorruptionException>(error);
        Assert.Equal(before, files.Files["wal/00000000"]);
        Assert.Contains(
            "libzstd.so.1",
            Assert.Throws<StorageException>(() => WalWriter.Open("wal", new WalWriterOptions { Files = files, Compression = WalCompression.Zstd, Zstd = () => null })).Message);
    }

    [PeerFact]
    public async Task Promtool_reads_our_log_with_zstd()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        var expected = new List<string>();
        await using (TsdbDatabase database = await TsdbDatabase.OpenAsync(
            data,
            new TsdbOptions { WalCompression = WalCompression.Zstd },
            new MetricRegistry(),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            using IAppender appender = database.OpenAppender();
            for (int scrape = 0; scrape < 50; scrape++)
            {
                for (int i = 0; i < 200; i++)
                {
                    Labels labels = Labels.FromStrings("__name__", "zstd", "i", $"{i}");
                    long timestamp = 1_700_000_000_000 + (scrape * 15_000);
                    appender.Append(appender.GetOrAddSeries(labels), timestamp, i * scrape);
                    expected.Add($"{labels} {i * scrape} {timestamp}");
                }

                Assert.Equal(200, appender.Commit().Appended);
            }
        }

        Assert.Contains(WalFlags(Path.Combine(data, "wal")), flags => (flags & WalFormat.ZstdFlag) != 0);
        string dump = PeerDirectory.Promtool("tsdb", "dump", data);
        Assert.Equal(expected.Order(StringComparer.Ordinal), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [PeerFact]
    public async Task We_read_the_log_of_a_Prometheus_that_compresses_with_zstd()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        await Database.PeerDirectoryTests.LetPrometheusScrapeItself(directory, data, "--storage.tsdb.wal-compression-type=zstd");
        Assert.Contains(WalFlags(Path.Combine(data, "wal")), flags => (flags & WalFormat.ZstdFlag) != 0);
        string[] written = PeerDirectory.Promtool("tsdb", "dump", data).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        await using TsdbDatabase database = await Database.TsdbDatabaseTests.OpenAsync(data);
        int read = HeadReading.ReadAll(database).Sum(pair => pair.Value.Count);

        Assert.Equal(written.Length, read);
    }

    // The first byte of each page is that of a fragment.
    private static IEnumerable<byte> WalFlags(string wal)
    {
        foreach (WalSegment segment in WalSegments.List(WalFileSystem.Instance, wal))
        {
            byte[] bytes = File.ReadAllBytes(segment.Path);
            for (int i = 0; i < bytes.Length; i += WalFormat.PageBytes)
            {
                yield return bytes[i];
            }

            // And that of the second record, where the first is too small to be compressed.
            if (bytes.Length > WalFormat.HeaderBytes)
            {
                int next = WalFormat.HeaderBytes + (bytes[1] << 8 | bytes[2]);
                yield return next < bytes.Length ? bytes[next] : (byte)0;
            }
        }
    }
}
