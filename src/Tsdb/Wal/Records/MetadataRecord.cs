using System.Text;
using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record with metadata of series' metric families: type 6.</summary>
/// <remarks>Per series its reference (uvarint), the type's number, and named fields: UNIT and HELP so far.</remarks>
public readonly ref struct MetadataRecordWriter
{
    private readonly ByteWriter _destination;

    private MetadataRecordWriter(ByteWriter destination) => _destination = destination;

    /// <summary>Starts a record behind what the destination holds.</summary>
    public static MetadataRecordWriter Begin(ByteWriter destination)
    {
        destination.WriteByte((byte)RecordType.Metadata);
        return new MetadataRecordWriter(destination);
    }

    /// <summary>Adds the metadata of a series.</summary>
    public void Add(ulong reference, in MetricMetadata metadata)
    {
        Begin(reference, metadata.Type);
        _destination.WriteString("UNIT"u8);
        WriteText(metadata.Unit);
        _destination.WriteString("HELP"u8);
        WriteText(metadata.Help);
    }

    /// <summary>Adds the metadata of a series whose texts are in UTF-8.</summary>
    public void Add(ulong reference, MetricType type, ReadOnlySpan<byte> unit, ReadOnlySpan<byte> help)
    {
        Begin(reference, type);
        _destination.WriteString("UNIT"u8);
        _destination.WriteString(unit);
        _destination.WriteString("HELP"u8);
        _destination.WriteString(help);
    }

    private void Begin(ulong reference, MetricType type)
    {
        _destination.WriteUvarint(reference);
        _destination.WriteByte((byte)type); // The numbers of MetricType are those of the format.
        _destination.WriteUvarint(2);
    }

    private void WriteText(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        _destination.WriteUvarint((uint)length);
        Encoding.UTF8.GetBytes(text, _destination.GetSpan(length));
        _destination.Advance(length);
    }
}

/// <summary>Walks the metadata in a record of type 6.</summary>
public ref struct MetadataRecordReader
{
    private ByteReader _reader;

    /// <summary>Starts at the record's first series.</summary>
    public MetadataRecordReader(ReadOnlySpan<byte> record)
    {
        _reader = new ByteReader(record);
        IsDamaged = (RecordType)_reader.ReadByte() != RecordType.Metadata;
    }

    /// <summary>The series.</summary>
    public ulong Ref { get; private set; }

    /// <summary>The kind of its family; unknown for numbers that this version does not know.</summary>
    public MetricType Type { get; private set; }

    /// <summary>The unit: a view of the record.</summary>
    public ReadOnlySpan<byte> Unit { get; private set; }

    /// <summary>The description: a view of the record.</summary>
    public ReadOnlySpan<byte> Help { get; private set; }

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next series. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        Ref = _reader.ReadUvarint();
        byte type = _reader.ReadByte();
        Type = type <= (byte)MetricType.StateSet ? (MetricType)type : MetricType.Unknown;
        Unit = default;
        Help = default;
        int fields = _reader.ReadCount(2);
        for (int i = 0; i < fields && !_reader.Failed; i++)
        {
            ReadOnlySpan<byte> name = _reader.ReadString();
            ReadOnlySpan<byte> value = _reader.ReadString();
            if (name.SequenceEqual("UNIT"u8))
            {
                Unit = value;
            }
            else if (name.SequenceEqual("HELP"u8))
            {
                Help = value;
            }
        }

        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }

    /// <summary>The present entry as the model's record.</summary>
    public readonly MetricMetadata ToMetadata() => new(Type, Encoding.UTF8.GetString(Unit), Encoding.UTF8.GetString(Help));
}
