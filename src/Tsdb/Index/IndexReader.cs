using System.Buffers.Binary;
using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>Reads an index of version 1 or 2 out of a mapped file. Safe for concurrent readers, and on any bytes.</summary>
internal sealed class IndexReader : IDisposable
{
    private readonly MappedFile _file;
    private readonly string _block;
    private readonly byte _version;

    public IndexReader(MappedFile file, string block)
    {
        _file = file;
        _block = block;
        if (!file.TrySlice(0, IndexFormat.HeaderBytes, out ReadOnlySpan<byte> header) || BinaryPrimitives.ReadUInt32BigEndian(header) != IndexFormat.Magic)
        {
            throw Corrupt("header", "not an index");
        }

        _version = header[4];
        if (_version is not (IndexFormat.Version1 or IndexFormat.Version2))
        {
            throw Corrupt("header", $"unknown index file version {_version}");
        }

        ulong length = (ulong)file.Length;
        if (!file.TrySlice(length - IndexFormat.ContentsBytes, IndexFormat.ContentsBytes, out ReadOnlySpan<byte> contents))
        {
            throw Corrupt("table of contents", "the file is too short");
        }

        if (Crc32C.Compute(contents[..^4]) != BinaryPrimitives.ReadUInt32BigEndian(contents[^4..]))
        {
            throw Corrupt("table of contents", "checksum mismatch");
        }

        ulong symbols = BinaryPrimitives.ReadUInt64BigEndian(contents);
        ulong postings = BinaryPrimitives.ReadUInt64BigEndian(contents[40..]);
        Symbols = new IndexSymbols(file, symbols + 4, ReadSection(symbols, "symbols"), _version, block);
        Postings = new PostingsTable(file, postings + 4, ReadSection(postings, "postings offset table"), block);
    }

    /// <summary>The strings.</summary>
    public IndexSymbols Symbols { get; }

    /// <summary>Where the lists of series stand.</summary>
    public PostingsTable Postings { get; }

    /// <summary>The version of the file.</summary>
    public int Version => _version;

    /// <summary>The length of the file.</summary>
    public long Length => _file.Length;

