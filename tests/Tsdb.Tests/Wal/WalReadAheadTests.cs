using Narthex.Tsdb.Wal;
using static Narthex.Tsdb.Tests.Wal.WalRoundTripTests;

namespace Narthex.Tsdb.Tests.Wal;

/// <summary>Reading ahead gives what reading gives, wherever it ends.</summary>
public sealed class WalReadAheadTests
{
    private readonly MemoryWalFiles _files = new();
    private readonly List<byte[]> _records = [];

    public WalReadAheadTests()
    {
        var random = new Random(1);
        using WalWriter writer = Open(_files);
        for (int i = 0; i < 1200; i++)
        {
            _records.Add(MakeRecord(random, i % 400 == 0 ? 400_000 : 1 + random.Next(2000)));
            writer.Log(_records[^1]);
        }
    }

    [Fact]
    public void All_records_come_in_their_order()
    {
        using var reader = new WalReadAhead(WalReader.Open("wal", _files));
        AssertSame(_records, Read(reader, int.MaxValue));
        Assert.False(reader.MoveNext());
        Assert.Null(reader.TornTail);
    }

    [Fact]
    public void It_can_be_left_at_any_place()
    {
        foreach (int count in (int[])[0, 1, 200, 1199])
        {
            using var reader = new WalReadAhead(WalReader.Open("wal", _files));
            AssertSame(_records.Take(count), Read(reader, count));
        }
    }

    [Fact]
    public void Damage_is_told_behind_the_records_before_it()
    {
        byte[] content = _files.Files["wal/00000000"];
        content[content.Length / 2] ^= 1;
        (int before, long offset) = CountBeforeDamage();
        using var reader = new WalReadAhead(WalReader.Open("wal", _files));
        AssertSame(_records.Take(before), Read(reader, before));
        Assert.Equal(offset, Assert.Throws<WalCorruptionException>(() => reader.MoveNext()).Offset);
    }

    private (int Records, long Offset) CountBeforeDamage()
    {
        using WalReader reader = WalReader.Open("wal", _files);
        int count = 0;
        while (true)
        {
            try
            {
                Assert.True(reader.MoveNext());
                count++;
            }
            catch (WalCorruptionException damage)
            {
                return (count, damage.Offset);
            }
        }
    }

    private static List<byte[]> Read(WalReadAhead reader, int countMax)
    {
        var records = new List<byte[]>();
        while (records.Count < countMax && reader.MoveNext())
        {
            records.Add(reader.Record.ToArray());
        }

        return records;
    }
}
