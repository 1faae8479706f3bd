using System.Security.Cryptography;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Tests.Chunks;

public sealed class Xor2ChunkTests
{
    // The expected bytes were made by upstream's own encoder (3.14) from the same samples.
    [Theory]
    [InlineData("0,1,1 0,15001,1", "000200023FF0000000000000987500")]
    [InlineData("0,1000,1 0,16000,1 0,31000,1 0,46000,1", "000400D00F3FF0000000000000987500")]
    [InlineData("500,1000,1 500,16000,2 500,31000,2 500,46050,3", "000480D00F3FF0000000000000E8079875C12FFFB00CB30180")]
    [InlineData("0,1000,1 0,2000,2 0,3000,stale 0,4000,2 0,5050,stale 0,6050,2", "000600D00F3FF0000000000000E807C12FFFFD8065F7F380")]
    [InlineData("0,1000,stale 0,2000,5 0,3000,5", "000300D00F7FF0000000000002E807C13600A0")]
    [InlineData("0,1000,1 900,2000,2 1990,3000,3 2980,4001,3 2980,5000,4", "000501D00F3FF0000000000000E807C12FFFF192B01F69B00058ADFFECB0BF1F48")]
    [InlineData("0,0,1 0,1000,1 0,2000,1 0,1050576,1 0,99,0.1", "000500003FF0000000000000E8073C00000000001FF830F7FFFFFFFFFEFFC49E4ED266666666666680")]
    [InlineData("0,1000,1 0,2000,1 1500,3000,1 2500,4000,1 3497,5000,2 4466,6000,2 5211,7000,2 0,8000,2", "000802D00F3FF0000000000000E8073C3E85097FFE6CFB9FEF818430")]
    public void Chunks_are_those_of_upstream(string samples, string expected)
    {
        (long, long, double)[] parsed = [.. samples.Split(' ').Select(Parse)];

        Assert.Equal(expected, Convert.ToHexString(Xor2Samples.Encode(parsed)));
    }

