using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>The strings of an index, read from the mapped file. In memory are their places: all of a small index, one in eight of a large one.</summary>
internal sealed class IndexSymbols
{
    // Half a byte of memory per symbol, and at most seven strings to step over.
    private const int LargeStride = 8;

    // 64 KiB of places at most where nothing is to be stepped over.
    private const int SmallCount = 16 * 1024;

    private readonly MappedFile _file;
    private readonly string _block;
    private readonly bool _refsAreOffsets;
    private readonly ulong _start;
    private readonly int _length;
    private readonly int _stride;
    private readonly uint[] _places;

    public IndexSymbols(MappedFile file, ulong start, ReadOnlySpan<byte> section, byte version, string block)
    {
        // The section is the body without length and checksum; its strings begin behind their number.
        _file = file;
        _block = block;
        _refsAreOffsets = version == IndexFormat.Version1;
        _start = start;
        _length = section.Length;
        var reader = new ByteReader(section);
        uint count = reader.ReadUInt32();
        if (reader.Failed || count > reader.Remaining)
        {
            throw Corrupt($"{count} symbols do not fit into {section.Length} bytes");
        }

        Count = (int)count;
        _stride = Count <= SmallCount ? 1 : LargeStride;
        _places = new uint[(Count + _stride - 1) / _stride];
        for (int i = 0; i < Count; i++)
        {
            if (i % _stride == 0)
            {
                _places[i / _stride] = (uint)(section.Length - reader.Remaining);
            }

            reader.ReadString();
        }

        if (reader.Failed)
        {
            throw Corrupt("a symbol is cut off");
        }
    }

    /// <summary>The number of symbols.</summary>
    public int Count { get; }

    /// <summary>The symbol behind a reference of a series entry: its number, or its place in version 1.</summary>
    public ReadOnlySpan<byte> Resolve(ulong reference)
    {
        if (_refsAreOffsets)
        {
            return At(reference - _start, reference);
        }

        if (reference >= (ulong)Count)
        {
            throw Corrupt($"symbol {reference} of {Count}");
        }

        _file.TrySlice(_start, (ulong)_length, out ReadOnlySpan<byte> section);
        (uint group, uint left) = _stride == 1 ? ((uint)reference, 0) : Math.DivRem((uint)reference, (uint)_stride);
        int place = (int)_places[group];

        // Nearly all symbols are so short that their length is one byte.
        while ((uint)place < (uint)section.Length && section[place] < 0x80)
        {
            int next = place + 1 + section[place];
            if (left == 0 && next <= section.Length)
            {
                return section[(place + 1)..next];
            }

            if (left == 0)
            {
                break;
            }

            place = next;
            left--;
        }

        return ResolveLong(section, (uint)reference);
    }

    private ReadOnlySpan<byte> ResolveLong(ReadOnlySpan<byte> section, uint reference)
    {
        var reader = new ByteReader(section[(int)_places[reference / (uint)_stride]..]);
        for (uint skipped = reference % (uint)_stride; skipped > 0; skipped--)
        {
            reader.ReadString();
        }

        return reader.ReadString();
    }

    /// <summary>Walks all symbols; that they ascend is checked.</summary>
    public ISymbolCursor Open() => new Cursor(this);

    private ReadOnlySpan<byte> At(ulong place, ulong reference)
    {
        if (place < 4 || place >= (ulong)_length)
        {
            throw Corrupt($"symbol at {reference}");
        }

        _file.TrySlice(_start, (ulong)_length, out ReadOnlySpan<byte> section);
        var reader = new ByteReader(section[(int)place..]);
        ReadOnlySpan<byte> symbol = reader.ReadString();
        return reader.Failed ? throw Corrupt($"symbol at {reference}") : symbol;
    }

    private BlockCorruptionException Corrupt(string problem) => new(_block, "index: symbols", problem);

    private sealed class Cursor(IndexSymbols symbols) : ISymbolCursor
    {
        private int _place = 4;
        private int _next;
        private int _textStart;
        private int _textLength;

        public ReadOnlySpan<byte> Current
        {
            get
            {
                symbols._file.TrySlice(symbols._start + (uint)_textStart, (uint)_textLength, out ReadOnlySpan<byte> text);
                return text;
            }
        }

        public bool MoveNext()
        {
            if (_next == symbols.Count)
            {
                return false;
            }

            symbols._file.TrySlice(symbols._start, (ulong)symbols._length, out ReadOnlySpan<byte> section);
            var reader = new ByteReader(section[_place..]);
            ReadOnlySpan<byte> text = reader.ReadString();
            if (_next > 0 && section.Slice(_textStart, _textLength).SequenceCompareTo(text) >= 0)
            {
                throw symbols.Corrupt($"symbol {_next} is not behind the one before");
            }

            _textLength = text.Length;
            _place = section.Length - reader.Remaining;
            _textStart = _place - _textLength;
            _next++;
            return true;
        }

        public void Dispose()
        {
        }
    }
}
