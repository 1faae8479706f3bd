namespace Narthex.Model.Tests.Hashing;

public sealed class KeyedHashTests
{
    [Fact]
    public void Equal_bytes_hash_alike_wherever_they_stand()
    {
        var random = new Random(1);
        for (int length = 0; length < 300; length++)
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            byte[] elsewhere = [.. new byte[7], .. data, 0xFF, 0xFF];
            random.NextBytes(elsewhere.AsSpan(0, 7));
            Assert.True(KeyedHash.Hash(data) == KeyedHash.Hash(elsewhere.AsSpan(7, length)), $"length {length}");
            Assert.True(KeyedHash.Hash64(data) == KeyedHash.Hash64(elsewhere.AsSpan(7, length)), $"length {length}");
            Assert.True(KeyedHash.HashPortable(data) == KeyedHash.HashPortable(elsewhere.AsSpan(7, length)), $"length {length}");
        }
    }

    [Fact]
    public void Every_bit_of_every_byte_counts_in_both_halves()
    {
        var random = new Random(2);
        foreach (int length in (int[])[1, 2, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129, 200])
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            UInt128 hash = KeyedHash.Hash(data);
            for (int bit = 0; bit < length * 8; bit++)
            {
                data[bit >> 3] ^= (byte)(1 << (bit & 7));
                UInt128 changed = hash ^ KeyedHash.Hash(data);
                data[bit >> 3] ^= (byte)(1 << (bit & 7));

                // Of 64 fair bits fewer than 10 change once in ten thousand million tries.
                Assert.True(ulong.PopCount((ulong)changed) >= 10, $"length {length}, bit {bit}");
                Assert.True(ulong.PopCount((ulong)(changed >> 64)) >= 10, $"length {length}, bit {bit}");
            }
        }
    }

    [Fact]
    public void Zeros_of_different_lengths_and_swapped_blocks_differ()
    {
        var seen = new HashSet<UInt128>();
        for (int length = 0; length < 1000; length++)
        {
            Assert.True(seen.Add(KeyedHash.Hash(new byte[length])), $"length {length}");
        }

        byte[] data = new byte[192];
        for (int left = 0; left < data.Length; left += 8)
        {
            for (int right = left + 8; right < data.Length; right += 8)
            {
                Array.Clear(data);
                data[left] = 1;
                data[right] = 2;
                Assert.True(seen.Add(KeyedHash.Hash(data)), $"{left}, {right}");
                (data[left], data[right]) = (2, 1);
                Assert.True(seen.Add(KeyedHash.Hash(data)), $"{right}, {left}");
            }
        }
    }

    [Fact]
    public void Near_texts_do_not_collide_in_64_bits()
    {
        var seen = new HashSet<ulong>();
        for (int i = 0; i < 200_000; i++)
        {
            Assert.True(seen.Add(KeyedHash.Hash64(System.Text.Encoding.UTF8.GetBytes($"node_cpu_seconds_total{{cpu=\"{i % 1000}\",mode=\"m{i / 1000}\"}}"))), $"text {i}");
        }
    }
}
