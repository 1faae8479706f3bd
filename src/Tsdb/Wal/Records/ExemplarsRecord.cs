using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record with exemplars: type 4. References and times are distances from the first one's, as in sample records.</summary>
public ref struct ExemplarsRecordWriter
{
    private readonly ByteWriter _destination;
    private bool _started;
    private ulong _firstRef;
    private long _firstTimestamp;

    private ExemplarsRecordWriter(ByteWriter destination)
    {
        _destination = destination;
        _started = false;
        _firstRef = 0;
        _firstTimestamp = 0;
    }

    /// <summary>Starts a record behind what the destination holds.</summary>
    public static ExemplarsRecordWriter Begin(ByteWriter destination) => Begin(destination, (byte)RecordType.Exemplars);

    /// <summary>Starts a record of another file with the same layout.</summary>
    internal static ExemplarsRecordWriter Begin(ByteWriter destination, byte type)
    {
        destination.WriteByte(type);
        return new ExemplarsRecordWriter(destination);
    }

    /// <summary>Adds an exemplar of a series.</summary>
    public void Add(ulong reference, in Exemplar exemplar)
    {
        if (!_started)
        {
            _started = true;
            _firstRef = reference;
            _firstTimestamp = exemplar.TimestampMs;
            _destination.WriteUInt64(reference);
            _destination.WriteInt64(exemplar.TimestampMs);
        }

        _destination.WriteVarint(unchecked((long)(reference - _firstRef)));
        _destination.WriteVarint(unchecked(exemplar.TimestampMs - _firstTimestamp));
        _destination.WriteDouble(exemplar.Value);
        RecordLabels.Write(_destination, exemplar.Labels);
    }
}

/// <summary>Walks the exemplars in a record of type 4.</summary>
public ref struct ExemplarsRecordReader
{
    private readonly ulong _firstRef;
    private readonly long _firstTimestamp;
    private ByteReader _reader;

    /// <summary>Starts at the record's first exemplar.</summary>
    public ExemplarsRecordReader(ReadOnlySpan<byte> record)
        : this(record, (byte)RecordType.Exemplars)
    {
    }

    /// <summary>Starts at the first exemplar of a record of another file with the same layout.</summary>
    internal ExemplarsRecordReader(ReadOnlySpan<byte> record, byte type)
    {
        _reader = new ByteReader(record);
        IsDamaged = _reader.ReadByte() != type;
        if (_reader.Remaining > 0)
        {
            _firstRef = _reader.ReadUInt64();
            _firstTimestamp = _reader.ReadInt64();
            IsDamaged |= _reader.Failed;
        }
    }

    /// <summary>The series.</summary>
    public ulong Ref { get; private set; }

    /// <summary>When it was observed.</summary>
    public long TimestampMs { get; private set; }

    /// <summary>The observed value.</summary>
    public double Value { get; private set; }

    /// <summary>The exemplar's own labels: views of the record.</summary>
    public RecordLabels Labels { get; private set; }

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next exemplar. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        Ref = unchecked(_firstRef + (ulong)_reader.ReadVarint());
        TimestampMs = unchecked(_firstTimestamp + _reader.ReadVarint());
        Value = _reader.ReadDouble();
        Labels = RecordLabels.Read(ref _reader);
        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }
}
