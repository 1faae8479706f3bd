using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Chunks;

/// <summary>Decodes XOR2 chunks, whole chunks at a time, into columns. Safe on any bytes: damage is a result, not a crash.</summary>
/// <remarks>How they look: <see cref="Xor2Encoder"/>.</remarks>
public static class Xor2Decoder
{
    /// <summary>Whether the header says that there are start timestamps.</summary>
    public static bool HasStarts(ReadOnlySpan<byte> chunk) => chunk.Length >= Xor2Encoder.HeaderBytes && chunk[Xor2Encoder.StartByte] != 0;

    /// <summary>Decodes the first <paramref name="count"/> samples, whatever the header says of their number: for chunks that are being appended to.</summary>
    /// <param name="chunk">The chunk. Bytes behind the last sample do not matter.</param>
    /// <param name="count">How many samples to read.</param>
    /// <param name="timestamps">Receives the times.</param>
    /// <param name="values">Receives the values.</param>
    /// <param name="starts">Receives the start timestamps, 0 where they are not known; empty if they are not wanted.</param>
    /// <param name="decoded">How many samples were read.</param>
    /// <returns>False if the chunk is damaged; the first <paramref name="decoded"/> samples are there nevertheless.</returns>
    public static bool TryDecode(
        ReadOnlySpan<byte> chunk, int count, Span<long> timestamps, Span<double> values, Span<long> starts, out int decoded)
    {
        var columns = new Columns { Timestamps = timestamps[..count], Values = values[..count], Starts = starts.IsEmpty ? starts : starts[..count] };
        var cursor = new Cursor();
        bool complete = count == 0 || Run(chunk, count, ref columns, ref cursor);
        decoded = columns.Count;
        return complete;
    }

    /// <summary>Appends the samples inside <paramref name="range"/> to <paramref name="buffer"/>, with their start timestamps if the chunk has any.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="count">How many samples of it to look at; normally <see cref="XorDecoder.CountSamples"/>.</param>
    /// <param name="range">The times wanted, both ends included.</param>
    /// <param name="buffer">Where they go.</param>
    /// <exception cref="ChunkCorruptionException">The chunk is damaged; the buffer is as it was.</exception>
    public static void Append(ReadOnlySpan<byte> chunk, int count, TimeRange range, SampleBuffer buffer)
    {
        if (count == 0)
        {
            return;
        }

        // Each sample has at least a bit, so a lying header cannot make us reserve much.
        if (count > (long)chunk.Length << 3)
        {
            ThrowDamaged(chunk, 0);
        }

        const int OnStackMax = 256;
        Span<long> starts = !HasStarts(chunk) ? default : count <= OnStackMax ? stackalloc long[OnStackMax] : new long[count];
        buffer.Reserve(count, out Span<long> timestamps, out Span<double> values);
        if (!TryDecode(chunk, count, timestamps, values, starts, out int decoded))
        {
            ThrowDamaged(chunk, decoded);
        }

        int from = timestamps[0] >= range.MinMs ? 0 : XorDecoder.LowerBound(timestamps, range.MinMs);
        int to = timestamps[count - 1] <= range.MaxMs ? count : XorDecoder.LowerBound(timestamps, range.MaxMs + 1);
        if (from >= to)
        {
            return;
        }

        if (from > 0)
        {
            timestamps[from..to].CopyTo(timestamps);
            values[from..to].CopyTo(values);
        }

        buffer.Advance(to - from);
        if (!starts.IsEmpty && starts[from..to].ContainsAnyExcept(0))
        {
            starts[from..to].CopyTo(buffer.WriteStartTimestamps(to - from));
        }
    }

    internal static bool TryReadState(ReadOnlySpan<byte> chunk, byte noWindow, out XorAppenderState state, out long lastStartMs)
    {
        int count = XorDecoder.CountSamples(chunk);
        state = default;
        lastStartMs = 0;
        if (count == 0)
        {
            return true;
        }

        var columns = new Columns();
        var cursor = new Cursor();
        if (!Run(chunk, count, ref columns, ref cursor))
        {
            return false;
        }

        lastStartMs = cursor.Start;
        state = new XorAppenderState
        {
            LastTimestampMs = cursor.Timestamp,
            LastDeltaMs = cursor.Delta,
            LastValueBits = cursor.ValueBits,
            BitPosition = cursor.Position,
            Count = (ushort)count,
            Leading = cursor.HasWindow ? (byte)cursor.Leading : noWindow,
            Trailing = (byte)((cursor.HasWindow ? cursor.Trailing : 0) | (cursor.IsStale ? XorAppenderState.LastIsStaleBit : 0)),
        };
        return true;
    }

    private static bool Run(ReadOnlySpan<byte> chunk, int count, ref Columns columns, ref Cursor cursor)
    {
        if (!ReadFirst(chunk, ref cursor))
        {
            return false;
        }

        columns.Add(in cursor);
        if (count == 1)
        {
            return true;
        }

        if (!ReadSecond(chunk, ref cursor))
        {
            return false;
        }

        columns.Add(in cursor);
        return ReadRest(chunk, count, ref columns, ref cursor);
    }

