using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Snapshots;

/// <summary>The kinds of records in a snapshot.</summary>
internal enum SnapshotRecordType : byte
{
    Series = 1,
    Tombstones = 2,
    Exemplars = 3,
}

/// <summary>One series of a snapshot, as a view of its record.</summary>
internal ref struct SnapshotSeries
{
    // What upstream once kept of the last four samples: of three of them nothing is read any more.
    private const int LastSamplesSkipped = 3 * 16;

    /// <summary>Its number in the log.</summary>
    public ulong Number;

    /// <summary>Its labels.</summary>
    public RecordLabels Labels;

    /// <summary>Whether there is an open chunk.</summary>
    public bool HasChunk;

    /// <summary>The first time in it.</summary>
    public long MinMs;

    /// <summary>The last time in it.</summary>
    public long MaxMs;

    /// <summary>How it is encoded.</summary>
    public ChunkEncoding Encoding;

    /// <summary>Its samples.</summary>
    public ReadOnlySpan<byte> Chunk;

    /// <summary>Appends the part of a record that stands before the labels.</summary>
    public static void WriteStart(ByteWriter destination, ulong number)
    {
        destination.WriteByte((byte)SnapshotRecordType.Series);
        destination.WriteUInt64(number);
    }

    /// <summary>Appends the part behind the labels, of a series without an open chunk.</summary>
    public static void WriteNoChunk(ByteWriter destination, long chunkRangeMs)
    {
        destination.WriteInt64(chunkRangeMs);
        destination.WriteUvarint(0);
    }

    /// <summary>Appends the part behind the labels, of a series with an open chunk of floats.</summary>
    public static void WriteFloatChunk(
        ByteWriter destination, long chunkRangeMs, long minMs, ChunkEncoding encoding, in XorAppenderState state, ReadOnlySpan<byte> chunk)
    {
        destination.WriteInt64(chunkRangeMs);
        destination.WriteUvarint(1);
        destination.WriteInt64(minMs);
        destination.WriteInt64(state.LastTimestampMs);
        destination.WriteByte((byte)encoding);
        destination.WriteString(chunk);
        destination.GetSpan(LastSamplesSkipped)[..LastSamplesSkipped].Clear();
        destination.Advance(LastSamplesSkipped);
        destination.WriteInt64(state.LastTimestampMs);
        destination.WriteDouble(state.LastValue);
    }

    /// <summary>Appends the part behind the labels, of a series with an open chunk of histograms.</summary>
    public static void WriteHistogramChunk(ByteWriter destination, long chunkRangeMs, in HistogramChunkBytes chunk, FloatHistogram last)
    {
        destination.WriteInt64(chunkRangeMs);
        destination.WriteUvarint(1);
        destination.WriteInt64(chunk.Range.MinMs);
        destination.WriteInt64(chunk.Range.MaxMs);
        destination.WriteByte((byte)chunk.Encoding);
        destination.WriteString(chunk.Bytes);
        HistogramsRecordWriter.WriteHistogram(destination, last, integers: chunk.Encoding is ChunkEncoding.Histogram or ChunkEncoding.HistogramWithStarts);
    }

    /// <summary>Reads a record. False if it is not one of a series, damaged, or of an encoding that cannot be read.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out SnapshotSeries series)
    {
        series = default;
        var reader = new ByteReader(record);
        if ((SnapshotRecordType)reader.ReadByte() != SnapshotRecordType.Series)
        {
            return false;
        }

        series.Number = reader.ReadUInt64();
        series.Labels = RecordLabels.Read(ref reader);
        reader.ReadInt64(); // The chunk range: whoever reads it has its own.
        series.HasChunk = reader.ReadUvarint() != 0;
        if (series.HasChunk)
        {
            series.MinMs = reader.ReadInt64();
            series.MaxMs = reader.ReadInt64();
            series.Encoding = (ChunkEncoding)reader.ReadByte();
            series.Chunk = reader.ReadString();
            switch (series.Encoding)
            {
                case ChunkEncoding.Xor or ChunkEncoding.Xor2:
                    reader.ReadBytes(LastSamplesSkipped + 16);
                    break;
                case var encoding when ChunkEncodings.IsHistogram(encoding):
                    // The last histogram, which is in the chunk too.
                    reader.ReadBytes(reader.Remaining);
                    break;
                default:
                    return false;
            }
        }

        return !reader.Failed && reader.Remaining == 0 && series.Labels.Count > 0;
    }
}

/// <summary>The deleted intervals of a snapshot.</summary>
internal static class SnapshotTombstones
{
    private const byte Version = 1;

    /// <summary>Appends the record.</summary>
    public static void Write(ByteWriter destination, IEnumerable<KeyValuePair<ulong, TimeRange>> deleted)
    {
        var encoded = new ByteWriter();
        encoded.WriteByte(Version);
        foreach ((ulong number, TimeRange interval) in deleted)
        {
            encoded.WriteUvarint(number);
            encoded.WriteVarint(interval.MinMs);
            encoded.WriteVarint(interval.MaxMs);
        }

        destination.WriteByte((byte)SnapshotRecordType.Tombstones);
        destination.WriteString(encoded.WrittenSpan);
    }

    /// <summary>Reads the record. False if it is damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, List<KeyValuePair<ulong, TimeRange>> deleted)
    {
        var reader = new ByteReader(record);
        bool isTombstones = (SnapshotRecordType)reader.ReadByte() == SnapshotRecordType.Tombstones;
        var encoded = new ByteReader(reader.ReadString());
        if (!isTombstones || reader.Failed || encoded.ReadByte() != Version)
        {
            return false;
        }

        while (encoded.Remaining > 0)
        {
            ulong number = encoded.ReadUvarint();
            deleted.Add(new(number, new TimeRange(encoded.ReadVarint(), encoded.ReadVarint())));
        }

        return !encoded.Failed;
    }
}
