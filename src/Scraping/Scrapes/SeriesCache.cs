using System.Numerics;
using Narthex.Exposition;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What a loop remembers of the series of its target, in columns of primitives: about 35 bytes a series.</summary>
/// <remarks>
/// A target nearly always exposes the same series in the same order. Slots lie in that order, so the slot behind the last one seen is
/// tried first (<see cref="TryGetExpected"/>); only on a miss the hash table is asked. When too many misses or vanished series pile up, the
/// next scrape writes down its order and the slots are laid out anew. A slot is a series as exposed; two slots may lead to one stored series.
/// Not thread-safe.
/// </remarks>
internal sealed class SeriesCache
{
    private const byte Live = 1;
    private const byte Dropped = 2;
    private const byte Refused = 4;
    private const byte Tracked = 8;

    // Below this many misplaced or vanished series a new layout costs more than it saves.
    private const int DisorderKept = 64;

    private ulong[] _hashes = [];
    private int[] _lengths = [];
    private ulong[] _series = [];
    private uint[] _seenAt = [];
    private byte[] _flags = [];
    private int[] _table = [];
    private ulong[] _orphans = [];
    private List<int>? _order;
    private uint _scrape;
    private int _count;
    private int _cursor;
    private int _seen;
    private int _misses;
    private bool _writeOrderNext;

    /// <summary>Slots, those of series that were not seen lately included.</summary>
    public int Count => _count;

    /// <summary>Bytes held.</summary>
    public long SizeBytes => (_hashes.Length * 25L) + (_table.Length * 4L) + (_orphans.Length * 8L);

    /// <summary>Starts a scrape.</summary>
    public void Begin()
    {
        _scrape++;
        _cursor = 0;
        _seen = 0;
        _misses = 0;
        _order = _writeOrderNext ? new List<int>(_count) : null;
    }

    /// <summary>The slot that probably comes next, with what <see cref="IExpositionParser.TryNextKnownSeries"/> needs. False if there is no guess.</summary>
    public bool TryGetExpected(out int slot, out int length, out ulong hash)
    {
        slot = _cursor;
        if (slot >= _count)
        {
            length = 0;
            hash = 0;
            return false;
        }

        length = _lengths[slot];
        hash = _hashes[slot];
        return true;
    }

    /// <summary>The slot of a series, made if it is not known.</summary>
    /// <param name="identity">The series as exposed.</param>
    /// <param name="added">Whether it was not known.</param>
    public int FindOrAdd(ReadOnlySpan<byte> identity, out bool added)
    {
        _misses++;
        ulong hash = SeriesIdentity.Hash(identity);
        if (_count * 4 >= _table.Length * 3)
        {
            GrowTable();
        }

        int mask = _table.Length - 1;
        int bucket = (int)hash & mask;
        for (; _table[bucket] != 0; bucket = (bucket + 1) & mask)
        {
            int slot = _table[bucket] - 1;
            if (_hashes[slot] == hash && _lengths[slot] == identity.Length)
            {
                added = false;
                return slot;
            }
        }

        if (_count == _hashes.Length)
        {
            Resize(Math.Max(64, _count + (_count / 2)));
        }

        _hashes[_count] = hash;
        _lengths[_count] = identity.Length;
        _series[_count] = 0;
        _seenAt[_count] = _scrape - 1;
        _flags[_count] = 0;
        _table[bucket] = _count + 1;
        added = true;
        return _count++;
    }

    /// <summary>Notes that the series is in this scrape. False if it was already.</summary>
    public bool MarkSeen(int slot)
    {
        _cursor = slot + 1;
        if (_seenAt[slot] == _scrape)
        {
            return false;
        }

        _seenAt[slot] = _scrape;
        _seen++;
        _order?.Add(slot);
        return true;
    }

    /// <summary>The stored series; none if it must be looked up by its labels.</summary>
    public SeriesRef SeriesOf(int slot) => new(_series[slot]);

    /// <summary>Whether relabelling drops it.</summary>
    public bool IsDropped(int slot) => (_flags[slot] & Dropped) != 0;

    /// <summary>Whether the storage did not know it any more: see <see cref="Refuse"/>.</summary>
    public bool IsRefused(int slot) => (_flags[slot] & Refused) != 0;

    /// <summary>Remembers the stored series.</summary>
    public void SetSeries(int slot, SeriesRef series)
    {
        _series[slot] = series.Value;
        _flags[slot] &= unchecked((byte)~(Dropped | Refused));
    }

