using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.Tsdb.Compression;

/// <summary>The Snappy block format over spans: what write-ahead log records and remote write bodies are compressed with.</summary>
/// <remarks>Neither direction allocates. Decoding trusts nothing: every length and distance is checked before use.</remarks>
public static class SnappyBlock
{
    // Input is compressed in pieces of this size, so that a distance always fits into two bytes.
    private const int PieceBytes = 1 << 16;
    private const int HashBits = 14;

    // Near the end of a piece matching stops: the copies in the fast loop look up to eight bytes ahead.
    private const int MarginBytes = 15;

    // Longer literals carry their length behind the tag.
    private const int ShortLiteralBytesMax = 60;
    private const int CopyBytesMax = 64;

    // The densest element is a copy of 64 bytes in three, so a longer promise than this is a lie.
    private const int ExpansionMax = 22;

    [ThreadStatic]
    private static ushort[]? _positions;

    /// <summary>The most bytes that <paramref name="length"/> bytes can become.</summary>
    public static int GetMaxCompressedLength(int length) => checked(32 + length + (length / 6));

    /// <summary>Compresses <paramref name="source"/> and returns the compressed length.</summary>
    /// <param name="source">What to compress.</param>
    /// <param name="destination">At least <see cref="GetMaxCompressedLength"/> bytes.</param>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, GetMaxCompressedLength(source.Length));

