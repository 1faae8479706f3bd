using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record with deleted intervals: type 3.</summary>
public readonly ref struct TombstonesRecordWriter
{
    private readonly ByteWriter _destination;

    private TombstonesRecordWriter(ByteWriter destination) => _destination = destination;

    /// <summary>Starts a record behind what the destination holds.</summary>
    public static TombstonesRecordWriter Begin(ByteWriter destination)
    {
        destination.WriteByte((byte)RecordType.Tombstones);
        return new TombstonesRecordWriter(destination);
    }

    /// <summary>Adds an interval, both ends included.</summary>
    public void Add(ulong reference, long minTimestampMs, long maxTimestampMs)
    {
        _destination.WriteUInt64(reference);
        _destination.WriteVarint(minTimestampMs);
        _destination.WriteVarint(maxTimestampMs);
    }
}

/// <summary>Walks the intervals in a record of type 3.</summary>
public ref struct TombstonesRecordReader
{
    private ByteReader _reader;

    /// <summary>Starts at the record's first interval.</summary>
    public TombstonesRecordReader(ReadOnlySpan<byte> record)
    {
        _reader = new ByteReader(record);
        IsDamaged = (RecordType)_reader.ReadByte() != RecordType.Tombstones;
    }

    /// <summary>The series.</summary>
    public ulong Ref { get; private set; }

    /// <summary>The first deleted instant.</summary>
    public long MinTimestampMs { get; private set; }

    /// <summary>The last deleted instant.</summary>
    public long MaxTimestampMs { get; private set; }

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next interval. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        Ref = _reader.ReadUInt64();
        MinTimestampMs = _reader.ReadVarint();
        MaxTimestampMs = _reader.ReadVarint();
        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }
}
