using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Every label pair (name and value) with a 32-bit id, and the series that have it.</summary>
/// <remarks>
/// <para>
/// Series refer to pairs, so that a label of a series costs four bytes. The postings of a pair are the distances between ascending
/// series indexes as varints (one byte where the series were created together), in a chain of blocks that grow with the list;
/// the first index stands in the pair itself, as most pairs of high-cardinality labels have no other.
/// </para>
/// <para>
/// One writer at a time. Reading needs no lock: bytes once written never change, blocks never move, and the count is published last.
/// </para>
/// </remarks>
internal sealed class LabelPairs
{
    private const int BlockHeaderBytes = 4; // Handle of the next block.
    private const int BlockUnitsMax = 64;
    private const int VarintBytesMax = 5;

    private readonly SlabArena _blocks = new();
    private readonly HashIndex _index = new();
    private readonly PagedColumn<Pair> _pairs = new();
    private readonly PagedColumn<uint> _pairsOfNameAt = new(); // By symbol id of the name: position in _names plus one.
    private NameValues[] _names = [];
    private int _nameCount;
    private uint _count;

    /// <summary>The number of pairs.</summary>
    public int Count => (int)Volatile.Read(ref _count);

    /// <summary>The number of label names.</summary>
    public int NameCount => Volatile.Read(ref _nameCount);

    /// <summary>Bytes in blocks of postings.</summary>
    public long PostingsBytes => _blocks.UsedBytes;

    /// <summary>The symbol of the pair's name.</summary>
    public uint NameOf(uint pair) => _pairs[pair].Name;

    /// <summary>The symbol of the pair's value.</summary>
    public uint ValueOf(uint pair) => _pairs[pair].Value;

    /// <summary>The number of series with the pair.</summary>
    public int CountSeries(uint pair) => (int)Volatile.Read(ref _pairs[pair].SeriesCount);

    /// <summary>A label name by its position, from 0 to <see cref="NameCount"/> - 1.</summary>
    public NameValues GetName(int position) => Volatile.Read(ref _names)[position];

    /// <summary>Finds a pair by its symbols.</summary>
    public bool TryFind(uint name, uint value, out uint pair)
    {
        HashIndex.Probe probe = _index.Find(Hash(name, value));
        while (probe.MoveNext())
        {
            ref readonly Pair candidate = ref _pairs[probe.Id];
            if (candidate.Name == name && candidate.Value == value)
            {
                pair = probe.Id;
                return true;
            }
        }

        pair = 0;
        return false;
    }

    /// <summary>Finds a label name by its symbol, in order to walk its values.</summary>
    public NameValues? FindName(uint name)
    {
        // Room is made for names only, and not every symbol is a name.
        return _pairsOfNameAt.HasRoom(name) && Volatile.Read(ref _pairsOfNameAt[name]) is var position and not 0
            ? GetName((int)position - 1)
            : null;
    }

    /// <summary>The id of a pair, which is added if it is not there. For the one writer.</summary>
    public uint GetOrAdd(uint name, uint value)
    {
        if (TryFind(name, value, out uint pair))
        {
            return pair;
        }

        pair = _count;
        _pairs.EnsureRoom(pair);
        _pairs[pair] = new Pair { Name = name, Value = value };
        AddToName(name, pair);
        Volatile.Write(ref _count, pair + 1);
        _index.Add(Hash(name, value), pair);
        return pair;
    }

    /// <summary>Notes that a series has the pair; its index is greater than all before. For the one writer.</summary>
    public void AddSeries(uint pair, uint series)
    {
        ref Pair entry = ref _pairs[pair];
        if (entry.SeriesCount == 0)
        {
            entry.FirstSeries = series;
        }
        else
        {
            Append(ref entry, series - entry.LastSeries);
        }

        entry.LastSeries = series;
        Volatile.Write(ref entry.SeriesCount, entry.SeriesCount + 1);
    }

    /// <summary>Walks the series with the pair in ascending order.</summary>
    public PostingsReader ReadSeries(uint pair)
    {
        ref Pair entry = ref _pairs[pair];
        uint count = Volatile.Read(ref entry.SeriesCount);
        return new PostingsReader(_blocks, count, entry.FirstSeries, entry.FirstBlock);
    }

    private static uint Hash(uint name, uint value)
    {
        ulong mixed = (((ulong)name << 32) | value) * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93;
        return (uint)(mixed >> 32);
    }

