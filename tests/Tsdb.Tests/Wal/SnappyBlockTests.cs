using IronSnappy;
using Narthex.Tsdb.Compression;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class SnappyBlockTests
{
    [Fact]
    public void Both_directions_agree_with_the_independent_implementation()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            byte[] data = MakeData(new Random(seed));
            byte[] compressed = new byte[SnappyBlock.GetMaxCompressedLength(data.Length)];
            int length = SnappyBlock.Compress(data, compressed);

            Assert.True(data.AsSpan().SequenceEqual(Decompress(compressed.AsSpan(0, length))), $"seed {seed}: own round trip");
            Assert.True(data.AsSpan().SequenceEqual(Snappy.Decode(compressed.AsSpan(0, length))), $"seed {seed}: theirs reads ours");
            Assert.True(data.AsSpan().SequenceEqual(Decompress(Snappy.Encode(data))), $"seed {seed}: ours reads theirs");
        }
    }

    [Fact]
    public void Repetition_shrinks()
    {
        byte[] data = new byte[100_000];
        byte[] compressed = new byte[SnappyBlock.GetMaxCompressedLength(data.Length)];
        Assert.InRange(SnappyBlock.Compress(data, compressed), 1, 5000);
    }

    [Fact]
    public void Damaged_blocks_are_refused_or_give_the_promised_length()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            byte[] data = MakeData(random);
            byte[] block = Snappy.Encode(data);
            for (int i = random.Next(4); i >= 0; i--)
            {
                block[random.Next(block.Length)] = (byte)random.Next(256);
            }

            block = block[..random.Next(block.Length + 1)];
            if (SnappyBlock.TryGetDecompressedLength(block, out int length))
            {
                Assert.True(length <= block.Length * 22L, $"seed {seed}");
                bool sound = SnappyBlock.TryDecompress(block, new byte[length], out int written);
                Assert.True(!sound || written == length, $"seed {seed}");
            }
        }
    }

    private static byte[] Decompress(ReadOnlySpan<byte> block)
    {
        Assert.True(SnappyBlock.TryGetDecompressedLength(block, out int length));
        byte[] data = new byte[length];
        Assert.True(SnappyBlock.TryDecompress(block, data, out int written));
        Assert.Equal(length, written);
        return data;
    }

    private static byte[] MakeData(Random random)
    {
        byte[] data = new byte[random.Next(4) switch { 0 => random.Next(30), 1 => random.Next(300), 2 => random.Next(5000), _ => random.Next(150_000) }];
        int alphabet = 1 << random.Next(1, 9);
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = i > 10 && random.Next(4) > 0 ? data[i - random.Next(1, Math.Min(i, 70))] : (byte)random.Next(alphabet);
        }

        return data;
    }
}