    private static bool ReadFirst(ReadOnlySpan<byte> chunk, ref Cursor cursor)
    {
        if (chunk.Length < Xor2Encoder.HeaderBytes)
        {
            return false;
        }

        var reader = new ByteReader(chunk[Xor2Encoder.HeaderBytes..]);
        cursor.Timestamp = reader.ReadVarint();
        ulong bits = reader.ReadUInt64();
        cursor.IsStale = bits == StaleNaN.Bits;
        cursor.ValueBits = cursor.IsStale ? 0 : bits;
        if ((chunk[Xor2Encoder.StartByte] & Xor2Encoder.FirstStartKnown) != 0)
        {
            cursor.Start = unchecked(cursor.Timestamp - reader.ReadVarint());
        }

        cursor.Position = (chunk.Length - reader.Remaining) << 3;
        return !reader.Failed;
    }

    private static bool ReadSecond(ReadOnlySpan<byte> chunk, ref Cursor cursor)
    {
        var reader = new ByteReader(chunk[(cursor.Position >> 3)..]);
        long before = cursor.Timestamp;
        cursor.Delta = (long)reader.ReadUvarint();
        cursor.Timestamp = unchecked(before + cursor.Delta);
        cursor.Position = (chunk.Length - reader.Remaining) << 3;
        if (reader.Failed)
        {
            return false;
        }

        ref byte first = ref MemoryMarshal.GetReference(chunk);
        var window = new Window();
        ulong word = XorDecoder.Load(ref first, chunk.Length, cursor.Position);
        cursor.IsStale = false;
        if (!ReadValue(ref first, chunk.Length, word, ref cursor.Position, ref cursor.ValueBits, ref window, ref cursor.IsStale))
        {
            return false;
        }

        if ((chunk[Xor2Encoder.StartByte] & Xor2Encoder.ChangedFromMask) == 1)
        {
            cursor.StartDistance = ReadVarint(ref first, chunk.Length, ref cursor.Position);
            cursor.Start = unchecked(before - cursor.StartDistance);
        }

        (cursor.Leading, cursor.Trailing, cursor.HasWindow) = (window.Leading, window.Trailing, window.IsSet);
        return cursor.Position <= (long)chunk.Length << 3;
    }

    private static bool ReadRest(ReadOnlySpan<byte> chunk, int count, ref Columns columns, ref Cursor cursor)
    {
        // Everything the loop touches is a local: through the struct each sample would go to memory and back.
        ref byte first = ref MemoryMarshal.GetReference(chunk);
        int length = chunk.Length;
        long end = (long)length << 3;
        int changedFrom = chunk[Xor2Encoder.StartByte] & Xor2Encoder.ChangedFromMask;
        changedFrom = changedFrom == 0 ? int.MaxValue : changedFrom;
        int position = cursor.Position;
        long timestamp = cursor.Timestamp;
        long delta = cursor.Delta;
        ulong bits = cursor.ValueBits;
        bool isStale = cursor.IsStale;
        long start = cursor.Start;
        long distance = cursor.StartDistance;
        var window = new Window { Leading = cursor.Leading, Trailing = cursor.Trailing, IsSet = cursor.HasWindow };
        Span<long> timestamps = columns.Timestamps;
        Span<double> values = columns.Values;
        Span<long> starts = columns.Starts;
        bool store = !timestamps.IsEmpty;

        for (int i = 2; i < count; i++)
        {
            long before = timestamp;
            ulong word = XorDecoder.Load(ref first, length, position);
            isStale = false;
            if ((long)word >= 0)
            {
                // As expected: the old distance, the old value.
                position++;
            }
            else
            {
                int ones = BitOperations.LeadingZeroCount(~word);
                bool sound = true;
                switch (ones)
                {
                    case 1:
                        position += 2;
                        sound = ReadChange(ref first, length, word << 2, ref position, ref bits, ref window);
                        break;
                    case 2:
                        delta = unchecked(delta + ((long)(word << 3) >> (64 - 13)));
                        position += 16;
                        sound = ReadValue(ref first, length, word << 16, ref position, ref bits, ref window, ref isStale);
                        break;
                    case 3:
                        delta = unchecked(delta + ((long)(word << 4) >> (64 - 20)));
                        position += 24;
                        sound = ReadValue(ref first, length, word << 24, ref position, ref bits, ref window, ref isStale);
                        break;
                    case 4:
                        delta = unchecked(delta + (long)XorDecoder.LoadFull(ref first, length, position + 5));
                        position += 5 + 64;
                        word = XorDecoder.Load(ref first, length, position);
                        sound = ReadValue(ref first, length, word, ref position, ref bits, ref window, ref isStale);
                        break;
                    default:
                        position += 5;
                        isStale = true;
                        break;
                }

                if (!sound)
                {
                    return false;
                }
            }

            timestamp = unchecked(timestamp + delta);
            if (i >= changedFrom)
            {
                long read = ReadVarint(ref first, length, ref position);
                distance = i == changedFrom ? read : unchecked(distance + read);
                start = unchecked(before - distance);
            }

            if (position > end)
            {
                return false;
            }

            if (store)
            {
                timestamps[i] = timestamp;
                values[i] = BitConverter.UInt64BitsToDouble(isStale ? StaleNaN.Bits : bits);
                if (!starts.IsEmpty)
                {
                    starts[i] = start;
                }

                columns.Count = i + 1;
            }
        }

        cursor.Position = position;
        cursor.Timestamp = timestamp;
        cursor.Delta = delta;
        cursor.ValueBits = bits;
        cursor.IsStale = isStale;
        cursor.Start = start;
        cursor.Leading = window.Leading;
        cursor.Trailing = window.Trailing;
        cursor.HasWindow = window.IsSet;
        return true;
    }