    public static IndexReader Open(string path, string block)
    {
        MappedFile file;
        try
        {
            file = MappedFile.Open(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BlockCorruptionException(block, IndexFormat.FileName, error.Message, error);
        }

        try
        {
            return new IndexReader(file, block);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The series with a label pair; none if there is no such pair. Both empty: all series.</summary>
    public PostingsView GetPostings(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        Postings.TryFind(name, value, out ulong offset) ? ReadPostings(offset) : default;

    /// <summary>The list of series at a place that <see cref="Postings"/> named.</summary>
    public PostingsView ReadPostings(ulong offset)
    {
        ReadOnlySpan<byte> section = ReadSection(offset, "postings");
        if (section.Length < 4 || (long)BinaryPrimitives.ReadUInt32BigEndian(section) * 4 != section.Length - 4)
        {
            throw Corrupt("postings", $"the list at {offset} has another length than it says");
        }

        return new PostingsView(section[4..]);
    }

    /// <summary>The labels of a series.</summary>
    public Labels ReadLabels(uint series)
    {
        var entry = new ByteReader(ReadEntry(series));
        int count = entry.ReadCount(2);
        Span<byte> start = stackalloc byte[512];
        var encoded = new SpanWriter(start);
        ReadOnlySpan<byte> last = default;
        bool sorted = true;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> name = Symbols.Resolve(entry.ReadUvarint());
            ReadOnlySpan<byte> value = Symbols.Resolve(entry.ReadUvarint());
            sorted &= (i == 0 || last.SequenceCompareTo(name) < 0) && !value.IsEmpty;
            last = name;
            encoded.WriteString(name);
            encoded.WriteString(value);
        }

        if (entry.Failed)
        {
            throw Corrupt("series", $"entry {series} is damaged");
        }

        Labels labels = Labels.FromEncoded(encoded.Written);
        return sorted ? labels : new LabelsBuilder().Reset(labels).ToLabels(); // Blocks of old releases may be in disorder.
    }

    /// <summary>The value of one label of a series, empty if it is not there.</summary>
    public ReadOnlySpan<byte> ReadValue(uint series, ReadOnlySpan<byte> name)
    {
        var entry = new ByteReader(ReadEntry(series));
        for (int count = entry.ReadCount(2); count > 0; count--)
        {
            ulong nameRef = entry.ReadUvarint();
            ulong valueRef = entry.ReadUvarint();
            if (!entry.Failed && Symbols.Resolve(nameRef).SequenceEqual(name))
            {
                return Symbols.Resolve(valueRef);
            }
        }

        return default;
    }

    /// <summary>Adds the numbers or places of the names of a series' labels.</summary>
    public void CollectNames(uint series, ISet<ulong> nameRefs)
    {
        var entry = new ByteReader(ReadEntry(series));
        for (int count = entry.ReadCount(2); count > 0 && !entry.Failed; count--)
        {
            nameRefs.Add(entry.ReadUvarint());
            entry.ReadUvarint();
        }
    }

    /// <summary>The chunks of a series.</summary>
    public SeriesChunks ReadChunks(uint series)
    {
        var entry = new ByteReader(ReadEntry(series));
        for (int count = entry.ReadCount(2); count > 0; count--)
        {
            entry.ReadUvarint();
            entry.ReadUvarint();
        }

        var chunks = new SeriesChunks(entry);
        return chunks.Failed ? throw Corrupt("series", $"entry {series} is damaged") : chunks;
    }

    public void Dispose() => _file.Dispose();

    public BlockCorruptionException Corrupt(string section, string problem) => new(_block, "index: " + section, problem);

    private ReadOnlySpan<byte> ReadEntry(uint series)
    {
        ulong offset = _version == IndexFormat.Version1 ? series : (ulong)series * IndexFormat.SeriesAlignment;
        var header = new ByteReader(_file.SliceUpTo(offset, ByteWriter.UvarintBytesMax));
        int available = header.Remaining;
        ulong length = header.ReadUvarint();
        ulong body = offset + (ulong)(available - header.Remaining);
        if (header.Failed || length > int.MaxValue - 4 || !_file.TrySlice(body, length + 4, out ReadOnlySpan<byte> bytes))
        {
            throw Corrupt("series", $"entry {series} does not fit into the file");
        }

        return Crc32C.Compute(bytes[..^4]) == BinaryPrimitives.ReadUInt32BigEndian(bytes[^4..])
            ? bytes[..^4]
            : throw Corrupt("series", $"checksum mismatch of entry {series}");
    }

    private ReadOnlySpan<byte> ReadSection(ulong offset, string section)
    {
        if (!_file.TrySlice(offset, 4, out ReadOnlySpan<byte> header)
            || !_file.TrySlice(offset + 4, (ulong)BinaryPrimitives.ReadUInt32BigEndian(header) + 4, out ReadOnlySpan<byte> bytes))
        {
            throw Corrupt(section, $"the section at {offset} does not fit into the file");
        }

        return Crc32C.Compute(bytes[..^4]) == BinaryPrimitives.ReadUInt32BigEndian(bytes[^4..])
            ? bytes[..^4]
            : throw Corrupt(section, $"checksum mismatch at {offset}");
    }

    /// <summary>Bytes on the stack, and on the heap if there are many.</summary>
    private ref struct SpanWriter(Span<byte> start)
    {
        private Span<byte> _bytes = start;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _bytes[.._length];

        public void WriteString(ReadOnlySpan<byte> text)
        {
            int needed = text.Length + ByteWriter.UvarintBytesMax;
            if (_bytes.Length - _length < needed)
            {
                byte[] larger = new byte[Math.Max(_bytes.Length * 2, _length + needed)];
                _bytes[.._length].CopyTo(larger);
                _bytes = larger;
            }

            _length += ByteWriter.PutUvarint(_bytes[_length..], (uint)text.Length);
            text.CopyTo(_bytes[_length..]);
            _length += text.Length;
        }
    }
}