    /// <summary>Remembers that relabelling drops it.</summary>
    public void SetDropped(int slot) => _flags[slot] |= Dropped;

    /// <summary>Forgets a stored series that has been collected meanwhile.</summary>
    public void Refuse(int slot)
    {
        _series[slot] = 0;
        _flags[slot] |= Refused;
    }

    /// <summary>Notes that a sample of it is on its way, and whether it gets a staleness marker when it vanishes.</summary>
    public void SetTracked(int slot, bool tracked) =>
        _flags[slot] = (byte)(tracked ? _flags[slot] | Tracked : _flags[slot] & ~Tracked);

    /// <summary>Ends a scrape.</summary>
    /// <param name="success">Whether the samples of this scrape are kept. Otherwise every series vanishes.</param>
    /// <param name="vanished">Receives the stored series that had a sample before and have none now: they get staleness markers.</param>
    public void End(bool success, List<SeriesRef> vanished)
    {
        int first = vanished.Count;
        foreach (ulong orphan in _orphans)
        {
            vanished.Add(new SeriesRef(orphan));
        }

        _orphans = [];
        for (int slot = 0; slot < _count; slot++)
        {
            byte flags = _flags[slot];
            bool lives = success && _seenAt[slot] == _scrape && (flags & Tracked) != 0;
            if (!lives && (flags & Live) != 0 && _series[slot] != 0)
            {
                vanished.Add(new SeriesRef(_series[slot]));
            }

            _flags[slot] = (byte)(lives ? flags | Live : flags & ~Live);
        }

        if (vanished.Count > first)
        {
            RemoveLiving(vanished, first);
        }

        if (!success)
        {
            return;
        }

        if (_order is not null)
        {
            LayOut(_order);
            _order = null;
            _writeOrderNext = false;
        }
        else
        {
            int disorder = _misses + _count - _seen;
            _writeOrderNext = disorder > DisorderKept + (_seen / 8);
        }
    }

    /// <summary>Forgets all slots but remembers which stored series were alive: the next scrape tells which of them are gone.</summary>
    public void Invalidate()
    {
        var living = new HashSet<ulong>(_orphans);
        for (int slot = 0; slot < _count; slot++)
        {
            if ((_flags[slot] & Live) != 0)
            {
                living.Add(_series[slot]);
            }
        }

        _orphans = [.. living];
        _count = 0;
        Array.Clear(_table);
    }

    // Two exposed series may be one stored series, which vanishes only with the last of them.
    private void RemoveLiving(List<SeriesRef> vanished, int first)
    {
        var gone = new HashSet<ulong>();
        for (int i = first; i < vanished.Count; i++)
        {
            gone.Add(vanished[i].Value);
        }

        for (int slot = 0; slot < _count; slot++)
        {
            if ((_flags[slot] & Live) != 0)
            {
                gone.Remove(_series[slot]);
            }
        }

        vanished.RemoveRange(first, vanished.Count - first);
        foreach (ulong series in gone)
        {
            vanished.Add(new SeriesRef(series));
        }
    }

    // The slots seen, in the order seen; the others are forgotten.
    private void LayOut(List<int> order)
    {
        var hashes = new ulong[order.Count];
        var lengths = new int[order.Count];
        var series = new ulong[order.Count];
        var seenAt = new uint[order.Count];
        var flags = new byte[order.Count];
        for (int i = 0; i < order.Count; i++)
        {
            int slot = order[i];
            hashes[i] = _hashes[slot];
            lengths[i] = _lengths[slot];
            series[i] = _series[slot];
            seenAt[i] = _seenAt[slot];
            flags[i] = _flags[slot];
        }

        (_hashes, _lengths, _series, _seenAt, _flags) = (hashes, lengths, series, seenAt, flags);
        _count = order.Count;
        _table = [];
        GrowTable();
    }

    private void GrowTable()
    {
        _table = new int[Math.Max(64, (int)BitOperations.RoundUpToPowerOf2(((uint)_count * 4 / 3) + 2))];
        int mask = _table.Length - 1;
        for (int slot = 0; slot < _count; slot++)
        {
            int bucket = (int)_hashes[slot] & mask;
            while (_table[bucket] != 0)
            {
                bucket = (bucket + 1) & mask;
            }

            _table[bucket] = slot + 1;
        }
    }

    private void Resize(int capacity)
    {
        Array.Resize(ref _hashes, capacity);
        Array.Resize(ref _lengths, capacity);
        Array.Resize(ref _series, capacity);
        Array.Resize(ref _seenAt, capacity);
        Array.Resize(ref _flags, capacity);
    }
}
