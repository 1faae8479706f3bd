using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Tests.Chunks;

/// <summary>Samples of many shapes, the same for a seed for ever: a digest of what upstream makes of them stands in a test.</summary>
internal static class Xor2Samples
{
    public static (long Start, long Time, double Value)[] Generate(int seed, int count)
    {
        var random = new Random(seed);
        var samples = new (long, long, double)[count];
        long time = random.NextInt64(-1L << random.Next(1, 62), 1L << random.Next(1, 62));
        double value = random.Next(100);
        int jitterBits = random.Next(2, 30);
        int starts = random.Next(6);
        long start = starts is 0 or 5 ? 0 : time - random.Next(100000);
        bool wild = random.Next(3) == 0;
        for (int i = 0; i < count; i++)
        {
            samples[i] = (start, time, value);
            long previous = time;
            time = unchecked(time + 15000 + (random.Next(3) == 0 ? random.NextInt64(-1L << jitterBits, 1L << jitterBits) : 0));
            if (wild && random.Next(20) == 0)
            {
                time = unchecked(time + random.NextInt64());
            }

            start = starts switch
            {
                2 => random.Next(10) == 0 ? previous : start, // A counter that starts anew now and then.
                3 => previous, // Deltas.
                4 => random.Next(3) == 0 ? 0 : unchecked(previous - random.NextInt64(1L << random.Next(1, 62))),
                5 => i > random.Next(200) ? time - 5 : start, // They begin late, or not at all.
                _ => start,
            };
            value = random.Next(8) switch
            {
                0 or 1 => value,
                2 => value + random.Next(10),
                3 => random.NextDouble(),
                4 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
                5 => random.Next(3) == 0 ? StaleNaN.Value : value,
                6 => BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(value) ^ 1),
                _ => -value,
            };
        }

        return samples;
    }

    public static byte[] Encode(IReadOnlyList<(long Start, long Time, double Value)> samples)
    {
        // Scratch may hold anything.
        byte[] room = new byte[Xor2Encoder.HeaderBytes + (samples.Count * Xor2Encoder.BytesPerSampleMax)];
        Array.Fill(room, (byte)0xA5);
        XorAppenderState state = default;
        long lastStart = 0;
        foreach ((long start, long time, double value) in samples)
        {
            Assert.True(Xor2Encoder.TryAppend(ref state, ref lastStart, room, time, value, start));
        }

        return room[..state.ByteCount];
    }
}
