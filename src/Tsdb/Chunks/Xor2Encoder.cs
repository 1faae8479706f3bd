using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Chunks;

/// <summary>Appends float samples, with start timestamps or without, to XOR2 chunks, byte for byte as upstream encodes them.</summary>
/// <remarks>
/// <para>
/// The number of samples (two bytes), a byte about start timestamps, and the first two samples nearly as in XOR chunks; from there on one prefix
/// says both how the distance in time has changed and whether the value has, so that a sample that is as expected takes one bit. Staleness markers
/// are a code of their own: the value behind one is compared with that in front of it.
/// </para>
/// <para>
/// Start timestamps cost nothing while they are that of the first sample (or all absent). From the first change on each sample has the
/// distance from the time before it to its start, as a change of the distance of the sample before. The byte in the header says from which sample on.
/// Seven bits can say that of the first 127 samples only, so from number 127 on samples have one in any case.
/// </para>
/// <para>
/// As in <see cref="XorEncoder"/> bits once written never change, and the header says nothing about samples before the one that changes it: a reader that
/// knows how many samples it may see can decode a chunk that grows.
/// </para>
/// </remarks>
public static class Xor2Encoder
{
    /// <summary>The most bytes that a sample can add to a chunk, whatever it is; the first one brings the header besides.</summary>
    public const int BytesPerSampleMax = 29;

    internal const int HeaderBytes = 3;
    internal const int StartByte = 2;
    internal const byte FirstStartKnown = 0x80;
    internal const byte ChangedFromMask = 0x7F;

    private const byte NoWindow = 0xFF;

    // A distance that fits nothing shorter: 11110 and all its bits.
    private const int AnyDistanceLength = 5 + 64;

    /// <summary>Appends a sample. False, and nothing changed, if it does not fit: then the caller cuts a new chunk.</summary>
    /// <param name="state">The chunk's state; the default value starts a new chunk. One of an <see cref="XorEncoder"/> does not fit.</param>
    /// <param name="lastStartMs">The start timestamp of the last sample, which belongs to the state; 0 at first, and as long as there are none.</param>
    /// <param name="chunk">The chunk's room, the same bytes as in the calls before (they may have moved to a larger span).</param>
    /// <param name="timestampMs">The time. Not checked: order is the caller's business.</param>
    /// <param name="value">The value; every bit pattern survives.</param>
    /// <param name="startMs">Since when the value has been counting; 0 if that is not known.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryAppend(ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, long timestampMs, double value, long startMs) =>
        Append(ref state, ref lastStartMs, chunk, timestampMs, value, startMs, run: 0);

