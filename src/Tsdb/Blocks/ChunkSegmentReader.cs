using System.Buffers.Binary;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Blocks;

/// <summary>Reads chunks out of a block's mapped segments. Safe for concurrent readers.</summary>
internal sealed class ChunkSegmentReader : IDisposable
{
    private readonly MappedFile[] _segments;
    private readonly string _block;
    private volatile bool _touched;

    internal ChunkSegmentReader(MappedFile[] segments, string block)
    {
        _segments = segments;
        _block = block;
        for (int i = 0; i < segments.Length; i++)
        {
            if (!segments[i].TrySlice(0, ChunkSegmentWriter.HeaderBytes, out ReadOnlySpan<byte> header)
                || BinaryPrimitives.ReadUInt32BigEndian(header) != ChunkSegmentWriter.Magic)
            {
                throw new BlockCorruptionException(block, Place(i), "not a chunk segment");
            }

            if (header[4] != ChunkSegmentWriter.Version)
            {
                throw new BlockCorruptionException(block, Place(i), $"unknown chunk segment version {header[4]}");
            }
        }
    }

    /// <summary>The number of segments.</summary>
    public int Count => _segments.Length;

    /// <summary>Maps all segments in a block's <c>chunks</c> directory.</summary>
    public static ChunkSegmentReader Open(string directory, string block)
    {
        var segments = new List<MappedFile>();
        try
        {
            if (Directory.Exists(directory))
            {
                // References count the segments in the order of their names, as upstream does, whatever the numbers.
                string[] paths = [.. Directory.EnumerateFiles(directory).Where(path => Path.GetFileName(path).All(char.IsAsciiDigit))];
                Array.Sort(paths, StringComparer.Ordinal);
                foreach (string path in paths)
                {
                    segments.Add(MappedFile.Open(path));
                }
            }

            return new ChunkSegmentReader([.. segments], block);
        }
        catch (Exception error)
        {
            segments.ForEach(segment => segment.Dispose());
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new BlockCorruptionException(block, "chunks", error.Message, error);
            }

            throw;
        }
    }

    /// <summary>The bytes of a chunk, its checksum verified.</summary>
    /// <exception cref="BlockCorruptionException">There is no sound chunk at that place.</exception>
    public ReadOnlySpan<byte> Read(ulong reference, out ChunkEncoding encoding)
    {
        if (!_touched)
        {
            _touched = true;
        }

        ulong index = reference >> 32;
        ulong offset = (uint)reference;
        if (index >= (ulong)_segments.Length)
        {
            throw new BlockCorruptionException(_block, "chunks", $"reference to segment {index + 1} of {_segments.Length}");
        }

        MappedFile segment = _segments[(int)index];
        var reader = new ByteReader(segment.SliceUpTo(offset, ByteWriter.UvarintBytesMax));
        int available = reader.Remaining;
        ulong length = reader.ReadUvarint();
        ulong start = offset + (ulong)(available - reader.Remaining);
        if (reader.Failed || offset < ChunkSegmentWriter.HeaderBytes || length > int.MaxValue - 5
            || !segment.TrySlice(start, length + 5, out ReadOnlySpan<byte> bytes))
        {
            throw new BlockCorruptionException(_block, Place((int)index), $"the chunk at {offset} does not fit into the segment of {segment.Length} bytes");
        }

        ReadOnlySpan<byte> guarded = bytes[..^4];
        if (Crc32C.Compute(guarded) != BinaryPrimitives.ReadUInt32BigEndian(bytes[^4..]))
        {
            throw new BlockCorruptionException(_block, Place((int)index), $"checksum mismatch of the chunk at {offset}");
        }

        encoding = (ChunkEncoding)guarded[0];
        return guarded[1..];
    }

    /// <summary>Lets the system take the pages that were read since the last call out of the process: they stay in its cache. Not beside <see cref="Dispose"/>.</summary>
    public void ReleasePages()
    {
        if (_touched)
        {
            _touched = false;
            foreach (MappedFile segment in _segments)
            {
                segment.ReleasePages();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MappedFile segment in _segments)
        {
            segment.Dispose();
        }
    }

    private static string Place(int segment) => $"chunks/{ChunkSegmentWriter.NameOf(segment + 1)}";
}
