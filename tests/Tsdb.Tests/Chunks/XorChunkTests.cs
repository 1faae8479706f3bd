using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Tests.Chunks;

public sealed class XorChunkTests
{
    // One sample: count 1, time 1 as zigzag varint, 1.0. Second: delta 15000 as uvarint, same value: one zero bit.
    [Fact]
    public void Two_samples_have_the_documented_layout()
    {
        byte[] chunk = Encode([(1, 1.0), (15001, 1.0)]);

        Assert.Equal("0002" + "02" + "3FF0000000000000" + "9875" + "00", Convert.ToHexString(chunk));
    }

    [Fact]
    public void Random_series_match_the_slow_oracle_byte_for_byte_and_decode_back()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            (long T, double V)[] samples = RandomSamples(new Random(seed), 1 + (seed % 150));
            byte[] chunk = Encode(samples);

            Assert.True(SlowXorChunk.Encode(samples).AsSpan().SequenceEqual(chunk), $"seed {seed}");
            AssertDecodes(samples, chunk, $"seed {seed}");
        }
    }

    [Fact]
    public void Timestamp_changes_at_the_edges_of_every_bucket_survive()
    {
        long[] edges = [0, 1, -1, 8191, -8191, 8192, -8192, 8193, 65535, -65535, 65536, -65536, 65537, 524287, -524287, 524288, -524288, 524289,
            int.MaxValue, long.MaxValue / 4, -(long.MaxValue / 4)];
        foreach (long edge in edges)
        {
            (long, double)[] samples = [(0, 1), (1_000_000, 2), (2_000_000 + edge, 3), (3_000_000 + edge, 3)];
            byte[] chunk = Encode(samples);
            Assert.True(SlowXorChunk.Encode(samples).AsSpan().SequenceEqual(chunk), $"edge {edge}");
            AssertDecodes(samples, chunk, $"edge {edge}");
        }
    }

    [Fact]
    public void Every_bit_pattern_survives()
    {
        double[] values = [0.0, -0.0, double.NaN, StaleNaN.Value, StaleNaN.NormalNaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon,
            double.MaxValue, BitConverter.UInt64BitsToDouble(ulong.MaxValue), BitConverter.UInt64BitsToDouble(1), 1.0];
        (long, double)[] samples = [.. values.Select((value, i) => ((long)i, value))];

        AssertDecodes(samples, Encode(samples), "special values");
    }

    [Fact]
    public void A_full_chunk_refuses_the_sample_and_stays_as_it_was()
    {
        var random = new Random(3);
        for (int room = 0; room < 120; room++)
        {
            byte[] chunk = new byte[room];
            random.NextBytes(chunk); // Scratch may hold anything.
            var state = new XorAppenderState();
            var stored = new List<(long, double)>();
            foreach ((long t, double v) in RandomSamples(new Random(room), 60))
            {
                XorAppenderState before = state;
                if (!XorEncoder.TryAppend(ref state, chunk, t, v))
                {
                    Assert.Equal(before, state);
                    break;
                }

                stored.Add((t, v));
            }

            if (stored.Count > 0)
            {
                Assert.True(SlowXorChunk.Encode(stored).AsSpan().SequenceEqual(chunk.AsSpan(0, state.ByteCount)), $"room {room}");
            }
        }
    }

    [Fact]
    public void Recovered_state_continues_bit_for_bit()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            (long T, double V)[] samples = RandomSamples(new Random(seed), 40);
            byte[] chunk = new byte[4096];
            var state = new XorAppenderState();
            foreach ((long t, double v) in samples)
            {
                Assert.True(XorEncoder.TryRecover(chunk.AsSpan(0, Math.Max(2, state.ByteCount)), out XorAppenderState recovered));
                Assert.Equal(state, recovered);
                state = recovered;
                Assert.True(XorEncoder.TryAppend(ref state, chunk, t, v));
            }

            Assert.True(SlowXorChunk.Encode(samples).AsSpan().SequenceEqual(chunk.AsSpan(0, state.ByteCount)), $"seed {seed}");
        }
    }

    [Fact]
    public void The_header_counts_65535_samples_and_no_more()
    {
        byte[] chunk = new byte[1 << 16];
        var state = new XorAppenderState();
        for (int i = 0; i < 65535; i++)
        {
            Assert.True(XorEncoder.TryAppend(ref state, chunk, i * 15000L, 7));
        }

        Assert.False(XorEncoder.TryAppend(ref state, chunk, 65535 * 15000L, 7));
        Assert.Equal(65535, XorDecoder.CountSamples(chunk));
        Assert.Equal(65535, XorDecoder.Decode(chunk, new long[65535], new double[65535]));
    }

    [Fact]
    public void A_reader_that_knows_the_count_sees_the_prefix_while_the_chunk_grows()
    {
        (long T, double V)[] samples = RandomSamples(new Random(11), 50);
        byte[] chunk = Encode(samples);
        long[] timestamps = new long[20];
        double[] values = new double[20];

        Assert.True(XorDecoder.TryDecode(chunk, 20, timestamps, values, out int decoded));

        Assert.Equal(20, decoded);
        Assert.Equal(samples.Take(20).Select(sample => sample.T), timestamps);
        Assert.Equal(samples.Take(20).Select(sample => Bits(sample.V)), values.Select(Bits));
    }

    [Fact]
    public void Append_keeps_what_is_inside_the_range()
    {
        (long, double)[] samples = [.. Enumerable.Range(0, 100).Select(i => (i * 10L, (double)i))];
        byte[] chunk = Encode(samples);
        foreach ((long min, long max) in new[] { (0L, 990L), (long.MinValue, long.MaxValue), (5, 5), (10, 10), (985, 2000), (-50, -1), (991, 5000), (333, 444), (500, 100) })
        {
            using var buffer = new SampleBuffer();
            buffer.Append(-100, -1);
            XorDecoder.Append(chunk, 100, new TimeRange(min, max), buffer);

            Assert.Equal([-100L, .. samples.Where(s => s.Item1 >= min && s.Item1 <= max).Select(s => s.Item1)], buffer.Timestamps.ToArray());
            Assert.Equal([-1.0, .. samples.Where(s => s.Item1 >= min && s.Item1 <= max).Select(s => s.Item2)], buffer.Values.ToArray());
        }
    }

    [Fact]
    public void Chunks_cut_at_any_byte_fail_with_the_samples_before()
    {
        (long T, double V)[] samples = RandomSamples(new Random(5), 60);
        byte[] chunk = Encode(samples);
        long[] timestamps = new long[60];
        double[] values = new double[60];
        for (int length = 0; length < chunk.Length; length++)
        {
            byte[] cut = chunk[..length];
            Assert.False(XorDecoder.TryDecode(cut, 60, timestamps, values, out int decoded));
            Assert.Equal(samples.Take(decoded).Select(sample => sample.T), timestamps.Take(decoded));
            if (length >= 2)
            {
                Assert.Throws<ChunkCorruptionException>(() => XorDecoder.Decode(cut, timestamps, values));
                using var buffer = new SampleBuffer();
                Assert.Throws<ChunkCorruptionException>(() => XorDecoder.Append(cut, 60, TimeRange.All, buffer));
                Assert.Equal(0, buffer.Count);
                Assert.False(XorEncoder.TryRecover(cut, out _));
            }
        }
    }

    [Fact]
    public void Random_and_mutated_bytes_never_crash()
    {
        long[] timestamps = new long[65536];
        double[] values = new double[65536];
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] chunk = new byte[random.Next(200)];
            random.NextBytes(chunk);
            if (seed % 2 == 0 && chunk.Length >= 20)
            {
                chunk = Encode(RandomSamples(random, 30));
                chunk[random.Next(chunk.Length)] ^= (byte)(1 << random.Next(8));
            }

            int count = XorDecoder.CountSamples(chunk);
            bool complete = XorDecoder.TryDecode(chunk, count, timestamps, values, out int decoded);
            Assert.True(decoded <= count && (!complete || decoded == count), $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xFF)]
    public void Damaged_chunks_decode_as_far_as_the_slow_oracle_whatever_lies_around_them(byte around)
    {
        byte[] room = new byte[4096];
        long[] timestamps = new long[400];
        double[] values = new double[400];
        for (int seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(1, 200);
            byte[] chunk = Encode(seed % 3 == 0 ? RandomSamples(random, count) : SteadySamples(random, count));
            for (int i = random.Next(4); i > 0; i--)
            {
                chunk[random.Next(chunk.Length)] ^= (byte)(1 << random.Next(8));
            }

            chunk = chunk[..(random.Next(3) == 0 ? random.Next(chunk.Length + 1) : chunk.Length)];
            count = random.Next(5) == 0 ? count + random.Next(100) : count;
            List<(long T, double V)> expected = chunk.Length < 2 ? [] : SlowXorChunk.Decode(chunk, count);
            Array.Fill(room, around);
            int place = random.Next(64);
            chunk.CopyTo(room, place);

            bool complete = XorDecoder.TryDecode(room.AsSpan(place, chunk.Length), count, timestamps, values, out int decoded);

            Assert.True(expected.Count == decoded && complete == (decoded == count), $"seed {seed}: {decoded} of {count} samples instead of {expected.Count}");
            for (int i = 0; i < decoded; i++)
            {
                Assert.True(expected[i].T == timestamps[i] && Bits(expected[i].V) == Bits(values[i]), $"seed {seed}, sample {i}");
            }
        }
    }

    [Fact]
    public void A_lying_header_reserves_no_memory()
    {
        using var buffer = new SampleBuffer();
        byte[] chunk = [0xFF, 0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ChunkCorruptionException>(() => XorDecoder.Append(chunk, XorDecoder.CountSamples(chunk), TimeRange.All, buffer));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024);
    }

    internal static byte[] Encode(IReadOnlyList<(long T, double V)> samples)
    {
        byte[] chunk = new byte[2 + (samples.Count * XorEncoder.BytesPerSampleMax) + 19];
        Array.Fill(chunk, (byte)0xA5);
        var state = new XorAppenderState();
        foreach ((long t, double v) in samples)
        {
            Assert.True(XorEncoder.TryAppend(ref state, chunk, t, v));
        }

        return chunk[..state.ByteCount];
    }

    private static void AssertDecodes(IReadOnlyList<(long T, double V)> samples, byte[] chunk, string message)
    {
        long[] timestamps = new long[samples.Count];
        double[] values = new double[samples.Count];
        Assert.Equal(samples.Count, XorDecoder.Decode(chunk, timestamps, values));
        for (int i = 0; i < samples.Count; i++)
        {
            Assert.True(samples[i].T == timestamps[i] && Bits(samples[i].V) == Bits(values[i]), $"{message}, sample {i}");
        }
    }

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    // As scrapes are: at the same distance but for a few, values that stay for a while or take small steps.
    private static (long T, double V)[] SteadySamples(Random random, int count)
    {
        var samples = new (long, double)[count];
        long t = 1_767_225_600_000;
        double v = random.Next(1000);
        int changes = random.Next(1, 60);
        int jumps = random.Next(2) == 0 ? 1000 : random.Next(1, 40);
        for (int i = 0; i < count; i++)
        {
            samples[i] = (t, v);
            t += 15000 + (random.Next(jumps) == 0 ? random.Next(-9000, 90_000) : 0);
            v += random.Next(changes) == 0 ? random.Next(100) / 4.0 : 0;
        }

        return samples;
    }

    private static (long T, double V)[] RandomSamples(Random random, int count)
    {
        var samples = new (long, double)[count];
        long t = random.NextInt64(-1L << random.Next(1, 62), 1L << random.Next(1, 62));
        double v = random.Next(100);
        int jitterBits = random.Next(2, 30);
        for (int i = 0; i < count; i++)
        {
            samples[i] = (t, v);
            t = unchecked(t + 15000 + (random.Next(3) == 0 ? random.NextInt64(-1L << jitterBits, 1L << jitterBits) : 0));
            v = random.Next(6) switch
            {
                0 or 1 => v,
                2 => v + random.Next(10),
                3 => random.NextDouble(),
                4 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
                _ => -v,
            };
        }

        return samples;
    }
}
