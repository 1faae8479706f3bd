using System.Diagnostics;
using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>Encodes samples that are all there already as one chunk of floats.</summary>
internal static class FloatChunk
{
    /// <summary>What so many samples may take, whatever they are.</summary>
    public static int BytesMax(int count) => Xor2Encoder.HeaderBytes + (count * Xor2Encoder.BytesPerSampleMax);

    /// <summary>Encodes samples of a buffer, which must be floats, and returns the chunk's length. Start timestamps stay behind where the encoding has none.</summary>
    /// <param name="encoding">How.</param>
    /// <param name="samples">The buffer.</param>
    /// <param name="from">The first of the samples.</param>
    /// <param name="to">Behind the last of them.</param>
    /// <param name="room">Where the chunk goes; <see cref="BytesMax"/> is enough.</param>
    public static int Encode(ChunkEncoding encoding, SampleBuffer samples, int from, int to, Span<byte> room)
    {
        ReadOnlySpan<long> timestamps = samples.Timestamps[from..to];
        ReadOnlySpan<double> values = samples.Values[from..to];
        return encoding == ChunkEncoding.Xor2
            ? EncodeXor2(timestamps, values, samples.HasStartTimestamps ? samples.StartTimestamps[from..to] : default, room)
            : EncodeXor(timestamps, values, room);
    }

    /// <summary>Encodes samples, ascending by time, as an XOR2 chunk, as short as it can be, and returns its length.</summary>
    /// <param name="timestamps">The times.</param>
    /// <param name="values">The values.</param>
    /// <param name="starts">The start timestamps; empty if there are none.</param>
    /// <param name="room">Where the chunk goes; <see cref="BytesMax"/> is enough.</param>
    public static int EncodeXor2(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, ReadOnlySpan<long> starts, Span<byte> room)
    {
        const int OnStackMax = 256;
        Span<ulong> runs = timestamps.Length <= OnStackMax ? stackalloc ulong[OnStackMax] : new ulong[timestamps.Length];
        runs = runs[..timestamps.Length];
        Xor2Windows.Plan(timestamps, values, runs);
        XorAppenderState state = default;
        long lastStart = 0;
        for (int i = 0; i < timestamps.Length; i++)
        {
            if (!Xor2Encoder.TryAppendPlanned(ref state, ref lastStart, room, timestamps[i], values[i], starts.IsEmpty ? 0 : starts[i], runs[i]))
            {
                ThrowNoRoom();
            }
        }

        return state.ByteCount;
    }

    /// <summary>Encodes samples, ascending by time, as an XOR chunk and returns its length.</summary>
    public static int EncodeXor(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, Span<byte> room)
    {
        XorAppenderState state = default;
        for (int i = 0; i < timestamps.Length; i++)
        {
            if (!XorEncoder.TryAppend(ref state, room, timestamps[i], values[i]))
            {
                ThrowNoRoom();
            }
        }

        return state.ByteCount;
    }

    private static void ThrowNoRoom() => throw new UnreachableException("There is room for the longest samples.");
}
