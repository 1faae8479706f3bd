using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.Scraping.Compression;

/// <summary>Decompresses gzip files that are in memory whole. For the ordinary ones only: what is refused here, a general decoder is to judge.</summary>
/// <remarks>
/// Targets answer with one member of known size. With both sides in memory there are no windows to slide and no ends of buffers to look out for, which
/// makes this two to three times as fast as the decoder for streams. Formats: RFC 1952 and RFC 1951.
/// </remarks>
internal static class GzipBlock
{
    /// <summary>Bytes behind the compressed ones that must be there; what they are does not matter.</summary>
    public const int SourceMargin = 16;

    /// <summary>Bytes behind the decompressed ones that must be there; they may be written to.</summary>
    public const int DestinationMargin = LengthMax + 32;

    private const int HeaderBytes = 10;
    private const int TrailerBytes = 8;
    private const int LengthMax = 258;
    private const int LiteralIndexBits = 11;
    private const int DistanceIndexBits = 8;
    private const int HeaderIndexBits = 7;

    // DEFLATE packs at most 258 bytes into two bits.
    private const int ExpansionMax = 1032;

    [ThreadStatic]
    private static Tables? _tables;

    /// <summary>The size that a file says it decompresses to. False if it is no ordinary file, or the size cannot be.</summary>
    public static bool TryGetLength(ReadOnlySpan<byte> file, out int length)
    {
        length = 0;
        if (file.Length < HeaderBytes + TrailerBytes || file[0] != 0x1F || file[1] != 0x8B || file[2] != 8)
        {
            return false;
        }

        uint claimed = BinaryPrimitives.ReadUInt32LittleEndian(file[^4..]);
        length = (int)claimed;
        return claimed <= int.MaxValue - DestinationMargin && claimed <= (ulong)file.Length * ExpansionMax;
    }

