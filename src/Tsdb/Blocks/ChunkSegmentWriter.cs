using System.Globalization;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Blocks;

/// <summary>Writes the chunks of a block into numbered segments.</summary>
internal sealed class ChunkSegmentWriter(string directory, long segmentBytesMax = ChunkSegmentWriter.SegmentBytesDefault) : IDisposable
{
    public const uint Magic = 0x85BD40DD;
    public const byte Version = 1;
    public const int HeaderBytes = 8;
    public const long SegmentBytesDefault = 512 << 20;

    private BlockFileWriter? _segment;
    private int _count;

    /// <summary>The bytes written so far.</summary>
    public long BytesWritten { get; private set; }

    public static string NameOf(int number) => number.ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>Writes a chunk and returns its reference.</summary>
    public ulong Write(ChunkEncoding encoding, ReadOnlySpan<byte> data)
    {
        int length = ByteWriter.UvarintBytesMax + 1 + data.Length + 4;
        if (_segment is null || (_segment.Position + length > segmentBytesMax && _segment.Position > HeaderBytes))
        {
            Cut();
        }

        BlockFileWriter segment = _segment!;
        long position = segment.Position;
        segment.WriteUvarint((uint)data.Length);
        segment.BeginChecksum();
        segment.WriteByte((byte)encoding);
        segment.Write(data);
        segment.WriteChecksum();
        BytesWritten += segment.Position - position;
        return ((ulong)(_count - 1) << 32) | (uint)position;
    }

    /// <summary>Syncs the last segment and the directory.</summary>
    public void Finish()
    {
        Close();
        BlockDirectory.Sync(directory);
    }

    public void Dispose() => _segment?.Dispose();

    private void Cut()
    {
        Close();
        _count++;
        _segment = new BlockFileWriter(Path.Combine(directory, NameOf(_count)));
        _segment.WriteUInt32(Magic);
        _segment.WriteByte(Version);
        _segment.Write([0, 0, 0]);
    }

    private void Close()
    {
        _segment?.Sync();
        _segment?.Dispose();
        _segment = null;
    }
}
