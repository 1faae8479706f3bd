using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class WalRoundTripTests
{
    private const int Page = 32 * 1024;

    [Theory]
    [InlineData(WalCompression.None)]
    [InlineData(WalCompression.Snappy)]
    [InlineData(WalCompression.Zstd)]
    public void Records_of_every_size_around_a_page_come_back_in_order(WalCompression compression)
    {
        var files = new MemoryWalFiles();
        var records = new List<byte[]>();
        var random = new Random(1);
        int[] sizes = [1, 2, 6, 7, 8, 100, Page - 15, Page - 14, Page - 8, Page - 7, Page - 6, Page, Page + 1, (2 * Page) - 14, (3 * Page) + 17, 1, Page - 7, Page - 7];
        using (WalWriter writer = Open(files, 8 * Page, compression))
        {
            foreach (int size in sizes.Concat(Enumerable.Range(0, 300).Select(_ => random.Next(1, 5000))))
            {
                records.Add(MakeRecord(random, size));
                writer.Log(records[^1]);
            }
        }

        AssertSame(records, ReadAll(files).Records);
        Assert.All(files.Files.Values, content => Assert.Equal(0, content.Length % Page));
        Assert.True(files.Files.Count > 1);
        Assert.All(files.Files.Values, content => Assert.True(content.Length <= 8 * Page));
    }

    // 32768 - 7 bytes fill a page to its end; with one less, one byte is left, which becomes padding.
    [Fact]
    public void Pages_are_filled_with_zeros_where_no_header_fits()
    {
        for (int left = 0; left < 16; left++)
        {
            var files = new MemoryWalFiles();
            byte[] first = MakeRecord(new Random(left), Page - 7 - left);
            byte[] second = [1, 2, 3];
            using (WalWriter writer = Open(files, 8 * Page, WalCompression.None))
            {
                writer.Log(first);
                Assert.Equal(left < 7 ? Page : Page - left, writer.CurrentOffset);
                writer.Log(second);
            }

            Assert.Equal([first, second], ReadAll(files).Records);
        }
    }

    [Fact]
    public void Fragment_headers_have_the_documented_bytes()
    {
        var files = new MemoryWalFiles();
        using (WalWriter writer = Open(files, 8 * Page, WalCompression.None))
        {
            writer.Log("123456789"u8);
        }

        // Full, length 9, the well-known checksum of these digits.
        Assert.Equal("010009E3069283" + "313233343536373839" + "00", Convert.ToHexString(files.Files["wal/00000000"].AsSpan(0, 17)));
    }

    [Fact]
    public void A_batch_goes_into_one_segment_even_if_it_is_larger_than_one()
    {
        var files = new MemoryWalFiles();
        var batch = new WalBatch();
        var records = new List<byte[]>();
        for (int i = 0; i < 100; i++)
        {
            records.Add(MakeRecord(new Random(i), 3000));
            batch.Buffer.WriteBytes(records[^1]);
            batch.EndRecord();
        }

        using (WalWriter writer = Open(files, 2 * Page, WalCompression.None))
        {
            writer.Log([42]);
            writer.Log(batch);
            writer.Log([43]);
        }

        AssertSame([[42], .. records, [43]], ReadAll(files).Records);
        Assert.Equal(["wal/00000000", "wal/00000001", "wal/00000002"], files.Files.Keys.Order());
    }

    [Fact]
    public void Opening_starts_behind_the_last_segment_and_truncation_drops_old_ones()
    {
        var files = new MemoryWalFiles();
        for (byte run = 0; run < 3; run++)
        {
            using WalWriter writer = Open(files, 2 * Page);
            Assert.Equal(run, writer.CurrentSegment);
            writer.Log([run]);
        }

        using (WalWriter writer = Open(files, 2 * Page))
        {
            Assert.Equal(4, writer.CutSegment());
            writer.Log([4]);
            writer.TruncateBefore(2);
        }

        Assert.Equal(["wal/00000002", "wal/00000003", "wal/00000004"], files.Files.Keys.Order());
        Assert.Equal([[2], [4]], ReadAll(files).Records);
    }

    [Fact]
    public void Logging_allocates_nothing_once_warm()
    {
        var files = new NullWalFiles();
        using WalWriter writer = WalWriter.Open("wal", new WalWriterOptions { Files = files });
        var batch = new WalBatch();
        byte[] record = MakeRecord(new Random(1), 20_000);
        long allocated = long.MaxValue;
        for (int i = 0; i < 20; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            batch.Clear();
            batch.Buffer.WriteBytes(record);
            batch.EndRecord();
            writer.Log(batch);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    internal static WalWriter Open(MemoryWalFiles files, long segmentBytes = 128 * Page, WalCompression compression = WalCompression.Snappy) =>
        WalWriter.Open("wal", new WalWriterOptions { Files = files, SegmentBytes = segmentBytes, Compression = compression });

    /// <summary>As <c>Assert.Equal</c>, which looks at megabytes byte by byte, each in a box.</summary>
    internal static void AssertSame(IEnumerable<byte[]> expected, List<byte[]> actual)
    {
        int index = 0;
        foreach (byte[] record in expected)
        {
            Assert.True(index < actual.Count && record.AsSpan().SequenceEqual(actual[index]), $"record {index} of {actual.Count} differs or is missing");
            index++;
        }

        Assert.Equal(index, actual.Count);
    }

    internal static (List<byte[]> Records, WalTornTail? Tail) ReadAll(MemoryWalFiles files)
    {
        var records = new List<byte[]>();
        using WalReader reader = WalReader.Open("wal", files);
        while (reader.MoveNext())
        {
            records.Add(reader.Record.ToArray());
        }

        return (records, reader.TornTail);
    }

    // Half noise, half repetition: compresses a little.
    internal static byte[] MakeRecord(Random random, int size)
    {
        byte[] record = new byte[size];
        random.NextBytes(record.AsSpan(0, (size + 1) / 2));
        return record;
    }
}
