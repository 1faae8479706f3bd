using Narthex.Model;
using Narthex.Storage;

namespace Narthex.RemoteStorage.Receiving;

/// <summary>Remembers the series reference of label sets in the bytes in which a sender encodes them.</summary>
/// <remarks>
/// Senders repeat themselves: the labels of a series come in the same bytes each time, so most series need neither decoding nor a look-up in
/// storage. Keys are 128-bit hashes with seeds drawn at start, which a sender cannot aim at; at 24 bytes an entry a million series fit
/// into 48 MiB. A full cache starts again from empty. Not thread-safe.
/// </remarks>
internal sealed class SeriesRefCache
{
    private const int CapacityMin = 1 << 10;
    private readonly int _capacityMax;
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();
    private readonly ulong _otherSeed = (ulong)Random.Shared.NextInt64();
    private Entry[] _entries = new Entry[CapacityMin];
    private int _count;

    /// <summary>Makes a cache of at most <paramref name="capacityMax"/> slots, a power of two, half of them in use.</summary>
    public SeriesRefCache(int capacityMax = 1 << 21) => _capacityMax = capacityMax;

    /// <summary>Names a label set in the bytes that were looked for.</summary>
    public readonly record struct Key(ulong Hash, ulong OtherHash);

    /// <summary>The key of a label set.</summary>
    public Key GetKey(ReadOnlySpan<byte> encodedLabels) =>
        new(XxHash64.Hash(encodedLabels, _seed), XxHash64.Hash(encodedLabels, _otherSeed));

    /// <summary>The reference, or none if the label set is not remembered.</summary>
    public SeriesRef Find(Key key) => _entries[Slot(_entries, key)].Series;

    /// <summary>Remembers a reference; none forgets the label set's former one.</summary>
    public void Set(Key key, SeriesRef series)
    {
        int slot = Slot(_entries, key);
        bool isNew = _entries[slot].Key == default;
        _entries[slot] = new Entry(key, series);
        if (isNew && ++_count * 2 > _entries.Length)
        {
            Grow();
        }
    }

    private static int Slot(Entry[] entries, Key key)
    {
        int mask = entries.Length - 1;
        int slot = (int)key.Hash & mask;
        while (entries[slot].Key != default && entries[slot].Key != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        if (_entries.Length >= _capacityMax)
        {
            Array.Clear(_entries);
            _count = 0;
            return;
        }

        var larger = new Entry[_entries.Length * 2];
        foreach (Entry entry in _entries)
        {
            if (entry.Key != default)
            {
                larger[Slot(larger, entry.Key)] = entry;
            }
        }

        _entries = larger;
    }

    private readonly record struct Entry(Key Key, SeriesRef Series);
}
