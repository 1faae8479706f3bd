using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>Decodes XOR chunks, whole chunks at a time, into columns. Safe on any bytes: damage is a result, not a crash.</summary>
public static class XorDecoder
{
    // A load yields 64 bits less the up to seven in front of the position.
    internal const int LoadedBitsMin = 57;

    /// <summary>The number of samples that the header promises; 0 if there is no header.</summary>
    public static int CountSamples(ReadOnlySpan<byte> chunk) => chunk.Length < XorEncoder.HeaderBytes ? 0 : BinaryPrimitives.ReadUInt16BigEndian(chunk);

    /// <summary>Decodes all samples and returns their number.</summary>
    /// <param name="chunk">The chunk. Bytes behind the last sample do not matter.</param>
    /// <param name="timestamps">Receives the times; at least <see cref="CountSamples"/> long.</param>
    /// <param name="values">Receives the values; at least as long.</param>
    /// <exception cref="ChunkCorruptionException">The chunk ends early or contradicts itself.</exception>
    public static int Decode(ReadOnlySpan<byte> chunk, Span<long> timestamps, Span<double> values)
    {
        if (!TryDecode(chunk, CountSamples(chunk), timestamps, values, out int decoded))
        {
            ThrowDamaged(chunk, decoded);
        }

        return decoded;
    }

    /// <summary>Decodes the first <paramref name="count"/> samples, whatever the header says: for chunks that are being appended to.</summary>
    /// <returns>False if the chunk is damaged; the first <paramref name="decoded"/> samples are there nevertheless.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> chunk, int count, Span<long> timestamps, Span<double> values, out int decoded)
    {
        var columns = new Columns { Timestamps = timestamps[..count], Values = values[..count] };
        var cursor = new Cursor();
        bool complete = count == 0 || Run(chunk, count, ref columns, ref cursor);
        decoded = columns.Count;
        return complete;
    }

    /// <summary>Appends the samples inside <paramref name="range"/> to <paramref name="buffer"/>.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="count">How many samples of it to look at; normally <see cref="CountSamples"/>.</param>
    /// <param name="range">The times wanted, both ends included.</param>
    /// <param name="buffer">Where they go.</param>
    /// <exception cref="ChunkCorruptionException">The chunk is damaged; the buffer is as it was.</exception>
    public static void Append(ReadOnlySpan<byte> chunk, int count, TimeRange range, SampleBuffer buffer)
    {
        if (count == 0)
        {
            return;
        }

        // Each sample but the first has at least two bits, so a lying header cannot make us reserve much.
        if (count > (long)chunk.Length << 2)
        {
            ThrowDamaged(chunk, 0);
        }

        buffer.Reserve(count, out Span<long> timestamps, out Span<double> values);
        if (!TryDecode(chunk, count, timestamps, values, out int decoded))
        {
            ThrowDamaged(chunk, decoded);
        }

        int from = timestamps[0] >= range.MinMs ? 0 : LowerBound(timestamps, range.MinMs);
        int to = timestamps[count - 1] <= range.MaxMs ? count : LowerBound(timestamps, range.MaxMs + 1);
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
    }

    internal static bool TryReadState(ReadOnlySpan<byte> chunk, byte noWindow, out XorAppenderState state)
    {
        int count = CountSamples(chunk);
        state = default;
        if (count == 0)
        {
            return true;
        }

        // A lying header gets no memory, as each sample but the first has at least two bits.
        if (count > (long)chunk.Length << 2)
        {
            return false;
        }

        const int OnStackMax = 256;
        Span<long> timestamps = count <= OnStackMax ? stackalloc long[OnStackMax] : new long[count];
        Span<double> values = count <= OnStackMax ? stackalloc double[OnStackMax] : new double[count];
        var columns = new Columns { Timestamps = timestamps[..count], Values = values[..count] };
        var cursor = new Cursor();
        if (!Run(chunk, count, ref columns, ref cursor))
        {
            return false;
        }

        state = new XorAppenderState
        {
            LastTimestampMs = cursor.Timestamp,
            LastDeltaMs = cursor.Delta,
            LastValueBits = cursor.ValueBits,
            BitPosition = cursor.Position,
            Count = (ushort)count,
            Leading = cursor.HasWindow ? (byte)cursor.Leading : noWindow,
            Trailing = cursor.HasWindow ? (byte)cursor.Trailing : (byte)0,
        };
        return true;
    }

    private static bool Run(ReadOnlySpan<byte> chunk, int count, ref Columns columns, ref Cursor cursor)
    {
        if (!ReadFirst(chunk, ref cursor))
        {
            return false;
        }

        columns.Add(cursor.Timestamp, cursor.ValueBits);
        if (count == 1)
        {
            return true;
        }

        if (!ReadSecondDelta(chunk, ref cursor) || !ReadSecondValue(chunk, ref cursor))
        {
            return false;
        }

        columns.Add(cursor.Timestamp, cursor.ValueBits);
        return count == 2 || ReadRest(chunk, ref columns, ref cursor);
    }

