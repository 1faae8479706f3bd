using System.Text;

namespace Narthex.Model;

/// <summary>Builds and edits label sets. Reusable: <see cref="Reset()"/> keeps the buffers. Not thread-safe.</summary>
public sealed class LabelsBuilder
{
    private byte[] _text = new byte[256];
    private int _textLength;
    private Entry[] _entries = new Entry[16];
    private int _count;

    /// <summary>The number of labels, those with an empty value included until <see cref="ToLabels"/> drops them.</summary>
    public int Count => _count;

    /// <summary>Forgets all labels.</summary>
    public LabelsBuilder Reset()
    {
        _textLength = 0;
        _count = 0;
        return this;
    }

    /// <summary>Starts again from <paramref name="labels"/>.</summary>
    public LabelsBuilder Reset(Labels labels)
    {
        Reset();
        foreach (LabelPair pair in labels)
        {
            Add(pair.Name, pair.Value);
        }

        return this;
    }

    /// <summary>Appends a label without looking for one of that name. The caller knows that it is new.</summary>
    public LabelsBuilder Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        int nameStart = Store(name);
        int valueStart = Store(value);
        _entries[_count++] = new Entry(nameStart, name.Length, valueStart, value.Length);
        return this;
    }

    /// <summary>Sets a label, replacing its former value. An empty value removes the label.</summary>
    public LabelsBuilder Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int index = IndexOf(name);
        if (value.IsEmpty)
        {
            RemoveAt(index);
        }
        else if (index < 0)
        {
            Add(name, value);
        }
        else
        {
            Entry entry = _entries[index];
            _entries[index] = entry with { ValueStart = Store(value), ValueLength = value.Length };
        }

        return this;
    }

    /// <summary>Sets a label, replacing its former value. An empty value removes the label.</summary>
    public LabelsBuilder Set(string name, string value) => Set(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    /// <summary>Removes the label if it is there.</summary>
    public LabelsBuilder Remove(ReadOnlySpan<byte> name)
    {
        RemoveAt(IndexOf(name));
        return this;
    }

    /// <summary>The value of the label, empty if it is not there. Valid until the builder changes.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> name)
    {
        int index = IndexOf(name);
        return index < 0 ? default : Value(_entries[index]);
    }

    /// <summary>The name of the <paramref name="index"/>-th label, in no particular order. Valid until the builder changes.</summary>
    public ReadOnlySpan<byte> NameAt(int index) => Name(_entries[index]);

    /// <summary>The value of the <paramref name="index"/>-th label. Valid until the builder changes.</summary>
    public ReadOnlySpan<byte> ValueAt(int index) => Value(_entries[index]);

    /// <summary>Removes the <paramref name="index"/>-th label; later ones move up by one.</summary>
    public void RemoveAt(int index)
    {
        if (index >= 0)
        {
            _count--;
            _entries.AsSpan(index + 1, _count - index).CopyTo(_entries.AsSpan(index));
        }
    }

    /// <summary>
    /// The sorted set. Labels with an empty value are left out. Of labels added twice under one name (see <see cref="Add"/>)
    /// both are kept, as scrapes must be able to refuse them: see <see cref="FindDuplicateName"/>.
    /// </summary>
    public Labels ToLabels() => Build(keepEmpty: false);

    /// <summary>
    /// The sorted set with labels of an empty value in it, for annotations: there, they are told apart from absent ones.
    /// <see cref="Add"/> puts them in; <see cref="Set(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> takes them for a removal.
    /// </summary>
    public Labels ToLabelsWithEmpty() => Build(keepEmpty: true);

    private Labels Build(bool keepEmpty)
    {
        Sort();
        int size = 0;
        for (int i = 0; i < _count; i++)
        {
            Entry entry = _entries[i];
            size += entry.ValueLength == 0 && !keepEmpty ? 0 : EncodedLength(entry.NameLength) + EncodedLength(entry.ValueLength);
        }

        if (size == 0)
        {
            return Labels.Empty;
        }

        byte[] encoded = GC.AllocateUninitializedArray<byte>(size);
        int position = 0;
        for (int i = 0; i < _count; i++)
        {
            Entry entry = _entries[i];
            if (entry.ValueLength > 0 || keepEmpty)
            {
                position = Encode(encoded, position, Name(entry));
                position = Encode(encoded, position, Value(entry));
            }
        }

        return new Labels(encoded);
    }

    /// <summary>A name that stands twice, or empty if none does.</summary>
    public ReadOnlySpan<byte> FindDuplicateName()
    {
        Sort();
        for (int i = 1; i < _count; i++)
        {
            if (Name(_entries[i]).SequenceEqual(Name(_entries[i - 1])))
            {
                return Name(_entries[i]);
            }
        }

        return default;
    }

    private static int EncodedLength(int length)
    {
        int header = 1;
        for (int rest = length; rest >= 0x80; rest >>= 7)
        {
            header++;
        }

        return header + length;
    }

    private static int Encode(Span<byte> destination, int position, ReadOnlySpan<byte> text)
    {
        int rest = text.Length;
        for (; rest >= 0x80; rest >>= 7)
        {
            destination[position++] = (byte)(rest | 0x80);
        }

        destination[position++] = (byte)rest;
        text.CopyTo(destination[position..]);
        return position + text.Length;
    }

    // Label sets are short and nearly always sorted already: insertion sort beats the general one, and is stable.
    private void Sort()
    {
        for (int i = 1; i < _count; i++)
        {
            Entry entry = _entries[i];
            int j = i - 1;
            for (; j >= 0 && Name(_entries[j]).SequenceCompareTo(Name(entry)) > 0; j--)
            {
                _entries[j + 1] = _entries[j];
            }

            _entries[j + 1] = entry;
        }
    }

    private int IndexOf(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _count; i++)
        {
            if (Name(_entries[i]).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    private int Store(ReadOnlySpan<byte> text)
    {
        int start = _textLength;
        if (text.Length > _text.Length - start)
        {
            // The old array stays alive while a caller passes a span into it.
            byte[] larger = new byte[Math.Max(_text.Length * 2, start + text.Length)];
            _text.AsSpan(0, start).CopyTo(larger);
            text.CopyTo(larger.AsSpan(start));
            _text = larger;
        }
        else
        {
            text.CopyTo(_text.AsSpan(start));
        }

        _textLength += text.Length;
        return start;
    }

    private ReadOnlySpan<byte> Name(Entry entry) => _text.AsSpan(entry.NameStart, entry.NameLength);

    private ReadOnlySpan<byte> Value(Entry entry) => _text.AsSpan(entry.ValueStart, entry.ValueLength);

    private readonly record struct Entry(int NameStart, int NameLength, int ValueStart, int ValueLength);
}
