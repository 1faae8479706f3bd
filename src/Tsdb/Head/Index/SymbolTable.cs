using Narthex.Model;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Each label name and value once, in UTF-8, with a 32-bit id.</summary>
/// <remarks>
/// A symbol lies in the arena as its length (LEB128) and its bytes: just as <see cref="Labels"/> encodes strings, so that
/// label sets are put together by copying. One writer at a time; reading needs no lock.
/// </remarks>
internal sealed class SymbolTable
{
    private const int SegmentBits = 20;
    private const int SegmentBytes = 1 << SegmentBits;
    private const int SegmentsMax = 1 << (32 - SegmentBits);

    private readonly HashIndex _index = new();
    private readonly PagedColumn<uint> _locations = new();
    private byte[][] _segments = [];
    private int _segmentCount;
    private int _used = SegmentBytes;
    private uint _count;
    private long _bytes;

    /// <summary>The number of symbols.</summary>
    public int Count => (int)Volatile.Read(ref _count);

    /// <summary>The bytes of all symbols, lengths included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Finds the id of a symbol.</summary>
    public bool TryFind(ReadOnlySpan<byte> symbol, out uint id) => TryFind(symbol, Hash(symbol), out id);

    /// <summary>The id of a symbol, which is added if it is not there. For the one writer.</summary>
    public uint GetOrAdd(ReadOnlySpan<byte> symbol)
    {
        uint hash = Hash(symbol);
        if (TryFind(symbol, hash, out uint id))
        {
            return id;
        }

        id = _count;
        _locations.EnsureRoom(id);
        _locations[id] = Store(symbol);
        Volatile.Write(ref _count, id + 1);
        _index.Add(hash, id);
        return id;
    }

    /// <summary>The bytes of a symbol.</summary>
    public ReadOnlySpan<byte> Get(uint id)
    {
        ReadOnlySpan<byte> stored = At(id);
        int length = ReadLength(stored, out int headerLength);
        return stored.Slice(headerLength, length);
    }

    /// <summary>The symbol as it stands in an encoded label set: length and bytes.</summary>
    public ReadOnlySpan<byte> GetEncoded(uint id)
    {
        ReadOnlySpan<byte> stored = At(id);
        int length = ReadLength(stored, out int headerLength);
        return stored[..(headerLength + length)];
    }

    private static uint Hash(ReadOnlySpan<byte> symbol) => (uint)XxHash64.Hash(symbol);

    private static int ReadLength(ReadOnlySpan<byte> stored, out int headerLength)
    {
        int length = stored[0];
        headerLength = 1;
        if (length >= 0x80)
        {
            length &= 0x7F;
            int shift = 7;
            byte next;
            do
            {
                next = stored[headerLength++];
                length |= (next & 0x7F) << shift;
                shift += 7;
            }
            while (next >= 0x80);
        }

        return length;
    }

    private ReadOnlySpan<byte> At(uint id)
    {
        uint location = _locations[id];
        return Volatile.Read(ref _segments)[location >> SegmentBits].AsSpan((int)(location & (SegmentBytes - 1)));
    }

    private bool TryFind(ReadOnlySpan<byte> symbol, uint hash, out uint id)
    {
        HashIndex.Probe probe = _index.Find(hash);
        while (probe.MoveNext())
        {
            if (Get(probe.Id).SequenceEqual(symbol))
            {
                id = probe.Id;
                return true;
            }
        }

        id = 0;
        return false;
    }

    private uint Store(ReadOnlySpan<byte> symbol)
    {
        Span<byte> header = stackalloc byte[5];
        int headerLength = 0;
        uint rest = (uint)symbol.Length;
        while (rest >= 0x80)
        {
            header[headerLength++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        header[headerLength++] = (byte)rest;
        int needed = headerLength + symbol.Length;
        if (_used + needed > SegmentBytes)
        {
            AddSegment(Math.Max(needed, SegmentBytes));
        }

        byte[] segment = _segments[_segmentCount - 1];
        header[..headerLength].CopyTo(segment.AsSpan(_used));
        symbol.CopyTo(segment.AsSpan(_used + headerLength));
        uint location = ((uint)(_segmentCount - 1) << SegmentBits) | (uint)_used;
        _used += needed;
        Volatile.Write(ref _bytes, _bytes + needed);
        return location;
    }

    private void AddSegment(int bytes)
    {
        if (_segmentCount == SegmentsMax)
        {
            throw new Storage.StorageException("too many different label names and values: 4 GiB are in use");
        }

        byte[][] segments = _segments;
        if (_segmentCount == segments.Length)
        {
            Array.Resize(ref segments, Math.Max(4, _segmentCount * 2));
        }

        segments[_segmentCount++] = GC.AllocateUninitializedArray<byte>(bytes);
        Volatile.Write(ref _segments, segments);
        _used = 0;
    }
}
