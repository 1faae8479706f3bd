using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.RemoteStorage.Receiving;

/// <summary>Remembers the series reference of label sets in the bytes in which a sender encodes them, and which label set came after which.</summary>
/// <remarks>
/// <para>
/// Senders repeat themselves: the labels of a series come in the same bytes each time, so most series need neither decoding nor a look-up in
/// storage. They repeat the order too: each entry knows the one that followed it last time, so that a series in its usual place is
/// recognised by hashing as many bytes as that one had, without looking for the end of the labels or through a table.
/// </para>
/// <para>
/// Keys are 128-bit hashes that a sender cannot aim at (<see cref="KeyedHash"/>); with 40 bytes an entry and a table of twice as many numbers
/// a million series fit into 48 MiB. A full cache starts again from empty. Not thread-safe.
/// </para>
/// </remarks>
internal sealed class SeriesRefCache
{
    private const int EntriesMin = 512;
    private readonly int _entriesMax;
    private Entry[] _entries = new Entry[EntriesMin];
    private int[] _table = new int[EntriesMin * 2]; // Entry number + 1; 0: free.
    private int _count;
    private int _previous = -1;

    /// <summary>Makes a cache of at most <paramref name="entriesMax"/> entries.</summary>
    public SeriesRefCache(int entriesMax = 1 << 20) => _entriesMax = entriesMax;

    /// <summary>How often the cache was emptied. Entry numbers mean something until it is the next time.</summary>
    public int Generation { get; private set; }

    /// <summary>The reference of an entry; none if it has none (any more).</summary>
    public SeriesRef this[int entry]
    {
        get => _entries[entry].Series;
        set => _entries[entry].Series = value;
    }

    /// <summary>The length of the labels that are expected next; 0 if nothing is.</summary>
    public int ExpectedLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _previous >= 0 && _entries[_previous].Next is var next and >= 0 ? _entries[next].Length : 0;
    }

    /// <summary>Goes to the expected entry if these are its labels: <see cref="ExpectedLength"/> bytes, not none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTakeExpected(ReadOnlySpan<byte> labels, out int entry)
    {
        entry = _entries[_previous].Next;
        if (KeyedHash.Hash(labels) != _entries[entry].Key)
        {
            return false;
        }

        _previous = entry;
        return true;
    }

    /// <summary>Goes to the entry of a label set, which is a new one without a reference if the set is not remembered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int FindOrAdd(ReadOnlySpan<byte> labels)
    {
        UInt128 key = KeyedHash.Hash(labels);
        int slot = FindSlot(key);
        int entry = _table[slot] - 1;
        if (entry < 0)
        {
            if (_count == _entries.Length)
            {
                MakeRoom();
                slot = FindSlot(key);
            }

            entry = _count++;
            _entries[entry] = new Entry { Key = key, Length = labels.Length, Next = -1 };
            _table[slot] = entry + 1;
        }

        if (_previous >= 0)
        {
            _entries[_previous].Next = entry;
        }

        _previous = entry;
        return entry;
    }

    private int FindSlot(UInt128 key)
    {
        int mask = _table.Length - 1;
        int slot = (int)(ulong)key & mask;
        while (_table[slot] is var entry and not 0 && _entries[entry - 1].Key != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void MakeRoom()
    {
        if (_count >= _entriesMax)
        {
            Array.Clear(_table);
            _count = 0;
            _previous = -1;
            Generation++;
            return;
        }

        Array.Resize(ref _entries, _count * 2);
        _table = new int[_entries.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            _table[FindSlot(_entries[i].Key)] = i + 1;
        }
    }

    private struct Entry
    {
        public UInt128 Key;
        public SeriesRef Series;
        public int Length;
        public int Next; // The entry that came after this one last time; -1 for none.
    }
}
