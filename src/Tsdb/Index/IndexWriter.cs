using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Index;

/// <summary>Writes an index of version 2, byte for byte as upstream does.</summary>
/// <remarks>
/// Call <see cref="AddSymbol"/> for all symbols, <see cref="AddSeries"/> for all series, then <see cref="Finish"/>; both ascending.
/// Memory goes with the number of symbols and label pairs, not with the series.
/// </remarks>
internal sealed class IndexWriter : IDisposable
{
    // Eight bytes each: the lists of as many series and names are inverted at once.
    private const int BatchEntriesMax = 8 << 20;

    private readonly string _path;
    private readonly BlockFileWriter _file;
    private readonly int _batchEntriesMax;
    private readonly ByteWriter _entry = new(4096);
    private readonly List<byte> _lastSymbol = [];
    private readonly List<uint> _allSeries = [];
    private readonly List<(uint Name, uint Value)> _refs = [];
    private SymbolLookup? _symbols;
    private PostingsBuilder? _postings;
    private Labels _lastLabels;
    private int _symbolCount;
    private long _seriesStart;

    public IndexWriter(string path, int batchEntriesMax = BatchEntriesMax)
    {
        _path = path;
        _batchEntriesMax = batchEntriesMax;
        _file = new BlockFileWriter(path);
        _file.WriteUInt32(IndexFormat.Magic);
        _file.WriteByte(IndexFormat.Version2);
        _file.WriteUInt64(0); // Length and number of the symbols, known at their end.
    }

