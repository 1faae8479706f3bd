using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Tests.Binary;

public sealed class ByteReaderTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(-1, "01")]
    [InlineData(1, "02")]
    [InlineData(63, "7E")]
    [InlineData(-64, "7F")]
    [InlineData(64, "8001")]
    [InlineData(300, "D804")]
    [InlineData(long.MaxValue, "FEFFFFFFFFFFFFFFFF01")]
    [InlineData(long.MinValue, "FFFFFFFFFFFFFFFFFF01")]
    public void Varint_has_the_bytes_of_the_format_and_reads_back(long value, string hex)
    {
        var writer = new ByteWriter(0);
        writer.WriteVarint(value);
        var reader = new ByteReader(writer.WrittenSpan);

        Assert.Equal(hex, Convert.ToHexString(writer.WrittenSpan));
        Assert.Equal(value, reader.ReadVarint());
        Assert.False(reader.Failed);
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFFFFFFFFFFFF")]
    [InlineData("FFFFFFFFFFFFFFFFFF02")] // The 65th bit.
    [InlineData("FFFFFFFFFFFFFFFFFFFF01")] // Eleven bytes.
    public void Malformed_uvarint_fails_and_stays_failed(string hex)
    {
        var reader = new ByteReader(Convert.FromHexString(hex));

        Assert.Equal(0ul, reader.ReadUvarint());
        Assert.True(reader.Failed);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(0, reader.ReadByte());
    }

    [Fact]
    public void Lengths_and_counts_beyond_the_end_fail_without_allocating()
    {
        var text = new ByteReader([5, 1, 2]);
        Assert.True(text.ReadString().IsEmpty);
        Assert.True(text.Failed);

        var huge = new ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
        Assert.Equal(0, huge.ReadCount(8));
        Assert.True(huge.Failed);

        var fitting = new ByteReader([2, 0, 0, 0, 0]);
        Assert.Equal(2, fitting.ReadCount(2));
        Assert.False(fitting.Failed);
    }

    [Fact]
    public void Fixed_width_numbers_are_big_endian()
    {
        var writer = new ByteWriter(0);
        writer.WriteUInt16(0x0102);
        writer.WriteUInt32(0x03040506);
        writer.WriteUInt64(0x0708090A0B0C0D0E);
        writer.WriteDouble(1.5);
        Assert.Equal("0102030405060708090A0B0C0D0E3FF8000000000000", Convert.ToHexString(writer.WrittenSpan));

        var reader = new ByteReader(writer.WrittenSpan);
        Assert.Equal(0x0102, reader.ReadUInt16());
        Assert.Equal(0x03040506u, reader.ReadUInt32());
        Assert.Equal(0x0708090A0B0C0D0Eul, reader.ReadUInt64());
        Assert.Equal(1.5, reader.ReadDouble());
        Assert.False(reader.Failed);
        Assert.Equal(0u, reader.ReadUInt32());
        Assert.True(reader.Failed);
    }
}
