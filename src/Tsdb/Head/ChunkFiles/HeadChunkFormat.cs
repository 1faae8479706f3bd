using System.Numerics;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.ChunkFiles;

/// <summary>The layout of the files in <c>chunks_head</c>: eight bytes of file header, then chunks, then zeros or nothing.</summary>
/// <remarks>
/// A chunk: number of the series in the log, first and last time (eight bytes each), encoding (one byte, whose highest bit tells that the
/// samples came late), length (uvarint), samples, CRC-32C of all that (four bytes).
/// </remarks>
internal static class HeadChunkFormat
{
    public const uint Magic = 0x0130BC91;
    public const byte Version = 1;
    public const int FileHeaderBytes = 8;
    public const long FileBytesMax = 128L << 20;

    private const int FixedBytes = 8 + 8 + 8 + 1;
    private const int ChecksumBytes = 4;
    private const byte OutOfOrder = 0x80;

    /// <summary>Where a chunk's samples begin, counted from its own begin.</summary>
    public static int SamplesOffset(int length) => FixedBytes + ((BitOperations.Log2((uint)length | 1) / 7) + 1);

    /// <summary>The bytes of a chunk in the file.</summary>
    public static int ChunkBytes(int length) => SamplesOffset(length) + length + ChecksumBytes;

    /// <summary>Appends the header of a file.</summary>
    public static void WriteFileHeader(ByteWriter destination)
    {
        destination.WriteUInt32(Magic);
        destination.WriteUInt32((uint)Version << 24);
    }

    /// <summary>Whether the bytes are the header of a file.</summary>
    public static bool IsFileHeader(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        return reader.ReadUInt32() == Magic && reader.ReadByte() == Version;
    }

    /// <summary>Appends a chunk.</summary>
    public static void WriteChunk(
        ByteWriter destination, ulong series, long minMs, long maxMs, ChunkEncoding encoding, bool isOutOfOrder, ReadOnlySpan<byte> samples)
    {
        int start = destination.Length;
        destination.WriteUInt64(series);
        destination.WriteInt64(minMs);
        destination.WriteInt64(maxMs);
        destination.WriteByte((byte)((byte)encoding | (isOutOfOrder ? OutOfOrder : 0)));
        destination.WriteString(samples);
        destination.WriteUInt32(Crc32C.Compute(destination.WrittenSpan[start..]));
    }

    /// <summary>Reads the chunk at a place of a file. Says what is wrong, if something is; <paramref name="chunk"/> is nothing at the end of the file.</summary>
    public static string? ReadChunk(ReadOnlySpan<byte> file, HeadChunkRef place, out HeadChunk? chunk)
    {
        chunk = null;
        ReadOnlySpan<byte> rest = file[(int)place.Offset..];
        var reader = new ByteReader(rest);
        ulong series = reader.ReadUInt64();
        long minMs = reader.ReadInt64();
        long maxMs = reader.ReadInt64();
        byte encoding = reader.ReadByte();
        if (reader.Failed)
        {
            return rest.ContainsAnyExcept((byte)0) ? "unexpected bytes behind the last chunk" : null;
        }

        if (series == 0 && minMs == 0 && maxMs == 0)
        {
            return null; // Files are made longer than what is in them, and series are numbered from 1.
        }

        ReadOnlySpan<byte> samples = reader.ReadString();
        int length = rest.Length - reader.Remaining;
        uint checksum = reader.ReadUInt32();
        if (reader.Failed)
        {
            return "the file ends within a chunk";
        }

        uint actual = Crc32C.Compute(rest[..length]);
        if (actual != checksum)
        {
            return $"unexpected checksum {actual:x8}, expected {checksum:x8}";
        }

        if (length != SamplesOffset(samples.Length) + samples.Length)
        {
            return "the length of the chunk has too many bytes";
        }

        chunk = new HeadChunk(series, minMs, maxMs, (ChunkEncoding)(encoding & ~OutOfOrder), (encoding & OutOfOrder) != 0, samples.Length, place);
        return null;
    }
}
