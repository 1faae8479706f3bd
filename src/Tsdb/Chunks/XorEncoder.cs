using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Chunks;

/// <summary>Appends float samples to XOR chunks, byte for byte as upstream encodes them.</summary>
/// <remarks>
/// <para>
/// A chunk is the number of samples (two bytes), the first time (varint) and value (eight bytes), the second time's
/// distance (uvarint), and from there on bits: per sample the change of the distance, then the XOR with the value before.
/// </para>
/// <para>
/// Bits once written never change, so a reader that knows how many samples it may see can decode a chunk while its owner
/// appends to it (<see cref="XorDecoder.TryDecode(ReadOnlySpan{byte}, int, Span{long}, Span{double}, out int)"/>). Bytes behind
/// <see cref="XorAppenderState.ByteCount"/> but inside the caller's span are scratch.
/// </para>
/// </remarks>
public static class XorEncoder
{
    /// <summary>The most samples that the header can count.</summary>
    public const int SamplesMax = ushort.MaxValue;

    /// <summary>The most bytes that a sample can add to a chunk, whatever it is.</summary>
    public const int BytesPerSampleMax = 19;

    internal const int HeaderBytes = 2;

    // No window has been written yet. A real one has at most 31 leading zeros, as the format has five bits for them.
    private const byte NoWindow = 0xFF;

    /// <summary>Appends a sample. False, and nothing changed, if it does not fit: then the caller cuts a new chunk.</summary>
    /// <param name="state">The chunk's state; the default value starts a new chunk.</param>
    /// <param name="chunk">The chunk's room, the same bytes as in the calls before (they may have moved to a larger span).</param>
    /// <param name="timestampMs">The time. Not checked: order is the caller's business.</param>
    /// <param name="value">The value; every bit pattern survives.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryAppend(ref XorAppenderState state, Span<byte> chunk, long timestampMs, double value)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        if (state.Count < 2)
        {
            return state.Count == 0 ? TryAppendFirst(ref state, chunk, timestampMs, bits) : TryAppendSecond(ref state, chunk, timestampMs, bits);
        }

        long delta = unchecked(timestampMs - state.LastTimestampMs);
        long change = unchecked(delta - state.LastDeltaMs);
        ulong timeCode;
        int timeLength;
        if (change == 0)
        {
            (timeCode, timeLength) = (0, 1);
        }
        else if (Fits(change, 14))
        {
            (timeCode, timeLength) = (0b10UL << 14 | Low(change, 14), 16);
        }
        else if (Fits(change, 17))
        {
            (timeCode, timeLength) = (0b110UL << 17 | Low(change, 17), 20);
        }
        else if (Fits(change, 20))
        {
            (timeCode, timeLength) = (0b1110UL << 20 | Low(change, 20), 24);
        }
        else
        {
            (timeCode, timeLength) = (0b1111, 68);
        }

        int room = (chunk.Length << 3) - state.BitPosition;
        if (timeLength + ValueLength(in state, bits) > room || state.Count == SamplesMax)
        {
            return false;
        }

        int position = state.BitPosition;
        if (timeLength <= 24)
        {
            position = Write(chunk, position, timeCode, timeLength);
        }
        else
        {
            position = Write(chunk, position, timeCode, 4);
            position = Write(chunk, position, (ulong)change, 64);
        }