    private static bool ReadFirst(ReadOnlySpan<byte> chunk, ref Cursor cursor)
    {
        if (chunk.Length < XorEncoder.HeaderBytes)
        {
            return false;
        }

        var reader = new Binary.ByteReader(chunk[XorEncoder.HeaderBytes..]);
        cursor.Timestamp = reader.ReadVarint();
        cursor.ValueBits = reader.ReadUInt64();
        cursor.Position = (chunk.Length - reader.Remaining) << 3;
        return !reader.Failed;
    }

    private static bool ReadSecondDelta(ReadOnlySpan<byte> chunk, ref Cursor cursor)
    {
        var reader = new Binary.ByteReader(chunk[(cursor.Position >> 3)..]);
        cursor.Delta = (long)reader.ReadUvarint();
        cursor.Timestamp = unchecked(cursor.Timestamp + cursor.Delta);
        cursor.Position = (chunk.Length - reader.Remaining) << 3;
        return !reader.Failed;
    }

    private static bool ReadSecondValue(ReadOnlySpan<byte> chunk, ref Cursor cursor)
    {
        ref byte start = ref MemoryMarshal.GetReference(chunk);
        ulong word = Load(ref start, chunk.Length, cursor.Position);
        return ReadValue(ref start, chunk.Length, word, ref cursor.Position, ref cursor.ValueBits, ref cursor.Leading, ref cursor.Trailing, ref cursor.HasWindow)
            && cursor.Position <= (long)chunk.Length << 3;
    }

    private static bool ReadRest(ReadOnlySpan<byte> chunk, ref Columns columns, ref Cursor cursor)
    {
        var run = new XorRun
        {
            Position = cursor.Position,
            Timestamp = cursor.Timestamp,
            Delta = cursor.Delta,
            ValueBits = cursor.ValueBits,
            Unused = cursor.Leading + cursor.Trailing,
            Trailing = cursor.Trailing,
            HasWindow = cursor.HasWindow,
            Index = 2,
        };
        bool complete = run.TryRead(chunk, columns.Timestamps, columns.Values);
        columns.Count = run.Index;
        cursor.Position = run.Position;
        cursor.Timestamp = run.Timestamp;
        cursor.Delta = run.Delta;
        cursor.ValueBits = run.ValueBits;
        cursor.Leading = run.Unused - run.Trailing;
        cursor.Trailing = run.Trailing;
        cursor.HasWindow = run.HasWindow;
        return complete;
    }

    // word: the bits from position on, at least 13 of them real.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReadValue(
        ref byte start, int length, ulong word, ref int position, ref ulong bits, ref int leading, ref int trailing, ref bool hasWindow)
    {
        if ((long)word >= 0)
        {
            position++;
            return true;
        }

        if ((word & 1UL << 62) != 0)
        {
            leading = (int)(word >> 57) & 31;
            int significant = (int)(word >> 51) & 63;
            significant = significant == 0 ? 64 : significant;
            trailing = 64 - leading - significant;
            if (trailing < 0)
            {
                return false;
            }

            hasWindow = true;
            position += 13;
        }
        else
        {
            // Without a window so far this means all 64 bits, as leading and trailing start from zero.
            position += 2;
        }

        int size = 64 - leading - trailing;
        ulong xor = size <= LoadedBitsMin ? Load(ref start, length, position) : LoadFull(ref start, length, position);
        bits ^= xor >> (64 - size) << trailing;
        position += size;
        return true;
    }

    // At least 57 bits from position on, in the high end. Behind the chunk's end there are zeros.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Load(ref byte start, int length, int position)
    {
        int index = position >> 3;
        ulong word = index <= length - 8
            ? BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, index)))
            : LoadTail(ref start, length, index);
        return word << (position & 7);
    }

    internal static ulong LoadFull(ref byte start, int length, int position)
    {
        ulong high = Load(ref start, length, position);
        int used = position & 7;
        int next = (position >> 3) + 8;
        return used == 0 || next >= length ? high : high | (uint)(Unsafe.Add(ref start, next) >> (8 - used));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong LoadTail(ref byte start, int length, int index)
    {
        ulong word = 0;
        for (int i = 0; i < 8 && index + i < length; i++)
        {
            word |= (ulong)Unsafe.Add(ref start, index + i) << (56 - (8 * i));
        }

        return word;
    }

    internal static int LowerBound(ReadOnlySpan<long> timestamps, long timestampMs)
    {
        int low = 0;
        int high = timestamps.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (timestamps[middle] < timestampMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static void ThrowDamaged(ReadOnlySpan<byte> chunk, int decoded) =>
        throw new ChunkCorruptionException($"XOR chunk of {chunk.Length} bytes is damaged behind sample {decoded} of {CountSamples(chunk)}");

    private struct Cursor
    {
        public int Position;
        public long Timestamp;
        public long Delta;
        public ulong ValueBits;
        public int Leading;
        public int Trailing;
        public bool HasWindow;
    }

    private ref struct Columns
    {
        public Span<long> Timestamps;
        public Span<double> Values;
        public int Count;

        public void Add(long timestampMs, ulong bits)
        {
            Timestamps[Count] = timestampMs;
            Values[Count] = BitConverter.UInt64BitsToDouble(bits);
            Count++;
        }
    }
}
