using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Labels as records hold them: their number, then names and values with their lengths, in the order of the names.</summary>
public ref struct RecordLabels
{
    private ByteReader _reader;
    private int _left;

    internal RecordLabels(ReadOnlySpan<byte> encoded, int count)
    {
        Encoded = encoded;
        Count = count;
        _reader = new ByteReader(encoded);
        _left = count;
        Name = default;
        Value = default;
    }

    /// <summary>The number of labels.</summary>
    public int Count { get; }

    /// <summary>
    /// All names and values without their number: the same bytes as <see cref="Labels.Encoded"/>, if the labels
    /// are sorted and none is empty, as writers leave them.
    /// </summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>The name that the last successful <see cref="MoveNext"/> reached.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value that the last successful <see cref="MoveNext"/> reached.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next label. False at the end.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        Name = _reader.ReadString();
        Value = _reader.ReadString();
        return true;
    }

    /// <summary>The labels as a set of their own. Unsorted or empty ones, as only a foreign writer leaves them, are put right.</summary>
    public Labels ToLabels()
    {
        RecordLabels labels = new(Encoded, Count);
        ReadOnlySpan<byte> previous = default;
        bool canonical = true;
        while (canonical && labels.MoveNext())
        {
            canonical = !labels.Value.IsEmpty && previous.SequenceCompareTo(labels.Name) < 0;
            previous = labels.Name;
        }

        if (canonical)
        {
            return Labels.FromEncoded(Encoded);
        }

        var builder = new LabelsBuilder();
        labels = new(Encoded, Count);
        while (labels.MoveNext())
        {
            builder.Set(labels.Name, labels.Value);
        }

        return builder.ToLabels();
    }

    // No labels, and a failed reader, if they are damaged.
    internal static RecordLabels Read(scoped ref ByteReader reader)
    {
        int count = reader.ReadCount(2);
        ReadOnlySpan<byte> rest = reader.Rest;
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            reader.ReadString();
            reader.ReadString();
        }

        return reader.Failed ? default : new RecordLabels(rest[..(rest.Length - reader.Remaining)], count);
    }

    // Lengths are LEB128 in both forms, so that only the number of labels has to be put before.
    internal static void Write(ByteWriter destination, Labels labels)
    {
        destination.WriteUvarint((uint)labels.Count);
        destination.WriteBytes(labels.Encoded);
    }
}