    /// <summary>Appends a sample of a chunk whose windows were planned (<see cref="Xor2Windows"/>), otherwise as <see cref="TryAppend"/>.</summary>
    /// <param name="state">The chunk's state.</param>
    /// <param name="lastStartMs">The start timestamp of the last sample.</param>
    /// <param name="chunk">The chunk's room.</param>
    /// <param name="timestampMs">The time.</param>
    /// <param name="value">The value.</param>
    /// <param name="startMs">Since when the value has been counting.</param>
    /// <param name="run">The bits of the window that begins with this sample; 0 if none does.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool TryAppendPlanned(
        ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, long timestampMs, double value, long startMs, ulong run) =>
        Append(ref state, ref lastStartMs, chunk, timestampMs, value, startMs, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Append(
        ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, long timestampMs, double value, long startMs, ulong run)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        if (state.Count < 2)
        {
            return state.Count == 0
                ? TryAppendFirst(ref state, ref lastStartMs, chunk, timestampMs, bits, startMs)
                : TryAppendSecond(ref state, ref lastStartMs, chunk, timestampMs, bits, startMs, run);
        }

        long delta = unchecked(timestampMs - state.LastTimestampMs);
        long change = unchecked(delta - state.LastDeltaMs);
        ulong xor = bits ^ state.LastValueBits;
        bool stale = bits == StaleNaN.Bits;
        var window = new Window(state.Leading, (byte)(state.Trailing & XorAppenderState.TrailingMask));
        bool anyDistance = !Fits(change, 20);
        Code code;
        if (change == 0)
        {
            code = stale ? new Code(0b11111, 5) : xor == 0 ? new Code(0, 1) : new Code(0b10, 2).Then(window.Encode(xor, run, sameTime: true));
        }
        else
        {
            code = stale ? new Code(0b111, 3) : xor == 0 ? new Code(0, 1) : window.Encode(xor, run, sameTime: false);
            if (!anyDistance)
            {
                code = (Fits(change, 13) ? new Code(0b110UL << 13 | Low(change, 13), 16) : new Code(0b1110UL << 20 | Low(change, 20), 24)).Then(code);
            }
        }

        int valueLength = stale || xor == 0 ? 0 : window.Length;
        StartCode start = EncodeStart(in state, chunk, lastStartMs, startMs);
        int length = (anyDistance ? AnyDistanceLength : 0) + code.Length + valueLength + start.Length;
        if (length > (chunk.Length << 3) - state.BitPosition || state.Count == XorEncoder.SamplesMax)
        {
            return false;
        }

        int position = state.BitPosition;
        if (anyDistance)
        {
            position = XorEncoder.Write(chunk, position, 0b11110, AnyDistanceLength - 64);
            position = XorEncoder.Write(chunk, position, (ulong)change, 64);
        }

        if (valueLength > 0 && code.Length + valueLength <= 64)
        {
            position = XorEncoder.Write(chunk, position, code.Bits << valueLength | xor >> window.Trailing, code.Length + valueLength);
        }
        else
        {
            position = XorEncoder.Write(chunk, position, code.Bits, code.Length);
            if (valueLength > 0)
            {
                position = XorEncoder.Write(chunk, position, xor >> window.Trailing, valueLength);
            }
        }

        Finish(ref state, ref lastStartMs, chunk, position, in window, in start, startMs);
        state.LastTimestampMs = timestampMs;
        state.LastDeltaMs = delta;
        Note(ref state, bits);
        return true;
    }

    /// <summary>Rebuilds the state by decoding the chunk. False if the chunk is damaged.</summary>
    /// <remarks>Appending then continues as if it had never stopped, bit for bit.</remarks>
    public static bool TryRecover(ReadOnlySpan<byte> chunk, out XorAppenderState state, out long lastStartMs) =>
        Xor2Decoder.TryReadState(chunk, NoWindow, out state, out lastStartMs);

    private static bool TryAppendFirst(ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, long timestampMs, ulong bits, long startMs)
    {
        Span<byte> first = stackalloc byte[ByteWriter.UvarintBytesMax + 8 + ByteWriter.UvarintBytesMax];
        int length = ByteWriter.PutVarint(first, timestampMs);
        BinaryPrimitives.WriteUInt64BigEndian(first[length..], bits);
        length += 8;
        if (startMs != 0)
        {
            length += ByteWriter.PutVarint(first[length..], unchecked(timestampMs - startMs));
        }

        if (HeaderBytes + length > chunk.Length)
        {
            return false;
        }

        first[..length].CopyTo(chunk[HeaderBytes..]);
        BinaryPrimitives.WriteUInt16BigEndian(chunk, 1);
        chunk[StartByte] = startMs != 0 ? FirstStartKnown : (byte)0;
        lastStartMs = startMs;
        state = new XorAppenderState
        {
            LastTimestampMs = timestampMs,
            BitPosition = (HeaderBytes + length) << 3,
            Count = 1,
            Leading = NoWindow,
        };
        Note(ref state, bits);
        return true;
    }

    private static bool TryAppendSecond(
        ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, long timestampMs, ulong bits, long startMs, ulong run)
    {
        long delta = unchecked(timestampMs - state.LastTimestampMs);
        Span<byte> encodedDelta = stackalloc byte[ByteWriter.UvarintBytesMax];
        int deltaLength = ByteWriter.PutUvarint(encodedDelta, (ulong)delta);
        ulong xor = bits ^ state.LastValueBits;
        bool stale = bits == StaleNaN.Bits;
        var window = new Window(state.Leading, 0);
        Code code = stale ? new Code(0b111, 3) : xor == 0 ? new Code(0, 1) : window.Encode(xor, run, sameTime: false);
        int valueLength = stale || xor == 0 ? 0 : window.Length;
        StartCode start = EncodeStart(in state, chunk, lastStartMs, startMs);
        if ((deltaLength << 3) + code.Length + valueLength + start.Length > (chunk.Length << 3) - state.BitPosition)
        {
            return false;
        }

        Debug.Assert((state.BitPosition & 7) == 0, "The first sample ends on a byte.");
        encodedDelta[..deltaLength].CopyTo(chunk[(state.BitPosition >> 3)..]);
        int position = XorEncoder.Write(chunk, state.BitPosition + (deltaLength << 3), code.Bits, code.Length);
        if (valueLength > 0)
        {
            position = XorEncoder.Write(chunk, position, xor >> window.Trailing, valueLength);
        }

        Finish(ref state, ref lastStartMs, chunk, position, in window, in start, startMs);
        state.LastTimestampMs = timestampMs;
        state.LastDeltaMs = delta;
        Note(ref state, bits);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(
        ref XorAppenderState state, ref long lastStartMs, Span<byte> chunk, int position, in Window window, in StartCode start, long startMs)
    {
        if (start.Length > 0)
        {
            position = start.Write(chunk, position);
            if ((chunk[StartByte] & ChangedFromMask) == 0)
            {
                chunk[StartByte] |= (byte)state.Count;
            }

            lastStartMs = startMs;
        }

        state.Leading = window.Leading;
        state.Trailing = window.Trailing;
        state.BitPosition = position;
        state.Count++;
        BinaryPrimitives.WriteUInt16BigEndian(chunk, state.Count);
    }

    /// <summary>The value behind a staleness marker is compared with the one in front of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Note(ref XorAppenderState state, ulong bits)
    {
        if (bits == StaleNaN.Bits)
        {
            state.Trailing |= XorAppenderState.LastIsStaleBit;
        }
        else
        {
            state.LastValueBits = bits;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static StartCode EncodeStart(in XorAppenderState state, ReadOnlySpan<byte> chunk, long lastStartMs, long startMs)
    {
        int changedFrom = chunk[StartByte] & ChangedFromMask;
        if (changedFrom == 0)
        {
            return startMs == lastStartMs && state.Count != ChangedFromMask ? default : StartCode.Of(unchecked(state.LastTimestampMs - startMs));
        }

        // The distance that the last sample had follows from what is known of it.
        long before = unchecked(state.LastTimestampMs - state.LastDeltaMs - lastStartMs);
        return StartCode.Of(unchecked(state.LastTimestampMs - startMs - before));
    }

    // Two's complement, unlike in XOR chunks.
    private static bool Fits(long change, int bitCount) => change >= -(1L << (bitCount - 1)) && change < 1L << (bitCount - 1);

    private static ulong Low(long value, int bitCount) => (ulong)value & ((1UL << bitCount) - 1);

    /// <summary>Up to 64 bits to be written.</summary>
    private readonly struct Code(ulong bits, int length)
    {
        public readonly ulong Bits = bits;
        public readonly int Length = length;

        public Code Then(Code next) => new(Bits << next.Length | next.Bits, Length + next.Length);
    }

    /// <summary>Which bits of a value may differ from the last one.</summary>
    private struct Window(byte leading, byte trailing)
    {
        public byte Leading = leading;
        public byte Trailing = trailing;

        public readonly int Length => 64 - Leading - Trailing;

        /// <summary>What stands before the bits that differ, in a window for all bits of a run if one begins. Where the distance in time is the old one, it is known that some do.</summary>
        public Code Encode(ulong xor, ulong run, bool sameTime)
        {
            int leading = BitOperations.LeadingZeroCount(xor);
            int trailing = BitOperations.TrailingZeroCount(xor);
            if (run != 0)
            {
                leading = BitOperations.LeadingZeroCount(run);
                trailing = BitOperations.TrailingZeroCount(run);
            }
            else if (Leading != NoWindow && leading >= Leading && trailing >= Trailing)
            {
                return sameTime ? new Code(0, 1) : new Code(0b10, 2);
            }

            Leading = (byte)Math.Min(leading, 31);
            Trailing = (byte)trailing;

            // Six bits for the length: 64 is written as 0, which cannot occur otherwise.
            ulong window = (ulong)Leading << 6 | (uint)Length & 63;
            return sameTime ? new Code(1UL << 11 | window, 12) : new Code(0b110UL << 11 | window, 14);
        }
    }

    /// <summary>A number as <see cref="BitBuffer.WriteVarint"/> writes it; nothing by default.</summary>
    private readonly struct StartCode
    {
        private readonly ulong _bits;

        private StartCode(ulong bits, int length) => (_bits, Length) = (bits, length);

        public int Length { get; }

        public static StartCode Of(long value)
        {
            if (value == 0)
            {
                return new StartCode(0, 1);
            }

            for (int ones = 1; ones < BitBuffer.VarintSizes.Length; ones++)
            {
                int size = BitBuffer.VarintSizes[ones];
                if (value >= -((1L << (size - 1)) - 1) && value <= 1L << (size - 1))
                {
                    ulong prefix = (1UL << (ones + 1)) - 2;
                    return new StartCode(prefix << size | Low(value, size), ones + 1 + size);
                }
            }

            return new StartCode((ulong)value, 8 + 64);
        }

        public int Write(Span<byte> chunk, int position)
        {
            if (Length <= 64)
            {
                return XorEncoder.Write(chunk, position, _bits, Length);
            }

            position = XorEncoder.Write(chunk, position, 0xFF, 8);
            return XorEncoder.Write(chunk, position, _bits, 64);
        }
    }
}
