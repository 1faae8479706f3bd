using Narthex.Storage;
using Narthex.Tsdb.Wal;
using static Narthex.Tsdb.Tests.Wal.WalRoundTripTests;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class WalDamageTests
{
    private const int Page = 32 * 1024;

    [Fact]
    public void A_log_cut_at_any_byte_keeps_the_whole_records_and_can_be_written_on()
    {
        (MemoryWalFiles files, List<byte[]> records, List<long> ends) = SmallLog();
        byte[] whole = files.Files["wal/00000000"][..(int)ends[^1]];
        for (int length = 0; length <= whole.Length; length += length < 600 || length > Page - 100 ? 1 : 97)
        {
            var cut = new MemoryWalFiles();
            cut.Files["wal/00000000"] = whole[..length];
            int expected = ends.Count(end => end <= length);

            (List<byte[]> read, WalTornTail? tail) = ReadAll(cut);
            AssertSame(records.Take(expected), read);
            Assert.Equal(expected == 0 ? 0 : ends[expected - 1], tail?.Offset ?? (expected == 0 ? 0 : ends[expected - 1]));

            using (WalWriter writer = Open(cut))
            {
                Assert.Equal(tail, writer.RepairedTail);
                writer.Log([99]);
            }

            (read, tail) = ReadAll(cut);
            AssertSame([.. records.Take(expected), [99]], read);
            Assert.Null(tail);
        }
    }

    [Fact]
    public void A_torn_write_that_left_zeros_is_a_torn_tail_too()
    {
        (MemoryWalFiles files, List<byte[]> records, List<long> ends) = SmallLog();
        byte[] content = files.Files["wal/00000000"];
        content.AsSpan((int)ends[^1] - 45).Clear(); // The record's second half is zero anyway.

        (List<byte[]> read, WalTornTail? tail) = ReadAll(files);

        AssertSame(records.SkipLast(1), read);
        Assert.Equal(ends[^2], tail?.Offset);
    }

    [Fact]
    public void A_torn_tail_in_front_of_an_empty_segment_is_still_a_torn_tail()
    {
        (MemoryWalFiles files, List<byte[]> records, List<long> ends) = SmallLog();
        files.Files["wal/00000000"] = files.Files["wal/00000000"][..(int)(ends[^1] - 1)];
        files.Files["wal/00000001"] = [];

        (List<byte[]> read, WalTornTail? tail) = ReadAll(files);

        AssertSame(records.SkipLast(1), read);
        Assert.Equal(0, tail?.Segment);
        using WalWriter writer = Open(files);
        Assert.Equal(tail, writer.RepairedTail);
    }

    [Fact]
    public void A_flipped_bit_in_the_middle_is_reported_where_its_record_starts_and_repair_cuts_there()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            (MemoryWalFiles files, List<byte[]> records, List<long> ends) = SmallLog();
            files.Files["wal/00000001"] = files.Files["wal/00000000"].ToArray();
            files.Files["wal/00000002"] = files.Files["wal/00000000"].ToArray();
            var random = new Random(seed);
            int damagedRecord = random.Next(records.Count - 1);
            long start = damagedRecord == 0 ? 0 : ends[damagedRecord - 1];
            long at = random.NextInt64(start + 7, ends[damagedRecord]);
            files.Files["wal/00000001"][at] ^= (byte)(1 << random.Next(8));

            WalCorruptionException corruption = Assert.Throws<WalCorruptionException>(() => ReadAll(files));
            Assert.Equal(1, corruption.Segment);
            Assert.Equal(start, corruption.Offset);

            WalRepair.Repair("wal", corruption, files);

            (List<byte[]> read, WalTornTail? tail) = ReadAll(files);
            Assert.True(tail is null, $"seed {seed}");
            AssertSame([.. records, .. records.Take(damagedRecord)], read);
            Assert.False(files.Files.ContainsKey("wal/00000002"));
            using WalWriter writer = Open(files);
            Assert.Equal(2, writer.CurrentSegment);
        }
    }

    [Fact]
    public void Writing_behind_a_damaged_segment_is_refused()
    {
        (MemoryWalFiles files, _, _) = SmallLog();
        files.Files["wal/00000000"][20] ^= 1;

        Assert.Throws<WalCorruptionException>(() => Open(files));
        Assert.Single(files.Files);
    }

    [Fact]
    public void A_record_that_goes_on_in_no_next_fragment_is_damage_in_the_middle()
    {
        (MemoryWalFiles files, List<byte[]> records, List<long> ends) = SmallLog();
        byte[] content = files.Files["wal/00000000"];
        int spanning = records.FindIndex(record => record.Length > Page);
        files.Files["wal/00000001"] = content.ToArray();
        files.Files["wal/00000000"] = content[..Page];

        WalCorruptionException corruption = Assert.Throws<WalCorruptionException>(() => ReadAll(files));

        Assert.Equal(0, corruption.Segment);
        Assert.Equal(ends[spanning - 1], corruption.Offset);
    }

    [Fact]
    public void A_missing_segment_is_an_error()
    {
        var files = new MemoryWalFiles();
        files.Files["wal/00000000"] = [];
        files.Files["wal/00000002"] = [];

        Assert.Throws<StorageException>(() => WalReader.Open("wal", files));
    }

    [Fact]
    public void Damage_in_a_checkpoint_is_not_repaired_in_the_log()
    {
        var files = new MemoryWalFiles();
        var corruption = new WalCorruptionException("wal/checkpoint.00000003/00000000", 0, 0, "test");

        Assert.Throws<StorageException>(() => WalRepair.Repair("wal", corruption, files));
    }

    [Fact]
    public void Mutated_and_random_segments_end_or_are_reported()
    {
        (MemoryWalFiles sound, _, _) = SmallLog(WalCompression.Snappy);
        byte[] whole = sound.Files["wal/00000000"];
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            byte[] content = whole.ToArray();
            if (seed % 4 == 0)
            {
                random.NextBytes(content);
            }

            for (int i = random.Next(5); i >= 0; i--)
            {
                content[random.Next(content.Length)] = (byte)random.Next(256);
            }

            var files = new MemoryWalFiles();
            files.Files["wal/00000000"] = content[..random.Next(content.Length + 1)];
            files.Files["wal/00000001"] = whole.ToArray();
            try
            {
                Assert.True(ReadAll(files).Tail is null, $"seed {seed}");
            }
            catch (WalCorruptionException corruption)
            {
                Assert.Equal(0, corruption.Segment);
                WalRepair.Repair("wal", corruption, files);
                ReadAll(files);
                using WalWriter writer = Open(files);
                writer.Log([1]);
            }
        }
    }

    [Fact]
    public void A_full_disk_undoes_the_batch_and_a_later_try_succeeds()
    {
        for (int free = 0; free < 400; free += 3)
        {
            var files = new MemoryWalFiles();
            var batch = new WalBatch();
            for (byte i = 0; i < 10; i++)
            {
                batch.Buffer.WriteBytes(MakeRecord(new Random(i), 40));
                batch.EndRecord();
            }

            using (WalWriter writer = Open(files, compression: WalCompression.None))
            {
                writer.Log([1]);
                long offset = writer.CurrentOffset;
                files.FreeBytes = free;
                files.RefusesSetLength = free % 2 == 0;
                StorageException error = Assert.Throws<StorageException>(() => writer.Log(batch));
                Assert.Contains("no space left on device", error.Message);
                Assert.Equal(offset, writer.CurrentOffset);
                Assert.Equal(free % 2 == 0 ? offset + free : offset, files.Files["wal/00000000"].Length);

                files.FreeBytes = long.MaxValue;
                files.RefusesSetLength = false;
                writer.Log([2]);
                writer.Log(batch);
            }

            (List<byte[]> read, WalTornTail? tail) = ReadAll(files);
            Assert.Null(tail);
            Assert.Equal([[1], [2], .. Enumerable.Range(0, 10).Select(batch.CopyRecord)], read);
        }
    }

    [Fact]
    public void A_segment_that_cannot_be_made_leaves_the_old_one_usable()
    {
        var files = new MemoryWalFiles();
        byte[] large = MakeRecord(new Random(1), 3 * Page);
        using (WalWriter writer = Open(files, 5 * Page, WalCompression.None))
        {
            writer.Log(large);
            files.RefusesNewFiles = true;
            Assert.Throws<StorageException>(() => writer.Log(large));
            Assert.Throws<StorageException>(() => writer.CutSegment());
            writer.Log([7]);
            files.RefusesNewFiles = false;
            writer.Log(large);
            Assert.Equal(1, writer.CurrentSegment);
        }

        Assert.Equal([large, [7], large], ReadAll(files).Records);
    }

    private static (MemoryWalFiles Files, List<byte[]> Records, List<long> Ends) SmallLog(WalCompression compression = WalCompression.None)
    {
        var files = new MemoryWalFiles();
        var records = new List<byte[]>();
        var ends = new List<long>();
        using WalWriter writer = Open(files, compression: compression);
        foreach (int size in new[] { 5, 100, 1, 300, Page + 50, 20, 60 })
        {
            records.Add(MakeRecord(new Random(size), size));
            writer.Log(records[^1]);
            ends.Add(writer.CurrentOffset);
        }

        return (files, records, ends);
    }
}

internal static class WalBatchExtensions
{
    public static byte[] CopyRecord(this WalBatch batch, int index) => batch.GetRecord(index).ToArray();
}
