using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record with references and labels of series: type 1.</summary>
/// <remarks>
/// Begin it, add the series, and what was appended to the destination is the record. Labels come as a
/// <see cref="Labels"/>, as its encoded bytes, or one by one (<see cref="BeginSeries"/>, then <see cref="AddLabel"/> as often as announced).
/// </remarks>
public readonly ref struct SeriesRecordWriter
{
    private readonly ByteWriter _destination;

    private SeriesRecordWriter(ByteWriter destination) => _destination = destination;

    /// <summary>Starts a record behind what the destination holds.</summary>
    public static SeriesRecordWriter Begin(ByteWriter destination)
    {
        destination.WriteByte((byte)RecordType.Series);
        return new SeriesRecordWriter(destination);
    }

    /// <summary>Adds a series.</summary>
    public void AddSeries(ulong reference, Labels labels)
    {
        _destination.WriteUInt64(reference);
        RecordLabels.Write(_destination, labels);
    }

    /// <summary>Adds a series whose labels are in the form of <see cref="Labels.Encoded"/>.</summary>
    public void AddSeries(ulong reference, int labelCount, ReadOnlySpan<byte> encodedLabels)
    {
        BeginSeries(reference, labelCount);
        _destination.WriteBytes(encodedLabels);
    }

    /// <summary>Adds a series whose <paramref name="labelCount"/> labels follow through <see cref="AddLabel"/>.</summary>
    public void BeginSeries(ulong reference, int labelCount)
    {
        _destination.WriteUInt64(reference);
        _destination.WriteUvarint((uint)labelCount);
    }

    /// <summary>Adds the next label of the series begun; names come in ascending order.</summary>
    public void AddLabel(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _destination.WriteString(name);
        _destination.WriteString(value);
    }
}

/// <summary>Walks the series in a record of type 1.</summary>
public ref struct SeriesRecordReader
{
    private ByteReader _reader;

    /// <summary>Starts at the record's first series.</summary>
    public SeriesRecordReader(ReadOnlySpan<byte> record)
    {
        _reader = new ByteReader(record);
        IsDamaged = (RecordType)_reader.ReadByte() != RecordType.Series;
    }

    /// <summary>The reference that the last successful <see cref="MoveNext"/> reached.</summary>
    public ulong Ref { get; private set; }

    /// <summary>The labels that the last successful <see cref="MoveNext"/> reached: views of the record.</summary>
    public RecordLabels Labels { get; private set; }

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next series. False at the end and at damage: see <see cref="IsDamaged"/>.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        Ref = _reader.ReadUInt64();
        Labels = RecordLabels.Read(ref _reader);
        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }
}