    private void Append(ref Pair entry, uint distance)
    {
        Span<byte> varint = stackalloc byte[VarintBytesMax];
        int length = 0;
        while (distance >= 0x80)
        {
            varint[length++] = (byte)(distance | 0x80);
            distance >>= 7;
        }

        varint[length++] = (byte)distance;

        // A varint never straddles two blocks, and a block that has no room for the longest one is full: reader and writer agree on that.
        if (entry.TailUnits == 0 || (entry.TailUnits * SlabArena.UnitBytes) - entry.TailUsed < VarintBytesMax)
        {
            AddBlock(ref entry);
        }

        Span<byte> block = _blocks.GetBytes(entry.TailBlock, entry.TailUnits * SlabArena.UnitBytes);
        varint[..length].CopyTo(block[entry.TailUsed..]);
        entry.TailUsed += (ushort)length;
    }

    private void AddBlock(ref Pair entry)
    {
        // Doubling keeps the chain short; the reader computes the same lengths.
        int units = NextUnits(entry.TailUnits);
        uint block = _blocks.Allocate(units);
        if (entry.TailUnits == 0)
        {
            entry.FirstBlock = block;
        }
        else
        {
            BitConverter.TryWriteBytes(_blocks.GetBytes(entry.TailBlock, BlockHeaderBytes), block);
        }

        entry.TailBlock = block;
        entry.TailUnits = (byte)units;
        entry.TailUsed = BlockHeaderBytes;
    }

    private static int NextUnits(int units) => units == 0 ? 1 : Math.Min(units * 2, BlockUnitsMax);

    private void AddToName(uint name, uint pair)
    {
        _pairsOfNameAt.EnsureRoom(name);
        uint position = _pairsOfNameAt[name];
        if (position != 0)
        {
            _names[position - 1].Add(pair);
            return;
        }

        NameValues[] names = _names;
        if (_nameCount == names.Length)
        {
            Array.Resize(ref names, Math.Max(64, _nameCount * 2));
        }

        var added = new NameValues(name);
        added.Add(pair);
        names[_nameCount] = added;
        Volatile.Write(ref _names, names);
        Volatile.Write(ref _nameCount, _nameCount + 1);
        Volatile.Write(ref _pairsOfNameAt[name], (uint)_nameCount);
    }

    private struct Pair
    {
        public uint Name;
        public uint Value;
        public uint SeriesCount;
        public uint FirstSeries;
        public uint LastSeries;
        public uint FirstBlock;
        public uint TailBlock;
        public ushort TailUsed;
        public byte TailUnits;
    }

    /// <summary>A label name and the pairs with its values, in the order of their first use.</summary>
    internal sealed class NameValues(uint name)
    {
        private uint[] _pairs = new uint[2];
        private int _count;

        /// <summary>The symbol of the name.</summary>
        public uint Name { get; } = name;

        /// <summary>The pairs that exist now.</summary>
        public ReadOnlySpan<uint> Pairs
        {
            get
            {
                int count = Volatile.Read(ref _count);
                return Volatile.Read(ref _pairs).AsSpan(0, count);
            }
        }

        internal void Add(uint pair)
        {
            uint[] pairs = _pairs;
            if (_count == pairs.Length)
            {
                Array.Resize(ref pairs, _count * 2);
            }

            pairs[_count] = pair;
            Volatile.Write(ref _pairs, pairs);
            Volatile.Write(ref _count, _count + 1);
        }
    }

    /// <summary>Walks the postings of a pair.</summary>
    internal ref struct PostingsReader(SlabArena blocks, uint count, uint firstSeries, uint firstBlock)
    {
        private readonly uint _count = count;
        private uint _read;
        private uint _next = firstBlock;
        private int _units;
        private ReadOnlySpan<byte> _block;
        private int _position;

        /// <summary>The series that the last successful <see cref="MoveNext"/> reached.</summary>
        public uint Series { get; private set; }

        /// <summary>Goes to the next series. False at the end.</summary>
        public bool MoveNext()
        {
            if (_read >= _count)
            {
                return false;
            }

            if (_read++ == 0)
            {
                Series = firstSeries;
                return true;
            }

            if (_block.Length - _position < VarintBytesMax)
            {
                OpenNextBlock();
            }

            uint distance = _block[_position++];
            if (distance >= 0x80)
            {
                distance &= 0x7F;
                int shift = 7;
                uint next;
                do
                {
                    next = _block[_position++];
                    distance |= (next & 0x7F) << shift;
                    shift += 7;
                }
                while (next >= 0x80);
            }

            Series += distance;
            return true;
        }

        private void OpenNextBlock()
        {
            uint handle = _units == 0 ? _next : BitConverter.ToUInt32(_block);
            _units = NextUnits(_units);
            _block = blocks.GetBytes(handle, _units * SlabArena.UnitBytes);
            _position = BlockHeaderBytes;
        }
    }
}