        Finish(ref state, chunk, position, timestampMs, delta, bits);
        return true;
    }

    /// <summary>Rebuilds the state by decoding the chunk. False if the chunk is damaged.</summary>
    /// <remarks>Appending then continues as if it had never stopped, bit for bit.</remarks>
    public static bool TryRecover(ReadOnlySpan<byte> chunk, out XorAppenderState state) => XorDecoder.TryReadState(chunk, NoWindow, out state);

    private static bool TryAppendFirst(ref XorAppenderState state, Span<byte> chunk, long timestampMs, ulong bits)
    {
        Span<byte> first = stackalloc byte[ByteWriter.UvarintBytesMax + 8];
        int length = ByteWriter.PutVarint(first, timestampMs);
        BinaryPrimitives.WriteUInt64BigEndian(first[length..], bits);
        length += 8;
        if (HeaderBytes + length > chunk.Length)
        {
            return false;
        }

        first[..length].CopyTo(chunk[HeaderBytes..]);
        BinaryPrimitives.WriteUInt16BigEndian(chunk, 1);
        state = new XorAppenderState
        {
            LastTimestampMs = timestampMs,
            LastValueBits = bits,
            BitPosition = (HeaderBytes + length) << 3,
            Count = 1,
            Leading = NoWindow,
        };
        return true;
    }

    private static bool TryAppendSecond(ref XorAppenderState state, Span<byte> chunk, long timestampMs, ulong bits)
    {
        long delta = unchecked(timestampMs - state.LastTimestampMs);
        Span<byte> encodedDelta = stackalloc byte[ByteWriter.UvarintBytesMax];
        int length = ByteWriter.PutUvarint(encodedDelta, (ulong)delta);
        if ((length << 3) + ValueLength(in state, bits) > (chunk.Length << 3) - state.BitPosition)
        {
            return false;
        }

        Debug.Assert((state.BitPosition & 7) == 0, "The first sample ends on a byte.");
        encodedDelta[..length].CopyTo(chunk[(state.BitPosition >> 3)..]);
        Finish(ref state, chunk, state.BitPosition + (length << 3), timestampMs, delta, bits);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ref XorAppenderState state, Span<byte> chunk, int position, long timestampMs, long delta, ulong bits)
    {
        ulong xor = bits ^ state.LastValueBits;
        if (xor == 0)
        {
            position = Write(chunk, position, 0, 1);
        }
        else if (FitsWindow(in state, xor))
        {
            int length = 64 - state.Leading - state.Trailing;
            position = Write(chunk, position, 0b10, 2);
            position = Write(chunk, position, xor >> state.Trailing, length);
        }
        else
        {
            int leading = Math.Min(BitOperations.LeadingZeroCount(xor), 31);
            int trailing = BitOperations.TrailingZeroCount(xor);
            int length = 64 - leading - trailing;

            // Six bits for the length: 64 is written as 0, which cannot occur otherwise.
            position = Write(chunk, position, 0b11UL << 11 | (ulong)leading << 6 | (uint)length & 63, 13);
            position = Write(chunk, position, xor >> trailing, length);
            state.Leading = (byte)leading;
            state.Trailing = (byte)trailing;
        }

        state.LastTimestampMs = timestampMs;
        state.LastDeltaMs = delta;
        state.LastValueBits = bits;
        state.BitPosition = position;
        state.Count++;
        BinaryPrimitives.WriteUInt16BigEndian(chunk, state.Count);
    }

    private static int ValueLength(in XorAppenderState state, ulong bits)
    {
        ulong xor = bits ^ state.LastValueBits;
        if (xor == 0)
        {
            return 1;
        }

        return FitsWindow(in state, xor)
            ? 2 + 64 - state.Leading - state.Trailing
            : 13 + 64 - Math.Min(BitOperations.LeadingZeroCount(xor), 31) - BitOperations.TrailingZeroCount(xor);
    }

    // The clamp to 31 comes before the comparison upstream; it changes nothing, as the window never has more than 31 either.
    private static bool FitsWindow(in XorAppenderState state, ulong xor) =>
        state.Leading != NoWindow && BitOperations.LeadingZeroCount(xor) >= state.Leading && BitOperations.TrailingZeroCount(xor) >= state.Trailing;

    // The range is lopsided towards the positive side, unlike two's complement: -(2^(n-1)-1) to 2^(n-1).
    private static bool Fits(long change, int bitCount) => change >= -((1L << (bitCount - 1)) - 1) && change <= 1L << (bitCount - 1);

    private static ulong Low(long value, int bitCount) => (ulong)value & ((1UL << bitCount) - 1);

    /// <summary>Writes the low <paramref name="bitCount"/> bits at a bit position; the caller has checked that they fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Write(Span<byte> chunk, int position, ulong value, int bitCount)
    {
        Debug.Assert(bitCount is > 0 and <= 64, "Zero bits would shift by 64, which is no shift.");
        Debug.Assert(bitCount == 64 || value >> bitCount == 0, "Stray high bits would corrupt earlier samples.");

        int index = position >> 3;
        int used = position & 7;
        ulong aligned = value << (64 - bitCount);

        // What stands in a byte that is begun is kept; fresh bytes may hold anything.
        ulong kept = used == 0 ? 0 : (ulong)(chunk[index] & (0xFF00 >> used)) << 56;
        ulong word = kept | aligned >> used;
        int end = used + bitCount;
        if (index + 8 <= chunk.Length)
        {
            BinaryPrimitives.WriteUInt64BigEndian(chunk[index..], word);
        }
        else
        {
            for (int written = 0; written < end && written < 64; written += 8)
            {
                chunk[index + (written >> 3)] = (byte)(word >> (56 - written));
            }
        }

        if (end > 64)
        {
            chunk[index + 8] = (byte)(aligned << (64 - used) >> 56);
        }

        return position + bitCount;
    }
}
