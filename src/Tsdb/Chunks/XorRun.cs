using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.Tsdb.Chunks;

/// <summary>Reads the samples of an XOR chunk behind the second: the part of decoding whose speed matters.</summary>
/// <remarks>
/// Where the longest sample and the loads for it are certainly inside the bytes, nothing is checked on the way; the end of a chunk is read
/// from a copy with zeros behind it. Times are not computed sample by sample: scrapes come at the same distance as a rule, so a column is
/// filled at the end, and only where the distance changes do the changes stand in it until then.
/// </remarks>
internal ref struct XorRun
{
    // A load yields 64 bits less the up to seven in front of the position.
    private const int LoadedBitsMin = 57;

    // The longest sample has 146 bits, the last field of it 64, which are loaded as nine bytes: that is 21 bytes from the byte it begins in.
    private const int SampleReach = 24;

    // How many bytes the copy of a chunk's end has, which is a single load and store, and how many with the zeros behind it.
    private const int TailBytes = 32;
    private const int TailRoom = TailBytes + SampleReach;

    // Samples of the same value at the same distance have two zero bits each; so many are looked for at once.
    private const int Together = 8;

    // Bit positions are integers. No chunk is nearly that long: 65535 samples have at most 1.2 million bytes.
    private const int LengthMax = 1 << 27;

    // Behind the last sample of which all that follows it is known to be there, and behind the bytes.
    private int _limit;
    private int _end;
    private ref ulong _values;
    private ref long _changes;
    private bool _hasChanges;
    private bool _isDamaged;

    /// <summary>The bit at which the next sample begins.</summary>
    public int Position;

    /// <summary>The last value.</summary>
    public ulong ValueBits;

    /// <summary>How many bits of a value its window leaves out: all of them, and how many of them at the end.</summary>
    public int Unused;

    /// <inheritdoc cref="Unused"/>
    public int Trailing;

    /// <summary>Whether a window has been given yet. Until then it is all of the 64 bits.</summary>
    public bool HasWindow;

    /// <summary>The last time.</summary>
    public long Timestamp;

    /// <summary>Its distance from the one before.</summary>
    public long Delta;

    /// <summary>How many samples stand in the columns. Two before <see cref="TryRead"/>.</summary>
    public int Index;

    /// <summary>Reads samples until the columns, which have the same length of two at least, are full. False if the chunk ends before or makes no sense; <see cref="Index"/> samples are there nevertheless.</summary>
    public unsafe bool TryRead(ReadOnlySpan<byte> chunk, Span<long> timestamps, Span<double> values)
    {
        chunk = chunk[..Math.Min(chunk.Length, LengthMax)];
        _values = ref Unsafe.As<double, ulong>(ref MemoryMarshal.GetReference(values));
        _changes = ref MemoryMarshal.GetReference(timestamps);
        int count = Math.Min(timestamps.Length, values.Length);
        _end = chunk.Length << 3;
        _limit = (chunk.Length - SampleReach) << 3;
        Read(ref MemoryMarshal.GetReference(chunk), count, timestamps);
        int skipped = 0;
        if (Index < count && !_isDamaged)
        {
            byte* tail = stackalloc byte[TailRoom];
            if (chunk.Length >= TailBytes)
            {
                skipped = chunk.Length - TailBytes;
                Vector256.Create(chunk[skipped..]).Store(tail);
            }
            else
            {
                chunk.CopyTo(new Span<byte>(tail, TailRoom));
            }

            Position -= skipped << 3;
            _end -= skipped << 3;
            _limit = _end - 1;
            Read(ref *tail, count, timestamps);
        }

        // The last sample may have taken bits that are not there.
        bool complete = Index == count && Position <= _end;
        if (Position > _end)
        {
            Index--;
        }

        Position += skipped << 3;
        FillTimes(timestamps[2..Index]);
        return complete;
    }

    private void Read(ref byte start, int count, Span<long> timestamps)
    {
        while (Index < count && Position <= _limit && !_isDamaged)
        {
            if (ReadUnchecked(ref start, count))
            {
                _hasChanges = true;
                timestamps[2..].Clear();
            }
        }
    }

    // Everything the loop touches is a local, and nothing is called, so that all of them stay in registers. Compiled as well as it can be at
    // once: a start reads the newest chunk of every series, and counting how often which branch is taken would take longer than reading.
    // True if the distance of times changes for the first time: then the column has to be cleared first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private bool ReadUnchecked(ref byte start, int count)
    {
        int position = Position;
        int limit = _limit;
        int index = Index;
        ulong bits = ValueBits;
        int unused = Unused;
        int trailing = Trailing;
        ref ulong values = ref _values;
        bool stopped = false;
        do
        {
            ulong word = Load(ref start, position);
            if ((long)word < 0)
            {
                if (!_hasChanges)
                {
                    stopped = true;
                    break;
                }

                // 10, 110 and 1110 stand before 14, 17 and 20 bits, 1111 before 64.
                int ones = BitOperations.LeadingZeroCount(~word);
                long change;
                if (ones < 4)
                {
                    int size = 11 + (3 * ones);
                    change = (long)(word << (ones + 1) >> (64 - size));
                    change -= change > 1L << (size - 1) ? 1L << size : 0;
                    position += ones + size;
                }
                else
                {
                    change = (long)LoadFull(ref start, position + 4);
                    position += 67;
                }

                // The last bit of the change is not needed any more and plays the one that says that there is none.
                Unsafe.Add(ref _changes, index) = change;
                word = Load(ref start, position) & (ulong.MaxValue >> 1);
            }

            uint kind = (uint)(word >> 61);
            if (kind == 2)
            {
                ulong xor = unused >= 64 - (LoadedBitsMin - 3) ? word << 3 : LoadFull(ref start, position + 3);
                bits ^= xor >> unused << trailing;
                position += 67 - unused;
            }
            else if (kind > 2)
            {
                // Five bits for the zeros in front and six for the significant bits, of which there is one at least.
                unused = 63 - (((int)(word >> 50) - 1) & 63);
                trailing = unused - ((int)(word >> 56) & 31);
                if (trailing < 0)
                {
                    _isDamaged = true;
                    break;
                }

                HasWindow = true;
                bits ^= LoadFull(ref start, position + 14) >> unused << trailing;
                position += 78 - unused;
            }
            else
            {
                position += 2;
                if (word >> (64 - (2 * Together)) == 0 && index <= count - Together && position <= _end - (2 * Together))
                {
                    Vector256<ulong> run = Vector256.Create(bits);
                    run.StoreUnsafe(ref Unsafe.Add(ref values, index));
                    run.StoreUnsafe(ref Unsafe.Add(ref values, index + 4));
                    index += Together - 1;
                    position += 2 * (Together - 1);
                }
            }

            Unsafe.Add(ref values, index) = bits;
            index++;
        }
        while (index < count && position <= limit);

        Position = position;
        Index = index;
        ValueBits = bits;
        Unused = unused;
        Trailing = trailing;
        return stopped;
    }

    // Without vectors in code that is compiled ahead, the first thousands of chunks would wait for the compiler's second look.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillTimes(Span<long> times)
    {
        if (_hasChanges)
        {
            long timestamp = Timestamp;
            long delta = Delta;
            foreach (ref long time in times)
            {
                delta = unchecked(delta + time);
                timestamp = unchecked(timestamp + delta);
                time = timestamp;
            }

            Timestamp = timestamp;
            Delta = delta;
            return;
        }

        ref long first = ref MemoryMarshal.GetReference(times);
        Vector256<long> four = Vector256.Create(Timestamp) + (Vector256.Create(1L, 2, 3, 4) * Delta);
        Vector256<long> stride = Vector256.Create(unchecked(Delta * 4));
        int i = 0;
        for (; i <= times.Length - 4; i += 4)
        {
            four.StoreUnsafe(ref first, (nuint)i);
            four += stride;
        }

        for (; i < times.Length; i++)
        {
            times[i] = unchecked(Timestamp + ((i + 1) * Delta));
        }

        Timestamp = unchecked(Timestamp + (times.Length * Delta));
    }

    // For places that are known to have eight readable bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(ref byte start, int position) =>
        BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, (nint)(uint)position >> 3))) << (position & 7);

    // For places that are known to have nine readable bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LoadFull(ref byte start, int position) =>
        Load(ref start, position) | ((ulong)Unsafe.Add(ref start, ((nint)(uint)position >> 3) + 8) << (position & 7) >> 8);
}
