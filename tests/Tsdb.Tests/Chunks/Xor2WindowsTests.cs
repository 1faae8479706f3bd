using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Tests.Chunks;

public sealed class Xor2WindowsTests
{
    [Fact]
    public void Planned_chunks_hold_the_same_samples_and_are_never_longer()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            (long Start, long Time, double Value)[] samples = Xor2Samples.Generate(seed, 1 + (seed % 160));
            byte[] planned = Encode(samples);
            Assert.True(planned.Length <= Xor2Samples.Encode(samples).Length, $"seed {seed}");
            long[] times = new long[samples.Length];
            double[] values = new double[samples.Length];
            long[] starts = new long[samples.Length];
            Assert.True(Xor2Decoder.TryDecode(planned, samples.Length, times, values, starts, out _), $"seed {seed}");
            for (int i = 0; i < samples.Length; i++)
            {
                Assert.True(
                    (samples[i].Start, samples[i].Time, BitConverter.DoubleToUInt64Bits(samples[i].Value)) == (starts[i], times[i], BitConverter.DoubleToUInt64Bits(values[i])),
                    $"seed {seed} sample {i}");
            }
        }
    }

    [Fact]
    public void No_other_choice_of_windows_gives_fewer_bits()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            (long[] times, double[] values) = Generate(random, 2 + random.Next(10));
            ulong[] runs = new ulong[values.Length];
            Xor2Windows.Plan(times, values, runs);

            // Each change but the first begins a run or does not: all combinations, each with the windows that it needs.
            int best = int.MaxValue;
            for (uint begins = 0; begins < 1U << values.Length; begins++)
            {
                best = Math.Min(best, Bits(times, values, RunsOf(values, begins)));
            }

            Assert.True(best == Bits(times, values, runs), $"seed {seed}: {Bits(times, values, runs)} instead of {best}");
        }
    }

    [Fact]
    public void Long_chunks_are_planned_in_pieces()
    {
        (long[] times, double[] values) = Generate(new Random(1), 5000);
        byte[] room = new byte[FloatChunk.BytesMax(values.Length)];
        int length = FloatChunk.EncodeXor2(times, values, default, room);
        long[] decodedTimes = new long[values.Length];
        double[] decoded = new double[values.Length];
        Assert.True(Xor2Decoder.TryDecode(room.AsSpan(0, length), values.Length, decodedTimes, decoded, default, out _));
        Assert.Equal(times, decodedTimes);
        Assert.Equal(values.Select(BitConverter.DoubleToUInt64Bits), decoded.Select(BitConverter.DoubleToUInt64Bits));
        byte[] one = Xor2Samples.Encode([.. times.Zip(values).Select(sample => (0L, sample.First, sample.Second))]);
        Assert.True(length < one.Length * 98 / 100, $"{length} bytes, {one.Length} sample by sample");
    }

    // In thousandths of a byte for each sample. The first two figures are those of upstream's encoders.
    [Theory]
    [InlineData("counter", 0, 2127, 2134, 1884)]
    [InlineData("counter", 5, 3884, 3914, 3658)]
    [InlineData("gauge", 0, 7909, 7918, 7310)]
    [InlineData("gauge", 5, 9666, 9679, 9082)]
    [InlineData("constant", 0, 400, 283, 283)]
    public void Chunks_are_shorter_than_xor_chunks(string kind, int jitterMs, int xor, int appended, int planned)
    {
        const int Chunks = 50;
        int xorBytes = 0;
        int appendedBytes = 0;
        int plannedBytes = 0;
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            var random = new Random(chunk);
            long[] times = new long[120];
            double[] values = new double[120];
            double value = random.Next(1_000_000);
            for (int i = 0; i < times.Length; i++)
            {
                times[i] = 1_700_000_000_000 + (i * 15_000L) + random.Next(-jitterMs, jitterMs + 1);
                value = kind switch
                {
                    "counter" => value + random.Next(100),
                    "gauge" => Math.Round(random.NextDouble() * 100, 2),
                    _ => value,
                };
                values[i] = value;
            }

            byte[] room = new byte[FloatChunk.BytesMax(120)];
            xorBytes += FloatChunk.EncodeXor(times, values, room);
            appendedBytes += Xor2Samples.Encode([.. times.Zip(values).Select(sample => (0L, sample.First, sample.Second))]).Length;
            plannedBytes += FloatChunk.EncodeXor2(times, values, default, room);
        }

        Assert.Equal((xor, appended, planned), (PerSample(xorBytes), PerSample(appendedBytes), PerSample(plannedBytes)));

        static int PerSample(int bytes) => (int)Math.Round(bytes * 1000.0 / (Chunks * 120));
    }

    private static (long[] Times, double[] Values) Generate(Random random, int count)
    {
        long[] times = new long[count];
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            times[i] = (i * 15_000L) + (random.Next(3) == 0 ? random.Next(5) : 0);
            values[i] = random.Next(8) switch
            {
                0 when i > 0 => values[i - 1],
                1 => StaleNaN.Value,
                2 => random.NextDouble(),
                3 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                _ => random.Next(1, 1 << random.Next(1, 20)),
            };
        }

        return (times, values);
    }

    private static byte[] Encode((long Start, long Time, double Value)[] samples)
    {
        byte[] room = new byte[FloatChunk.BytesMax(samples.Length)];
        Array.Fill(room, (byte)0xA5);
        int length = FloatChunk.EncodeXor2(
            [.. samples.Select(sample => sample.Time)], [.. samples.Select(sample => sample.Value)], [.. samples.Select(sample => sample.Start)], room);
        return room[..length];
    }

    /// <summary>The windows if runs begin at these samples (and at the first change).</summary>
    private static ulong[] RunsOf(double[] values, uint begins)
    {
        ulong[] runs = new ulong[values.Length];
        ulong last = 0;
        int run = -1;
        for (int i = 0; i < values.Length; i++)
        {
            ulong bits = BitConverter.DoubleToUInt64Bits(values[i]);
            ulong xor = bits ^ last;
            if (bits == StaleNaN.Bits)
            {
                continue;
            }

            last = bits;
            if (i > 0 && xor != 0)
            {
                run = run < 0 || (begins >> i & 1) != 0 ? i : run;
                runs[run] |= xor;
            }
        }

        return runs;
    }

    private static int Bits(long[] times, double[] values, ulong[] runs)
    {
        byte[] room = new byte[FloatChunk.BytesMax(values.Length)];
        XorAppenderState state = default;
        long lastStart = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(Xor2Encoder.TryAppendPlanned(ref state, ref lastStart, room, times[i], values[i], 0, runs[i]));
        }

        return state.BitPosition;
    }
}