    /// <summary>Adds a string. The empty one comes by itself, as upstream's indexes have it.</summary>
    public void AddSymbol(ReadOnlySpan<byte> symbol)
    {
        if (_symbolCount == 0)
        {
            _file.WriteString(default);
            _symbolCount = 1;
        }

        if (symbol.IsEmpty)
        {
            return;
        }

        if (symbol.SequenceCompareTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_lastSymbol)) <= 0)
        {
            throw new InvalidOperationException("symbols must come in ascending order, each once");
        }

        _lastSymbol.Clear();
        _lastSymbol.AddRange(symbol);
        _file.WriteString(symbol);
        _symbolCount++;
    }

    /// <summary>Adds a series.</summary>
    public void AddSeries(Labels labels, ReadOnlySpan<ChunkMeta> chunks)
    {
        if (_symbols is null)
        {
            FinishSymbols();
        }

        if (_allSeries.Count > 0 && labels.CompareTo(_lastLabels) <= 0)
        {
            throw new InvalidOperationException($"series must come in ascending order, each once: {labels} is not behind {_lastLabels}");
        }

        FindRefs(labels);
        _lastLabels = labels;
        _file.Pad(IndexFormat.SeriesAlignment);
        long reference = _file.Position / IndexFormat.SeriesAlignment;
        if (reference > uint.MaxValue)
        {
            throw new StorageException("the index grows beyond 64 GiB");
        }

        _entry.Clear();
        _entry.WriteUvarint((uint)_refs.Count);
        foreach ((uint name, uint value) in _refs)
        {
            _postings!.CountName(name);
            _entry.WriteUvarint(name);
            _entry.WriteUvarint(value);
        }

        EncodeChunks(chunks);
        _file.WriteUvarint((uint)_entry.Length);
        _file.Write(_entry.WrittenSpan);
        _file.WriteUInt32(Crc32C.Compute(_entry.WrittenSpan));
        _allSeries.Add((uint)reference);
    }

    /// <summary>Writes the rest and syncs.</summary>
    public void Finish()
    {
        if (_symbols is null)
        {
            FinishSymbols();
        }

        long seriesEnd = _file.Position;
        _file.Flush();
        string listsPath = _path + "_tmp_p";
        using (MappedFile index = MappedFile.Open(_path))
        using (var lists = new BlockFileWriter(listsPath))
        {
            WriteAllSeries(lists);
            _postings!.Build(index, _seriesStart, seriesEnd, lists);
            List<long> labelIndices = WriteLabelIndices(out long labelIndicesStart);
            _file.Pad(4);
            long postingsStart = _file.Position;
            _file.CopyFrom(lists);
            long labelIndexTable = WriteLabelIndexTable(labelIndices);
            long postingsTable = WritePostingsTable(postingsStart);

            _file.BeginChecksum();
            foreach (long offset in (ReadOnlySpan<long>)[IndexFormat.HeaderBytes, _seriesStart, labelIndicesStart, labelIndexTable, postingsStart, postingsTable])
            {
                _file.WriteUInt64((ulong)offset);
            }

            _file.WriteChecksum();
            _file.Sync();
        }

        File.Delete(listsPath);
    }

    public void Dispose()
    {
        _symbols?.Dispose();
        _file.Dispose();
    }

    private void FinishSymbols()
    {
        AddSymbol(default);
        long length = _file.Position - IndexFormat.HeaderBytes - 4;
        _file.Patch(IndexFormat.HeaderBytes, CheckLength(length, "symbols"));
        _file.Patch(IndexFormat.HeaderBytes + 4, (uint)_symbolCount);

        // The number of symbols stands in front, so the checksum can only be made now, from the file.
        using (MappedFile index = MappedFile.Open(_path))
        {
            uint checksum = 0;
            for (long offset = IndexFormat.HeaderBytes + 4; offset < _file.Position;)
            {
                ReadOnlySpan<byte> part = index.SliceUpTo((ulong)offset, 1 << 20);
                checksum = Crc32C.Append(checksum, part);
                offset += part.Length;
            }

            _file.WriteUInt32(checksum);
        }

        _file.Flush();
        _symbols = new SymbolLookup(_path, IndexFormat.HeaderBytes + 8, _symbolCount);
        _postings = new PostingsBuilder(_symbolCount, _batchEntriesMax);
        _seriesStart = _file.Position;
    }

    // Neighbours share most of their labels: what stands at the same place in the last series is not looked up again.
    private void FindRefs(Labels labels)
    {
        LabelEnumerator last = _lastLabels.GetEnumerator();
        int i = 0;
        foreach (LabelPair pair in labels)
        {
            bool hasLast = last.MoveNext();
            uint name = hasLast && last.Current.Name.SequenceEqual(pair.Name) ? _refs[i].Name : Find(pair.Name);
            uint value = hasLast && last.Current.Value.SequenceEqual(pair.Value) ? _refs[i].Value : Find(pair.Value);
            if (i < _refs.Count)
            {
                _refs[i] = (name, value);
            }
            else
            {
                _refs.Add((name, value));
            }

            i++;
        }

        _refs.RemoveRange(i, _refs.Count - i);
    }

    private uint Find(ReadOnlySpan<byte> text) =>
        _symbols!.TryFind(text, out uint symbol)
            ? symbol
            : throw new InvalidOperationException($"\"{System.Text.Encoding.UTF8.GetString(text)}\" is not among the symbols");

    private void EncodeChunks(ReadOnlySpan<ChunkMeta> chunks)
    {
        _entry.WriteUvarint((uint)chunks.Length);
        long time = 0;
        ulong reference = 0;
        for (int i = 0; i < chunks.Length; i++)
        {
            ChunkMeta chunk = chunks[i];
            if (i == 0)
            {
                _entry.WriteVarint(chunk.Range.MinMs);
            }
            else
            {
                _entry.WriteUvarint(unchecked((ulong)(chunk.Range.MinMs - time)));
            }

            _entry.WriteUvarint(unchecked((ulong)(chunk.Range.MaxMs - chunk.Range.MinMs)));
            if (i == 0)
            {
                _entry.WriteUvarint(chunk.Ref);
            }
            else
            {
                _entry.WriteVarint(unchecked((long)(chunk.Ref - reference)));
            }

            time = chunk.Range.MaxMs;
            reference = chunk.Ref;
        }
    }

    private void WriteAllSeries(BlockFileWriter lists)
    {
        lists.WriteUInt32(CheckLength(4 + (4L * _allSeries.Count), "series list"));
        lists.BeginChecksum();
        lists.WriteUInt32((uint)_allSeries.Count);
        foreach (uint series in _allSeries)
        {
            lists.WriteUInt32(series);
        }

        lists.WriteChecksum();
    }

    // Nobody reads these any more, but upstream's present release still writes them.
    private List<long> WriteLabelIndices(out long start)
    {
        var offsets = new List<long>();
        start = _file.Position;
        foreach (NamePostings name in _postings!.Names)
        {
            _file.Pad(4);
            offsets.Add(_file.Position);
            _file.WriteUInt32((uint)(8 + (4 * name.Values.Length)));
            _file.BeginChecksum();
            _file.WriteUInt32(1);
            _file.WriteUInt32((uint)name.Values.Length);
            foreach (uint value in name.Values)
            {
                _file.WriteUInt32(value);
            }

            _file.WriteChecksum();
        }

        return offsets;
    }

    private long WriteLabelIndexTable(List<long> offsets)
    {
        _entry.Clear();
        _entry.WriteUInt32((uint)offsets.Count);
        for (int i = 0; i < offsets.Count; i++)
        {
            _entry.WriteByte(1);
            _entry.WriteString(_symbols![_postings!.Names[i].Name]);
            _entry.WriteUvarint((ulong)offsets[i]);
        }

        long start = _file.Position;
        _file.WriteUInt32((uint)_entry.Length);
        _file.Write(_entry.WrittenSpan);
        _file.WriteUInt32(Crc32C.Compute(_entry.WrittenSpan));
        return start;
    }

    private long WritePostingsTable(long postingsStart)
    {
        // Length and checksum follow from the file once the entries stand there.
        ulong entries = 1;
        foreach (NamePostings name in _postings!.Names)
        {
            entries += (ulong)name.Values.Length;
        }

        long start = _file.Position;
        _file.WriteUInt32(0);
        long body = _file.Position;
        _file.WriteUInt32((uint)entries);
        long offset = postingsStart;
        WriteTableEntry(default, default, offset);
        offset += PostingsBuilder.ListBytes(_allSeries.Count);
        foreach (NamePostings name in _postings.Names)
        {
            for (int i = 0; i < name.Values.Length; i++)
            {
                WriteTableEntry(_symbols![name.Name], _symbols[name.Values[i]], offset);
                offset += PostingsBuilder.ListBytes(name.Counts[i]);
            }
        }

        long length = _file.Position - body;
        _file.Patch(start, CheckLength(length, "postings offset table"));
        uint checksum = 0;
        using (MappedFile index = MappedFile.Open(_path))
        {
            for (long at = body; at < body + length;)
            {
                ReadOnlySpan<byte> part = index.SliceUpTo((ulong)at, 1 << 20);
                checksum = Crc32C.Append(checksum, part);
                at += part.Length;
            }
        }

        _file.WriteUInt32(checksum);
        return start;
    }

    private void WriteTableEntry(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long offset)
    {
        _file.WriteByte(2);
        _file.WriteString(name);
        _file.WriteString(value);
        _file.WriteUvarint((ulong)offset);
    }

    private static uint CheckLength(long length, string section) =>
        length <= uint.MaxValue ? (uint)length : throw new StorageException($"the section of the {section} grows beyond 4 GiB");
}