        int written = Binary.ByteWriter.PutUvarint(destination, (uint)source.Length);
        ushort[] positions = _positions ??= new ushort[1 << HashBits];
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> piece = source[..Math.Min(source.Length, PieceBytes)];
            written = CompressPiece(piece, destination, written, positions);
            source = source[piece.Length..];
        }

        return written;
    }

    /// <summary>The length that <paramref name="source"/> claims to decompress to. False if there is none, or one that it cannot have.</summary>
    public static bool TryGetDecompressedLength(ReadOnlySpan<byte> source, out int length)
    {
        var reader = new Binary.ByteReader(source);
        ulong claimed = reader.ReadUvarint();
        length = 0;
        if (reader.Failed || claimed > int.MaxValue || claimed > (ulong)reader.Remaining * ExpansionMax)
        {
            return false;
        }

        length = (int)claimed;
        return true;
    }

    /// <summary>Decompresses into the start of <paramref name="destination"/>. False if the bytes are not Snappy or do not fit.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        written = 0;
        if (!TryGetDecompressedLength(source, out int length) || length > destination.Length)
        {
            return false;
        }

        int headerLength = 1;
        while (source[headerLength - 1] >= 0x80)
        {
            headerLength++;
        }

        destination = destination[..length];
        int from = headerLength;
        int to = 0;
        while (true)
        {
            if (!TryDecompressFast(source, destination, ref from, ref to))
            {
                return false;
            }

            if (from == source.Length)
            {
                break;
            }

            if (!TryReadElement(source, ref from, out int size, out long distance) || size > destination.Length - to)
            {
                return false;
            }

            if (distance == 0)
            {
                if (size > source.Length - from)
                {
                    return false;
                }

                source.Slice(from, size).CopyTo(destination[to..]);
                from += size;
            }
            else if (distance > to)
            {
                return false;
            }
            else
            {
                CopyBack(destination, to, (int)distance, size);
            }

            to += size;
        }

        written = to;
        return to == length;
    }

    /// <summary>
    /// Decompresses as long as an element of up to 64 bytes cannot reach the end of either side, so that whole vectors can be copied
    /// without looking: what is copied too much is overwritten by the next element. Stops at the first element of another kind.
    /// </summary>
    /// <returns>False if a copy reaches back before the start.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryDecompressFast(ReadOnlySpan<byte> source, Span<byte> destination, ref int from, ref int to)
    {
        // An element: a tag, up to four bytes behind it or up to 60 of a literal, and what a vector may read beyond.
        const int SourceMargin = 1 + ShortLiteralBytesMax + 16;
        const int DestinationMargin = CopyBytesMax + 16;
        ref byte sourceStart = ref MemoryMarshal.GetReference(source);
        ref byte destinationStart = ref MemoryMarshal.GetReference(destination);
        int read = from;
        int written = to;
        int readLimit = source.Length - SourceMargin;
        int writtenLimit = destination.Length - DestinationMargin;
        bool valid = true;
        while (read <= readLimit && written <= writtenLimit)
        {
            int tag = Unsafe.Add(ref sourceStart, read);
            ref byte target = ref Unsafe.Add(ref destinationStart, written);
            int size;
            int distance;
            if ((tag & 3) == 0)
            {
                size = (tag >> 2) + 1;
                if (size > ShortLiteralBytesMax)
                {
                    break;
                }

                CopyVectors(ref Unsafe.Add(ref sourceStart, read + 1), ref target, size);
                read += 1 + size;
                written += size;
                continue;
            }

            if ((tag & 3) == 1)
            {
                size = 4 + ((tag >> 2) & 7);
                distance = ((tag & 0xE0) << 3) | Unsafe.Add(ref sourceStart, read + 1);
                read += 2;
            }
            else if ((tag & 3) == 2)
            {
                size = 1 + (tag >> 2);
                distance = ReadUInt16(ref Unsafe.Add(ref sourceStart, read + 1));
                read += 3;
            }
            else
            {
                break;
            }

            if (distance == 0 || distance > written)
            {
                valid = false;
                break;
            }

            ref byte origin = ref Unsafe.Subtract(ref target, distance);
            if (distance >= 16)
            {
                CopyVectors(ref origin, ref target, size);
            }
            else
            {
                for (int i = 0; i < size; i++)
                {
                    Unsafe.Add(ref target, i) = Unsafe.Add(ref origin, i);
                }
            }

            written += size;
        }

        from = read;
        to = written;
        return valid;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyVectors(ref byte origin, ref byte target, int size)
    {
        // One after the other: where both overlap, each vector reads what the one before has written.
        Vector128.LoadUnsafe(ref origin).StoreUnsafe(ref target);
        for (int i = 16; i < size; i += 16)
        {
            Vector128.LoadUnsafe(ref origin, (nuint)i).StoreUnsafe(ref target, (nuint)i);
        }
    }

    private static int ReadUInt16(ref byte start)
    {
        ushort value = Unsafe.ReadUnaligned<ushort>(ref start);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>Reads the head of an element: a literal has distance 0. False if there is no whole one, or one that is not valid.</summary>
    private static bool TryReadElement(ReadOnlySpan<byte> source, ref int from, out int size, out long distance)
    {
        int tag = source[from++];
        size = (tag >> 2) + 1;
        distance = 0;
        int trailerLength = (tag & 3) switch { 0 => Math.Max(size - ShortLiteralBytesMax, 0), 1 => 1, 2 => 2, _ => 4 };
        if (trailerLength > source.Length - from)
        {
            return false;
        }

        uint trailer = 0;
        for (int i = 0; i < trailerLength; i++)
        {
            trailer |= (uint)source[from++] << (8 * i);
        }

        switch (tag & 3)
        {
            case 0:
                if (trailerLength > 0)
                {
                    size = trailer < int.MaxValue ? (int)trailer + 1 : 0;
                }

                return size > 0;
            case 1:
                size = 4 + ((tag >> 2) & 7);
                distance = ((uint)(tag & 0xE0) << 3) | trailer;
                break;
            default:
                distance = trailer;
                break;
        }

        return distance > 0;
    }

    private static void CopyBack(Span<byte> destination, int to, int distance, int size)
    {
        if (distance >= size)
        {
            destination.Slice(to - distance, size).CopyTo(destination[to..]);
            return;
        }

        // Source and target overlap on purpose: a short pattern repeats itself.
        for (int i = 0; i < size; i++)
        {
            destination[to + i] = destination[to - distance + i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CompressPiece(ReadOnlySpan<byte> piece, Span<byte> destination, int written, ushort[] positions)
    {
        int literalStart = 0;
        if (piece.Length > MarginBytes)
        {
            Array.Clear(positions);
            ref byte start = ref MemoryMarshal.GetReference(piece);
            int limit = piece.Length - MarginBytes;
            int position = 1;
            while (position < limit)
            {
                // The longer nothing repeats, the larger the steps: incompressible data costs little time.
                int step = 1 + ((position - literalStart) >> 5);
                uint next = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, position));
                ref ushort slot = ref positions[(next * 0x1E35A7BDu) >> (32 - HashBits)];
                int candidate = slot;
                slot = (ushort)position;
                if (candidate >= position || Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, candidate)) != next)
                {
                    position += step;
                    continue;
                }

                written = EmitLiteral(piece[literalStart..position], destination, written);
                int matched = 4 + MatchLength(piece, candidate + 4, position + 4);
                written = EmitCopy(destination, written, position - candidate, matched);
                position += matched;
                literalStart = position;
                if (position < limit)
                {
                    uint last = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, position - 1));
                    positions[(last * 0x1E35A7BDu) >> (32 - HashBits)] = (ushort)(position - 1);
                }
            }
        }

        return literalStart < piece.Length ? EmitLiteral(piece[literalStart..], destination, written) : written;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int MatchLength(ReadOnlySpan<byte> piece, int left, int right)
    {
        int start = right;
        while (right <= piece.Length - 8)
        {
            ulong difference = BinaryPrimitives.ReadUInt64LittleEndian(piece[left..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(piece[right..]);
            if (difference != 0)
            {
                return right - start + (BitOperations.TrailingZeroCount(difference) >> 3);
            }

            left += 8;
            right += 8;
        }

        while (right < piece.Length && piece[left] == piece[right])
        {
            left++;
            right++;
        }

        return right - start;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int EmitLiteral(ReadOnlySpan<byte> literal, Span<byte> destination, int written)
    {
        if (literal.IsEmpty)
        {
            return written;
        }

        int count = literal.Length - 1;
        if (count < 60)
        {
            destination[written++] = (byte)(count << 2);
        }
        else if (count < 256)
        {
            destination[written++] = 60 << 2;
            destination[written++] = (byte)count;
        }
        else
        {
            destination[written++] = 61 << 2;
            BinaryPrimitives.WriteUInt16LittleEndian(destination[written..], (ushort)count);
            written += 2;
        }

        literal.CopyTo(destination[written..]);
        return written + literal.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int EmitCopy(Span<byte> destination, int written, int distance, int length)
    {
        // A copy holds at most 64 bytes; the rest must not fall below four, the shortest of the two-byte form.
        while (length >= 68)
        {
            written = EmitLongCopy(destination, written, distance, 64);
            length -= 64;
        }

        if (length > 64)
        {
            written = EmitLongCopy(destination, written, distance, 60);
            length -= 60;
        }

        if (length >= 12 || distance >= 2048)
        {
            return EmitLongCopy(destination, written, distance, length);
        }

        destination[written] = (byte)(((distance >> 8) << 5) | ((length - 4) << 2) | 1);
        destination[written + 1] = (byte)distance;
        return written + 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EmitLongCopy(Span<byte> destination, int written, int distance, int length)
    {
        destination[written] = (byte)(((length - 1) << 2) | 2);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[(written + 1)..], (ushort)distance);
        return written + 3;
    }
}