    // SHA-256 over the chunks that upstream's own encoder (3.14) makes of these 2,000 series, one behind the other.
    [Fact]
    public void Two_thousand_random_series_become_the_chunks_of_upstream()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int seed = 0; seed < 2000; seed++)
        {
            digest.AppendData(Xor2Samples.Encode(Xor2Samples.Generate(seed, 1 + (seed % 160))));
        }

        Assert.Equal("14E011B24BAE0C4887E10362B009649BA832290792359F695204D8037FD3DC6E", Convert.ToHexString(digest.GetHashAndReset()));
    }

    [Fact]
    public void Random_series_decode_back()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            (long Start, long Time, double Value)[] samples = Xor2Samples.Generate(seed, 1 + (seed % 160));
            AssertPrefix(samples, Xor2Samples.Encode(samples), samples.Length, $"seed {seed}");
        }
    }

    [Fact]
    public void Every_change_of_distance_and_start_at_the_edge_of_a_size_survives()
    {
        long[] edges = [0, 1, -1, 3, -3, 4, -4, 5, 31, -31, 32, -32, 33, 255, -255, 256, -256, 257, 2047, -2047, 2048, -2048, 2049, 4095, -4096, 4096, -4097,
            131071, -131071, 131072, -131072, 131073, 524287, -524288, 524288, -524289, 1L << 24, -(1L << 24), (1L << 24) + 1, 1L << 55, -(1L << 55),
            (1L << 55) + 1, long.MaxValue, long.MinValue];
        foreach (long edge in edges)
        {
            foreach (double last in (double[])[3, 2, StaleNaN.Value])
            {
                (long, long, double)[] samples =
                [
                    (7, 0, 1), (9, 1_000_000, 2), (unchecked(9 + edge), unchecked(2_000_000 + edge), last), (unchecked(9 - edge), unchecked(3_000_000 + edge), 2),
                ];
                AssertPrefix(samples, Xor2Samples.Encode(samples), samples.Length, $"edge {edge}");
            }
        }
    }

    [Fact]
    public void Every_bit_pattern_survives()
    {
        double[] values = [0.0, -0.0, double.NaN, StaleNaN.Value, StaleNaN.NormalNaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon,
            double.MaxValue, StaleNaN.Value, BitConverter.UInt64BitsToDouble(ulong.MaxValue), BitConverter.UInt64BitsToDouble(1), StaleNaN.Value, StaleNaN.Value, 1.0];
        for (int first = 0; first < values.Length; first++)
        {
            (long, long, double)[] samples = [.. values.Skip(first).Concat(values.Take(first)).Select((value, i) => (0L, i * 10L, value))];
            AssertPrefix(samples, Xor2Samples.Encode(samples), samples.Length, $"from {first}");
        }
    }

    [Fact]
    public void A_full_chunk_refuses_the_sample_and_stays_as_it_was()
    {
        for (int room = 0; room < 200; room++)
        {
            byte[] chunk = new byte[room];
            new Random(room).NextBytes(chunk);
            XorAppenderState state = default;
            long lastStart = 0;
            var stored = new List<(long, long, double)>();
            foreach ((long start, long time, double value) in Xor2Samples.Generate(room, 140))
            {
                (XorAppenderState before, long startBefore) = (state, lastStart);
                if (!Xor2Encoder.TryAppend(ref state, ref lastStart, chunk, time, value, start))
                {
                    Assert.Equal(before, state);
                    Assert.Equal(startBefore, lastStart);
                    break;
                }

                stored.Add((start, time, value));
            }

            if (stored.Count > 0)
            {
                Assert.True(Xor2Samples.Encode(stored).AsSpan().SequenceEqual(chunk.AsSpan(0, state.ByteCount)), $"room {room}");
            }
        }
    }

    [Fact]
    public void Recovered_state_continues_bit_for_bit()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            (long Start, long Time, double Value)[] samples = Xor2Samples.Generate(seed, 140);
            byte[] chunk = new byte[8192];
            XorAppenderState state = default;
            long lastStart = 0;
            foreach ((long start, long time, double value) in samples)
            {
                Assert.True(Xor2Encoder.TryRecover(chunk.AsSpan(0, state.ByteCount), out XorAppenderState recovered, out long recoveredStart));
                Assert.Equal(state, recovered);
                Assert.Equal(lastStart, recoveredStart);
                Assert.True(Xor2Encoder.TryAppend(ref recovered, ref recoveredStart, chunk, time, value, start));
                Assert.Equal(BitConverter.DoubleToUInt64Bits(value), BitConverter.DoubleToUInt64Bits(recovered.LastValue));
                (state, lastStart) = (recovered, recoveredStart);
            }

            Assert.True(Xor2Samples.Encode(samples).AsSpan().SequenceEqual(chunk.AsSpan(0, state.ByteCount)), $"seed {seed}");
        }
    }

    [Fact]
    public void The_header_counts_65535_samples_and_no_more()
    {
        byte[] chunk = new byte[1 << 18];
        XorAppenderState state = default;
        long lastStart = 0;
        for (int i = 0; i < 65535; i++)
        {
            Assert.True(Xor2Encoder.TryAppend(ref state, ref lastStart, chunk, i * 15000L, 7, 0));
        }

        Assert.False(Xor2Encoder.TryAppend(ref state, ref lastStart, chunk, 65535 * 15000L, 7, 0));
        Assert.Equal(65535, XorDecoder.CountSamples(chunk));
        Assert.True(Xor2Decoder.TryDecode(chunk, 65535, new long[65535], new double[65535], default, out int decoded));
        Assert.Equal(65535, decoded);
    }

    [Fact]
    public void A_reader_that_knows_the_count_sees_the_prefix_while_the_chunk_grows()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            (long Start, long Time, double Value)[] samples = Xor2Samples.Generate(seed, 140);
            byte[] chunk = Xor2Samples.Encode(samples);
            for (int count = 1; count < samples.Length; count += 13)
            {
                AssertPrefix(samples, chunk, count, $"seed {seed}, {count} samples");
            }
        }
    }

    [Fact]
    public void Append_keeps_what_is_inside_the_range_with_its_starts()
    {
        (long Start, long Time, double Value)[] samples = [.. Enumerable.Range(0, 100).Select(i => (i < 50 ? 0L : i * 10L - 7, i * 10L, (double)i))];
        byte[] chunk = Xor2Samples.Encode(samples);
        foreach ((long min, long max) in new[] { (0L, 990L), (long.MinValue, long.MaxValue), (5, 5), (10, 10), (985, 2000), (-50, -1), (991, 5000), (333, 444), (500, 100) })
        {
            using var buffer = new SampleBuffer();
            buffer.Append(-100, -1);
            ChunkDecoder.Append(ChunkEncoding.Xor2, chunk, new TimeRange(min, max), buffer);

            (long Start, long Time, double Value)[] expected = [(0, -100, -1), .. samples.Where(sample => sample.Time >= min && sample.Time <= max)];
            Assert.Equal(expected.Select(sample => sample.Time), buffer.Timestamps.ToArray());
            Assert.Equal(expected.Select(sample => sample.Value), buffer.Values.ToArray());
            Assert.Equal(expected.Any(sample => sample.Start != 0), buffer.HasStartTimestamps);
            if (buffer.HasStartTimestamps)
            {
                Assert.Equal(expected.Select(sample => sample.Start), buffer.StartTimestamps.ToArray());
            }
        }
    }

    [Fact]
    public void Chunks_cut_at_any_byte_fail_with_the_samples_before()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            (long Start, long Time, double Value)[] samples = Xor2Samples.Generate(seed, 60);
            byte[] chunk = Xor2Samples.Encode(samples);
            long[] timestamps = new long[60];
            double[] values = new double[60];
            for (int length = 0; length < chunk.Length; length++)
            {
                byte[] cut = chunk[..length];
                Assert.False(Xor2Decoder.TryDecode(cut, 60, timestamps, values, default, out int decoded), $"seed {seed}, length {length}");
                Assert.Equal(samples.Take(decoded).Select(sample => sample.Time), timestamps.Take(decoded));
                using var buffer = new SampleBuffer();
                Assert.Throws<ChunkCorruptionException>(() => Xor2Decoder.Append(cut, 60, TimeRange.All, buffer));
                Assert.Equal(0, buffer.Count);
                Assert.False(length >= 2 && Xor2Encoder.TryRecover(cut, out _, out _));
            }
        }
    }

    [Fact]
    public void Random_and_mutated_bytes_never_crash()
    {
        long[] timestamps = new long[65536];
        double[] values = new double[65536];
        long[] starts = new long[65536];
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] chunk = new byte[random.Next(200)];
            random.NextBytes(chunk);
            if (seed % 2 == 0)
            {
                chunk = Xor2Samples.Encode(Xor2Samples.Generate(seed, 30));
                chunk[random.Next(chunk.Length)] ^= (byte)(1 << random.Next(8));
                chunk = chunk[..random.Next(chunk.Length / 2, chunk.Length + 1)];
            }

            int count = XorDecoder.CountSamples(chunk);
            bool complete = Xor2Decoder.TryDecode(chunk, count, timestamps, values, starts, out int decoded);
            Assert.True(decoded <= count && (!complete || decoded == count), $"seed {seed}");
            Xor2Encoder.TryRecover(chunk, out _, out _);
        }
    }

    [Fact]
    public void A_lying_header_reserves_no_memory()
    {
        using var buffer = new SampleBuffer();
        byte[] chunk = [0xFF, 0xFF, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ChunkCorruptionException>(() => ChunkDecoder.Append(ChunkEncoding.Xor2, chunk, TimeRange.All, buffer));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024);
    }

    // A gauge that rarely changes, scraped with jitter and gone stale now and then: what XOR2 is for.
    [Fact]
    public void What_stays_the_same_takes_less_than_in_an_xor_chunk()
    {
        var random = new Random(1);
        (long Start, long Time, double Value)[] samples =
            [.. Enumerable.Range(0, 120).Select(i => (0L, (i * 15_000L) + random.Next(-3, 4), i % 40 == 39 ? StaleNaN.Value : 1.0 + (i / 30)))];

        int xor = XorChunkTests.Encode([.. samples.Select(sample => (sample.Time, sample.Value))]).Length;

        Assert.InRange(Xor2Samples.Encode(samples).Length, 1, xor - 1);
    }

    private static void AssertPrefix(IReadOnlyList<(long Start, long Time, double Value)> samples, byte[] chunk, int count, string message)
    {
        long[] timestamps = new long[count];
        double[] values = new double[count];
        long[] starts = new long[count];
        Assert.True(Xor2Decoder.TryDecode(chunk, count, timestamps, values, starts, out int decoded), message);
        Assert.Equal(count, decoded);
        for (int i = 0; i < count; i++)
        {
            (long start, long time, double value) = samples[i];
            bool same = start == starts[i] && time == timestamps[i] && BitConverter.DoubleToUInt64Bits(value) == BitConverter.DoubleToUInt64Bits(values[i]);
            Assert.True(same, $"{message}, sample {i}: {samples[i]} became {(starts[i], timestamps[i], values[i])}");
        }
    }

    private static (long Start, long Time, double Value) Parse(string sample)
    {
        string[] parts = sample.Split(',');
        double value = parts[2] == "stale" ? StaleNaN.Value : double.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture);
        return (long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), value);
    }
}