    // word: the bits from position on, at least 14 of them real.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReadValue(ref byte first, int length, ulong word, ref int position, ref ulong bits, ref Window window, ref bool isStale)
    {
        if ((long)word >= 0)
        {
            position++;
            return true;
        }

        if ((word & 1UL << 62) == 0)
        {
            position += 2;
            ReadBits(ref first, length, ref position, ref bits, in window);
            return true;
        }

        position += 3;
        if ((word & 1UL << 61) != 0)
        {
            isStale = true;
            return true;
        }

        if (!ReadWindow(word << 3, ref position, ref window))
        {
            return false;
        }

        ReadBits(ref first, length, ref position, ref bits, in window);
        return true;
    }

    // A value that is known to be another one. word: the bits from position on, at least 12 of them real.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReadChange(ref byte first, int length, ulong word, ref int position, ref ulong bits, ref Window window)
    {
        position++;
        if ((long)word < 0 && !ReadWindow(word << 1, ref position, ref window))
        {
            return false;
        }

        ReadBits(ref first, length, ref position, ref bits, in window);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReadWindow(ulong word, ref int position, ref Window window)
    {
        int significant = (int)(word >> 53) & 63;
        significant = significant == 0 ? 64 : significant;
        window.Leading = (int)(word >> 59);
        window.Trailing = 64 - window.Leading - significant;
        window.IsSet = true;
        position += 11;
        return window.Trailing >= 0;
    }

    // Without a window so far these are all 64 bits, as leading and trailing start from zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadBits(ref byte first, int length, ref int position, ref ulong bits, in Window window)
    {
        int size = 64 - window.Leading - window.Trailing;
        ulong xor = size <= XorDecoder.LoadedBitsMin ? XorDecoder.Load(ref first, length, position) : XorDecoder.LoadFull(ref first, length, position);
        bits ^= xor >> (64 - size) << window.Trailing;
        position += size;
    }

    // As BitReader.ReadVarint. Behind the end there are zeros; that the position is behind it is the caller's to see.
    private static long ReadVarint(ref byte first, int length, ref int position)
    {
        ulong word = XorDecoder.Load(ref first, length, position);
        int ones = BitOperations.LeadingZeroCount(~word);
        if (ones == 0)
        {
            position++;
            return 0;
        }

        if (ones >= 8)
        {
            long whole = (long)XorDecoder.LoadFull(ref first, length, position + 8);
            position += 8 + 64;
            return whole;
        }

        int size = BitBuffer.VarintSizes[ones];
        long value = (long)(XorDecoder.LoadFull(ref first, length, position) << (ones + 1) >> (64 - size));
        position += ones + 1 + size;
        return value > 1L << (size - 1) ? value - (1L << size) : value;
    }

    private static void ThrowDamaged(ReadOnlySpan<byte> chunk, int decoded) =>
        throw new ChunkCorruptionException($"XOR2 chunk of {chunk.Length} bytes is damaged behind sample {decoded} of {XorDecoder.CountSamples(chunk)}");

    private struct Window
    {
        public int Leading;
        public int Trailing;
        public bool IsSet;
    }

    private struct Cursor
    {
        public int Position;
        public long Timestamp;
        public long Delta;
        public ulong ValueBits;
        public bool IsStale;
        public long Start;
        public long StartDistance;
        public int Leading;
        public int Trailing;
        public bool HasWindow;
    }

    private ref struct Columns
    {
        public Span<long> Timestamps;
        public Span<double> Values;
        public Span<long> Starts;
        public int Count;

        public void Add(in Cursor cursor)
        {
            if (!Timestamps.IsEmpty)
            {
                Timestamps[Count] = cursor.Timestamp;
                Values[Count] = BitConverter.UInt64BitsToDouble(cursor.IsStale ? StaleNaN.Bits : cursor.ValueBits);
                if (!Starts.IsEmpty)
                {
                    Starts[Count] = cursor.Start;
                }

                Count++;
            }
        }
    }
}
