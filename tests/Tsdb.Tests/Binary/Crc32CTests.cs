using System.Text;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Tests.Binary;

public sealed class Crc32CTests
{
    // From RFC 3720, appendix B.4, and the catalogue's check value.
    [Fact]
    public void Published_vectors_are_met()
    {
        byte[] ascending = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(ascending));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute([.. ascending.Reverse()]));
        Assert.Equal(0u, Crc32C.Compute([]));
    }

    [Fact]
    public void Instructions_and_table_agree_for_every_length_and_split()
    {
        var random = new Random(7);
        byte[] data = new byte[300];
        random.NextBytes(data);
        for (int length = 0; length < data.Length; length++)
        {
            ReadOnlySpan<byte> part = data.AsSpan(0, length);
            uint expected = ~Crc32C.AppendTable(~0u, part);
            int split = random.Next(length + 1);
            Assert.Equal(expected, Crc32C.Compute(part));
            Assert.Equal(expected, Crc32C.Append(Crc32C.Compute(part[..split]), part[split..]));
        }
    }
}
