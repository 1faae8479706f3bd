using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record of the out-of-order log that names chunks which have gone to disk: type 5.</summary>
public readonly ref struct MmapMarkersRecordWriter
{
    private readonly ByteWriter _destination;

    private MmapMarkersRecordWriter(ByteWriter destination) => _destination = destination;

    /// <summary>Starts a record behind what the destination holds.</summary>
    public static MmapMarkersRecordWriter Begin(ByteWriter destination)
    {
        destination.WriteByte((byte)RecordType.MmapMarkers);
        return new MmapMarkersRecordWriter(destination);
    }

    /// <summary>Adds a marker: all samples of the series before it are in chunks up to this one.</summary>
    public void Add(ulong reference, ulong chunkRef)
    {
        _destination.WriteUInt64(reference);
        _destination.WriteUInt64(chunkRef);
    }
}

/// <summary>Walks the markers in a record of type 5.</summary>
public ref struct MmapMarkersRecordReader
{
    private ByteReader _reader;

    /// <summary>Starts at the record's first marker.</summary>
    public MmapMarkersRecordReader(ReadOnlySpan<byte> record)
    {
        _reader = new ByteReader(record);
        IsDamaged = (RecordType)_reader.ReadByte() != RecordType.MmapMarkers;
    }

    /// <summary>The series.</summary>
    public ulong Ref { get; private set; }

    /// <summary>The chunk: number of its file in the high half, offset in the low half.</summary>
    public ulong ChunkRef { get; private set; }

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next marker. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        Ref = _reader.ReadUInt64();
        ChunkRef = _reader.ReadUInt64();
        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }
}
