using System.Text;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>Where the list of each label pair stands. In memory are the names and, of each, the place of one value in 32.</summary>
/// <remarks>The table is sorted from version 2 on. If it is not, as version 1 allows, all places are kept, sorted.</remarks>
internal sealed class PostingsTable
{
    private const int SparseStride = 32;

    private readonly MappedFile _file;
    private readonly ulong _start;
    private readonly int _length;
    private readonly string _block;
    private readonly byte[][] _names;
    private readonly NameEntry[] _entries;
    private readonly int _stride;

    public PostingsTable(MappedFile file, ulong start, ReadOnlySpan<byte> section, string block)
    {
        _file = file;
        _start = start;
        _length = section.Length;
        _block = block;
        var reader = new ByteReader(section);
        uint count = reader.ReadUInt32();
        if (reader.Failed || count > reader.Remaining / 4)
        {
            throw Corrupt($"{count} entries do not fit into {section.Length} bytes");
        }

        if (IsSorted(section, count))
        {
            _stride = SparseStride;
            (_names, _entries) = Index(null, count);
        }
        else
        {
            _stride = 1;
            (_names, _entries) = Index(SortedPlaces(section, count), count);
        }
    }

    /// <summary>The label names in ascending order. The empty one stands for all series.</summary>
    public ReadOnlySpan<byte[]> Names => _names;

    /// <summary>The number of values of a label.</summary>
    public int CountValues(ReadOnlySpan<byte> name) => FindName(name) is var index && index < 0 ? 0 : _entries[index].Count;

    /// <summary>Where the list of a label pair stands in the file.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, out ulong offset)
    {
        offset = 0;
        int index = FindName(name);
        if (index < 0)
        {
            return false;
        }

        ValueCursor cursor = Seek(index, value);
        while (cursor.MoveNext())
        {
            int order = cursor.Value.SequenceCompareTo(value);
            if (order >= 0)
            {
                offset = cursor.Offset;
                return order == 0;
            }
        }

        return false;
    }

    /// <summary>Walks the values of a label in ascending order.</summary>
    public ValueCursor OpenValues(ReadOnlySpan<byte> name) => FindName(name) is var index && index < 0 ? default : new ValueCursor(this, index, 0);

    /// <summary>Walks the values of a label from some place at or shortly before <paramref name="value"/>.</summary>
    public ValueCursor OpenValuesNear(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        FindName(name) is var index && index < 0 ? default : Seek(index, value);

    private ReadOnlySpan<byte> Section
    {
        get
        {
            _file.TrySlice(_start, (ulong)_length, out ReadOnlySpan<byte> section);
            return section;
        }
    }

    private bool IsSorted(ReadOnlySpan<byte> section, uint count)
    {
        var reader = new ByteReader(section[4..]);
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> value = default;
        for (uint i = 0; i < count; i++)
        {
            Entry entry = Read(ref reader);
            int order = i == 0 ? 1 : entry.Name.SequenceCompareTo(name);
            if (order < 0 || (order == 0 && entry.Value.SequenceCompareTo(value) <= 0))
            {
                return false;
            }

            name = entry.Name;
            value = entry.Value;
        }

        return true;
    }

    private Entry Read(scoped ref ByteReader reader)
    {
        ulong keys = reader.ReadUvarint();
        var entry = new Entry { Name = reader.ReadString(), Value = reader.ReadString(), Offset = reader.ReadUvarint() };
        return reader.Failed || keys != 2 ? throw Corrupt("an entry is damaged") : entry;
    }

    private Entry ReadAt(uint place)
    {
        var reader = new ByteReader(Section[(int)place..]);
        return Read(ref reader);
    }

    private int FindName(ReadOnlySpan<byte> name)
    {
        int low = 0;
        int high = _names.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int order = _names[middle].AsSpan().SequenceCompareTo(name);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return -1;
    }

    // Starts at the last kept place whose value is not behind the wanted one.
    private ValueCursor Seek(int index, ReadOnlySpan<byte> value)
    {
        uint[] places = _entries[index].Places;
        int low = 0;
        int high = places.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (ReadAt(places[middle]).Value.SequenceCompareTo(value) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return new ValueCursor(this, index, Math.Max(0, low - 1) * _stride);
    }

    private uint[] SortedPlaces(ReadOnlySpan<byte> section, uint count)
    {
        uint[] places = new uint[count];
        var reader = new ByteReader(section[4..]);
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (uint)(section.Length - reader.Remaining);
            Read(ref reader);
        }

        Array.Sort(places, (left, right) =>
        {
            Entry leftEntry = ReadAt(left);
            Entry rightEntry = ReadAt(right);
            int order = leftEntry.Name.SequenceCompareTo(rightEntry.Name);
            return order != 0 ? order : leftEntry.Value.SequenceCompareTo(rightEntry.Value);
        });
        return places;
    }

    // Walks the table, or the given places, and keeps one place per stride of each name.
    private (byte[][] Names, NameEntry[] Entries) Index(uint[]? sortedPlaces, uint count)
    {
        var names = new List<byte[]>();
        var entries = new List<NameEntry>();
        var places = new List<uint>();
        ReadOnlySpan<byte> section = Section;
        var reader = new ByteReader(section[4..]);
        int values = 0;
        for (uint i = 0; i < count; i++)
        {
            uint place = sortedPlaces is null ? (uint)(section.Length - reader.Remaining) : sortedPlaces[i];
            Entry entry = sortedPlaces is null ? Read(ref reader) : ReadAt(place);
            if (names.Count == 0 || !entry.Name.SequenceEqual(names[^1]))
            {
                if (names.Count > 0)
                {
                    entries.Add(new NameEntry([.. places], values));
                }

                names.Add(entry.Name.ToArray());
                places.Clear();
                values = 0;
            }

            if (values++ % _stride == 0)
            {
                places.Add(place);
            }
        }

        if (names.Count > 0)
        {
            entries.Add(new NameEntry([.. places], values));
        }

        return ([.. names], [.. entries]);
    }

    private BlockCorruptionException Corrupt(string problem) => new(_block, "index: postings offset table", problem);

    /// <summary>Walks values. The default one has none.</summary>
    public ref struct ValueCursor
    {
        private readonly PostingsTable? _table;
        private readonly ReadOnlySpan<byte> _section;
        private readonly uint[] _places;
        private readonly int _count;
        private ByteReader _reader;
        private int _next;

        internal ValueCursor(PostingsTable table, int index, int from)
        {
            _table = table;
            _section = table.Section;
            _places = table._entries[index].Places;
            _count = table._entries[index].Count;
            _next = from;
            if (table._stride != 1)
            {
                _reader = new ByteReader(_section[(int)_places[from / table._stride]..]);
            }
        }

        public ReadOnlySpan<byte> Value { get; private set; }

        public ulong Offset { get; private set; }

        public bool MoveNext()
        {
            if (_table is null || _next >= _count)
            {
                return false;
            }

            if (_table._stride == 1)
            {
                _reader = new ByteReader(_section[(int)_places[_next]..]);
            }

            Entry entry = _table.Read(ref _reader);
            Value = entry.Value;
            Offset = entry.Offset;
            _next++;
            return true;
        }
    }

    private ref struct Entry
    {
        public ReadOnlySpan<byte> Name;
        public ReadOnlySpan<byte> Value;
        public ulong Offset;
    }

    private readonly record struct NameEntry(uint[] Places, int Count);
}