    /// <summary>Decompresses a file. False if it is damaged, or of an unusual kind.</summary>
    /// <param name="source">The file, and <see cref="SourceMargin"/> more bytes.</param>
    /// <param name="fileLength">The file's length.</param>
    /// <param name="destination">Room for as many bytes as <see cref="TryGetLength"/> says, and <see cref="DestinationMargin"/> more.</param>
    /// <param name="length">What <see cref="TryGetLength"/> says.</param>
    public static bool TryDecompress(ReadOnlySpan<byte> source, int fileLength, Span<byte> destination, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source.Length, fileLength + SourceMargin);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, length + DestinationMargin);
        if (!TryReadHeader(source[..fileLength], out int start))
        {
            return false;
        }

        // The trailer is the end of the file if there is one member only.
        int end = fileLength - TrailerBytes;
        return TryInflate(source, start, end, destination, length)
            && BinaryPrimitives.ReadUInt32LittleEndian(source[end..]) == Crc32.Compute(destination[..length]);
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> file, out int start)
    {
        const byte HasHeaderChecksum = 2;
        const byte HasExtra = 4;
        const byte HasName = 8;
        const byte HasComment = 16;
        byte flags = file[3];
        start = HeaderBytes;
        if ((flags & (HasHeaderChecksum | HasExtra | 0xE0)) != 0)
        {
            return false;
        }

        for (int texts = ((flags & HasName) >> 3) + ((flags & HasComment) >> 4); texts > 0; texts--)
        {
            int length = file[start..].IndexOf((byte)0);
            if (length < 0)
            {
                return false;
            }

            start += length + 1;
        }

        return start <= file.Length - TrailerBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryInflate(ReadOnlySpan<byte> source, int start, int end, Span<byte> destination, int length)
    {
        Tables tables = _tables ??= new Tables();
        var bits = new BitSource(source, start, end);
        int written = 0;
        bool isLast;
        do
        {
            bits.Fill();
            isLast = bits.Take(1) == 1;
            bool decoded = bits.Take(2) switch
            {
                0 => TryCopyStored(ref bits, destination, ref written, length),
                1 => tables.TryUseFixed() && TryDecodeBlock(ref bits, tables, destination, ref written, length),
                2 => TryReadCodes(ref bits, tables) && TryDecodeBlock(ref bits, tables, destination, ref written, length),
                _ => false,
            };
            if (!decoded)
            {
                return false;
            }
        }
        while (!isLast);

        return written == length && bits.EndsAt(end);
    }

    private static bool TryCopyStored(ref BitSource bits, Span<byte> destination, ref int written, int length)
    {
        int position = bits.AlignToByte();
        ReadOnlySpan<byte> rest = bits.Rest(position);
        if (rest.Length < 4)
        {
            return false;
        }

        int size = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (size != (ushort)~BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]) || size > rest.Length - 4 || size > length - written)
        {
            return false;
        }

        rest.Slice(4, size).CopyTo(destination[written..]);
        written += size;
        bits.Seek(position + 4 + size);
        return true;
    }

    private static bool TryReadCodes(ref BitSource bits, Tables tables)
    {
        ReadOnlySpan<byte> order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        bits.Fill();
        int literals = (int)bits.Take(5) + 257;
        int distances = (int)bits.Take(5) + 1;
        int lengths = (int)bits.Take(4) + 4;
        Span<byte> lengthCodes = stackalloc byte[19];
        lengthCodes.Clear();
        for (int i = 0; i < lengths; i++)
        {
            bits.Fill();
            lengthCodes[order[i]] = (byte)bits.Take(3);
        }

        Span<uint> table = stackalloc uint[1 << HeaderIndexBits];
        if (literals > 286 || distances > 30 || !HuffmanTable.TryBuild(lengthCodes, Tables.CodeLengthSymbols, table, HeaderIndexBits))
        {
            return false;
        }

        Span<byte> codeBits = stackalloc byte[286 + 30];
        int total = literals + distances;
        for (int i = 0; i < total;)
        {
            bits.Fill();
            uint entry = table[(int)bits.Peek(HeaderIndexBits)];
            if (entry == 0)
            {
                return false;
            }

            bits.Skip((int)(byte)entry);
            int symbol = (int)(entry >> 16) & 0xFF;
            if (symbol < 16)
            {
                codeBits[i++] = (byte)symbol;
                continue;
            }

            if (symbol == 16 && i == 0)
            {
                return false;
            }

            byte repeated = symbol == 16 ? codeBits[i - 1] : (byte)0;
            int count = symbol switch { 16 => 3 + (int)bits.Take(2), 17 => 3 + (int)bits.Take(3), _ => 11 + (int)bits.Take(7) };
            if (count > total - i)
            {
                return false;
            }

            codeBits.Slice(i, count).Fill(repeated);
            i += count;
        }

        tables.IsFixed = false;
        return codeBits[256] != 0 && !bits.IsExhausted
            && HuffmanTable.TryBuild(codeBits[..literals], HuffmanTable.LiteralsAndLengths, tables.Literals, LiteralIndexBits)
            && HuffmanTable.TryBuild(codeBits[literals..total], HuffmanTable.Distances, tables.Distances, DistanceIndexBits);
    }

    /// <summary>Decodes to the end of a block. A false step is found out at the latest when a limit is reached, which leaves room for a whole one.</summary>
    /// <remarks>The fields of <see cref="BitSource"/> are locals here, and so in registers: it has more of them than the compiler takes apart.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryDecodeBlock(ref BitSource source, Tables tables, Span<byte> destination, ref int totalWritten, int length)
    {
        const ulong LiteralMask = (1 << LiteralIndexBits) - 1;
        const ulong DistanceMask = (1 << DistanceIndexBits) - 1;
        ref uint literals = ref MemoryMarshal.GetArrayDataReference(tables.Literals);
        ref uint distances = ref MemoryMarshal.GetArrayDataReference(tables.Distances);
        ref byte output = ref MemoryMarshal.GetReference(destination);
        ref byte input = ref source.Start;
        int limit = source.Limit;
        int position = source.Position;
        ulong bits = source.Bits;
        int count = source.Count;
        int written = totalWritten;
        while (written <= length && position <= limit)
        {
            // Up to three literals or one copy come before the limits are looked at again.
            bits |= ReadBits(ref input, position) << count;
            position += (63 - count) >> 3;
            count |= 56;
            uint entry = Unsafe.Add(ref literals, (nint)(bits & LiteralMask));
            if ((int)entry < 0)
            {
                bits >>= (byte)entry;
                count -= (byte)entry;
                Unsafe.Add(ref output, written++) = (byte)(entry >> 16);
                entry = Unsafe.Add(ref literals, (nint)(bits & LiteralMask));
                if ((int)entry < 0)
                {
                    bits >>= (byte)entry;
                    count -= (byte)entry;
                    Unsafe.Add(ref output, written++) = (byte)(entry >> 16);
                    entry = Unsafe.Add(ref literals, (nint)(bits & LiteralMask));
                    if ((int)entry < 0)
                    {
                        bits >>= (byte)entry;
                        count -= (byte)entry;
                        Unsafe.Add(ref output, written++) = (byte)(entry >> 16);
                        continue;
                    }
                }

                // A copy needs up to 48 bits. Those that the entry was found by stay where they are.
                if (position <= limit)
                {
                    bits |= ReadBits(ref input, position) << count;
                    position += (63 - count) >> 3;
                    count |= 56;
                }
            }

            if ((entry & HuffmanTable.Rare) != 0)
            {
                if ((entry & HuffmanTable.SecondTable) != 0)
                {
                    bits >>= LiteralIndexBits;
                    count -= LiteralIndexBits;
                    entry = Unsafe.Add(ref literals, (nint)(SecondIndex(entry) + (bits & SecondMask(entry))));
                    if ((int)entry < 0)
                    {
                        bits >>= (byte)entry;
                        count -= (byte)entry;
                        Unsafe.Add(ref output, written++) = (byte)(entry >> 16);
                        continue;
                    }
                }

                if ((entry & HuffmanTable.EndOfBlock) != 0)
                {
                    source.Set(position, bits >> (byte)entry, count - (byte)entry);
                    totalWritten = written;
                    return true;
                }
            }

            int size = (int)(entry >> 16) + Extra(bits, entry);
            bits >>= (byte)entry;
            count -= (byte)entry;
            entry = Unsafe.Add(ref distances, (nint)(bits & DistanceMask));
            if ((entry & HuffmanTable.Rare) != 0)
            {
                bits >>= DistanceIndexBits;
                count -= DistanceIndexBits;
                entry = Unsafe.Add(ref distances, (nint)(SecondIndex(entry) + (bits & SecondMask(entry))));
            }

            int distance = (int)(entry >> 16) + Extra(bits, entry);
            bits >>= (byte)entry;
            count -= (byte)entry;
            if (size < 3 || distance == 0 || distance > written || written > length)
            {
                return false;
            }

            Copy(ref Unsafe.Add(ref output, written), distance, size);
            written += size;
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadBits(ref byte input, int position)
    {
        ulong next = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref input, position));
        return BitConverter.IsLittleEndian ? next : BinaryPrimitives.ReverseEndianness(next);
    }

    private static ulong SecondIndex(uint entry) => (entry >> 16) & 0x7FFF;

    private static ulong SecondMask(uint entry) => (1UL << ((int)(entry >> 8) & 15)) - 1;

    // The bits of an entry are its code and, above it, the extra ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Extra(ulong bits, uint entry) => (int)((bits & ((1UL << (byte)entry) - 1)) >> ((int)(entry >> 8) & 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte target, int distance, int size)
    {
        ref byte origin = ref Unsafe.Subtract(ref target, distance);
        if (distance >= 16)
        {
            // What is copied too much is overwritten by what follows, or lies in the margin.
            int i = 0;
            do
            {
                Vector128.LoadUnsafe(ref origin, (nuint)i).StoreUnsafe(ref target, (nuint)i);
                i += 16;
            }
            while (i < size);
        }
        else if (distance >= 8)
        {
            for (int i = 0; i < size; i += 8)
            {
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, i), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref origin, i)));
            }
        }
        else
        {
            for (int i = 0; i < size; i++)
            {
                Unsafe.Add(ref target, i) = Unsafe.Add(ref origin, i);
            }
        }
    }

    /// <summary>Bits, least significant first. Reads on into the margin; whoever is behind the end is found out by <see cref="IsExhausted"/>.</summary>
    private ref struct BitSource(ReadOnlySpan<byte> source, int start, int end)
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private readonly int _end = end;
        private int _position = start;
        private ulong _bits;
        private int _count;

        public readonly ref byte Start => ref MemoryMarshal.GetReference(_source);

        /// <summary>Bits are read up to here: behind it, all of the source is in the buffer, and more.</summary>
        public readonly int Limit => _end + sizeof(ulong);

        public readonly int Position => _position;

        public readonly ulong Bits => _bits;

        public readonly int Count => _count;

        public readonly bool IsExhausted => _position > Limit;

        public void Set(int position, ulong bits, int count) => (_position, _bits, _count) = (position, bits, count);

        /// <summary>Makes at least 56 bits available.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fill()
        {
            if (IsExhausted)
            {
                return;
            }

            _bits |= ReadBits(ref Start, _position) << _count;
            _position += (63 - _count) >> 3;
            _count |= 56;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly uint Peek(int count) => (uint)_bits & ((1u << count) - 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Skip(int count)
        {
            _bits >>= count;
            _count -= count;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint Take(int count)
        {
            uint value = Peek(count);
            Skip(count);
            return value;
        }

        /// <summary>Drops what is left of the present byte, and returns the position of the next.</summary>
        public readonly int AlignToByte() => _position - (_count >> 3);

        public readonly ReadOnlySpan<byte> Rest(int position) => position <= _end ? _source[position.._end] : default;

        public void Seek(int position)
        {
            _position = position;
            _bits = 0;
            _count = 0;
        }

        /// <summary>Whether the byte that was begun last is the last one before <paramref name="end"/>.</summary>
        public readonly bool EndsAt(int end) => _count >= 0 && AlignToByte() == end;
    }

    private sealed class Tables
    {
        // The most that any code of 286 symbols with at most 15 bits needs with an index of 11, and of 30 with one of 8; and some.
        public readonly uint[] Literals = new uint[2400];
        public readonly uint[] Distances = new uint[512];
        public bool IsFixed;

        public static readonly uint[] CodeLengthSymbols = [.. Enumerable.Range(0, 19).Select(symbol => HuffmanTable.Literal | ((uint)symbol << 16))];

        public bool TryUseFixed()
        {
            if (IsFixed)
            {
                return true;
            }

            Span<byte> codeBits = stackalloc byte[288];
            codeBits[..144].Fill(8);
            codeBits[144..256].Fill(9);
            codeBits[256..280].Fill(7);
            codeBits[280..].Fill(8);
            Span<byte> distanceBits = stackalloc byte[32];
            distanceBits.Fill(5);
            return IsFixed = HuffmanTable.TryBuild(codeBits, HuffmanTable.LiteralsAndLengths, Literals, LiteralIndexBits)
                && HuffmanTable.TryBuild(distanceBits, HuffmanTable.Distances, Distances, DistanceIndexBits);
        }
    }
}
