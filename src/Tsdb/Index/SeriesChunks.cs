using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Index;

/// <summary>Walks the chunks in a series entry.</summary>
internal ref struct SeriesChunks
{
    private ByteReader _reader;
    private int _left;
    private bool _begun;

    internal SeriesChunks(ByteReader reader)
    {
        _reader = reader;
        Count = _reader.ReadCount(3); // Each has three numbers of at least a byte.
        _left = Count;
    }

    /// <summary>The number of chunks.</summary>
    public int Count { get; }

    /// <summary>The chunk that was reached.</summary>
    public ChunkMeta Current { get; private set; }

    /// <summary>Whether walking stopped because the entry is damaged.</summary>
    public readonly bool Failed => _reader.Failed;

    /// <summary>Goes to the next chunk. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        long min;
        long max;
        ulong reference;
        unchecked
        {
            if (_begun)
            {
                min = Current.Range.MaxMs + (long)_reader.ReadUvarint();
                max = min + (long)_reader.ReadUvarint();
                reference = Current.Ref + (ulong)_reader.ReadVarint();
            }
            else
            {
                _begun = true;
                min = _reader.ReadVarint();
                max = min + (long)_reader.ReadUvarint();
                reference = _reader.ReadUvarint();
            }
        }

        Current = new ChunkMeta(new TimeRange(min, max), reference);
        return !_reader.Failed;
    }
}
