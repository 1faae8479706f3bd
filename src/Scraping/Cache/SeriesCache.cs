using System.Buffers;
using System.Numerics;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What the last scrape of a target exposed, in its order: identity and series reference of each line.</summary>
/// <remarks>
/// <para>
/// A target nearly always exposes the same series in the same order. Entry <i>i</i> is the <i>i</i>-th series line: 20 bytes in
/// columns of primitives, no object. While a scrape follows the last one nothing is written here at all. Where it departs, the
/// new order is built beside the old one, and a table over the old one (for this scrape only) finds series that moved.
/// </para>
/// <para>Call <see cref="Begin"/>, then for each line <see cref="Expected"/> or <see cref="Find"/> or <see cref="Add"/>, then
/// <see cref="End"/> to take the new order, or <see cref="Abandon"/> to keep the old one. Not thread-safe.</para>
/// </remarks>
internal sealed class SeriesCache
{
    private Columns _last = new();
    private Columns? _next;
    private int[]? _table;
    private ulong[]? _seen;
    private int _cursor;
    private int _count;

    /// <summary>Series lines of the last scrape that was taken.</summary>
    public int Count => _last.Count;

    /// <summary>What is remembered of a line.</summary>
    /// <param name="Hash">The identity's hash.</param>
    /// <param name="Length">The identity's length in bytes.</param>
    /// <param name="Flags">See <see cref="EntryFlags"/>.</param>
    /// <param name="Series">The series; none if it was dropped by relabelling.</param>
    public readonly record struct Entry(ulong Hash, int Length, EntryFlags Flags, SeriesRef Series);

    /// <summary>Starts a scrape.</summary>
    public void Begin()
    {
        _cursor = 0;
        _count = 0;
    }

    /// <summary>The line that follows if the scrape goes on like the last one. False behind its end.</summary>
    public bool Expected(out int length, out ulong hash)
    {
        bool isThere = _cursor < _last.Count;
        length = isThere ? _last.Lengths[_cursor] & Columns.LengthMask : 0;
        hash = isThere ? _last.Hashes[_cursor] : 0;
        return isThere;
    }

    /// <summary>Takes the expected line.</summary>
    public Entry TakeExpected() => Take(_cursor);

    /// <summary>Takes a line that the last scrape had elsewhere. False if it did not have it.</summary>
    public bool Find(ulong hash, int length, out Entry entry)
    {
        Depart();
        _table ??= MakeTable();
        int mask = _table.Length - 1;
        for (int slot = (int)hash & mask; _table[slot] != 0; slot = (slot + 1) & mask)
        {
            int index = _table[slot] - 1;
            if (_last.Hashes[index] == hash && (_last.Lengths[index] & Columns.LengthMask) == length)
            {
                entry = Take(index);
                return true;
            }
        }

        entry = default;
        return false;
    }

    /// <summary>Appends a line that the last scrape did not have.</summary>
    public void Add(in Entry entry)
    {
        Depart();
        _next!.Append(entry);
        _count++;
    }

    /// <summary>Changes what is remembered of the line that was taken or added last.</summary>
    public void SetLast(SeriesRef series, EntryFlags flags)
    {
        Columns columns = _next ?? _last;
        columns.Series[_count - 1] = series.Value;
        columns.SetFlags(_count - 1, flags);
    }

    /// <summary>Takes the new order. Calls <paramref name="vanished"/> for each line of the old one that did not come.</summary>
    public void End<TState>(TState state, Action<TState, Entry> vanished)
    {
        if (_next is null)
        {
            // Everything that came, came in order: what is missing is the rest.
            for (int i = _count; i < _last.Count; i++)
            {
                vanished(state, _last[i]);
            }

            _last.Truncate(_count);
        }
        else
        {
            for (int i = 0; i < _last.Count; i++)
            {
                if ((_seen![i >> 6] & (1UL << i)) == 0)
                {
                    vanished(state, _last[i]);
                }
            }

            _last = _next;
            _last.Trim();
        }

        Clean();
    }

    /// <summary>Keeps the old order.</summary>
    public void Abandon() => Clean();

    /// <summary>Every line of the last scrape that was taken.</summary>
    public IEnumerable<Entry> Entries
    {
        get
        {
            for (int i = 0; i < _last.Count; i++)
            {
                yield return _last[i];
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Clean();
        _last = new Columns();
    }

    /// <summary>Forgets the identities, so that each line is resolved afresh, and remembers the series for their staleness.</summary>
    public void ForgetIdentities()
    {
        for (int i = 0; i < _last.Count; i++)
        {
            _last.Hashes[i] = 0;
            _last.Lengths[i] &= ~Columns.LengthMask;
        }
    }

    /// <summary>Forgets the identities of these series: storage has dropped them, so they have to be looked up afresh.</summary>
    public void Forget(IReadOnlySet<SeriesRef> dropped)
    {
        for (int i = 0; i < _last.Count; i++)
        {
            if (dropped.Contains(new SeriesRef(_last.Series[i])))
            {
                _last.Hashes[i] = 0;
                _last.Series[i] = 0;
                _last.Lengths[i] &= ~Columns.LengthMask;
            }
        }
    }

    private Entry Take(int index)
    {
        Entry entry = _last[index];
        if (_next is not null)
        {
            _seen![index >> 6] |= 1UL << index;
            _next.Append(entry);
        }

        _cursor = index + 1;
        _count++;
        return entry;
    }

    // The first line out of order: what came so far came in order, so it is the beginning of the old one.
    private void Depart()
    {
        if (_next is not null)
        {
            return;
        }

        _next = new Columns();
        int words = (_last.Count + 63) >> 6;
        _seen = ArrayPool<ulong>.Shared.Rent(Math.Max(words, 1));
        Array.Clear(_seen, 0, words);
        for (int i = 0; i < _count; i++)
        {
            _next.Append(_last[i]);
            _seen[i >> 6] |= 1UL << i;
        }
    }

    private int[] MakeTable()
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, _last.Count * 2));
        int[] table = new int[size];
        for (int i = 0; i < _last.Count; i++)
        {
            int slot = (int)_last.Hashes[i] & (size - 1);
            while (table[slot] != 0)
            {
                slot = (slot + 1) & (size - 1);
            }

            table[slot] = i + 1;
        }

        return table;
    }

    private void Clean()
    {
        if (_seen is not null)
        {
            ArrayPool<ulong>.Shared.Return(_seen);
        }

        _seen = null;
        _next = null;
        _table = null;
    }

    private sealed class Columns
    {
        public const int LengthMask = 0x00FF_FFFF;
        private const int FlagsShift = 24;

        public ulong[] Hashes { get; private set; } = [];

        public int[] Lengths { get; private set; } = []; // The flags are in the upper byte.

        public ulong[] Series { get; private set; } = [];

        public int Count { get; private set; }

        public Entry this[int index] => new(
            Hashes[index], Lengths[index] & LengthMask, (EntryFlags)((uint)Lengths[index] >> FlagsShift), new SeriesRef(Series[index]));

        public void Append(in Entry entry)
        {
            if (Count == Hashes.Length)
            {
                Resize(Math.Max(64, Count * 2));
            }

            Hashes[Count] = entry.Hash;
            Lengths[Count] = entry.Length;
            Series[Count] = entry.Series.Value;
            Count++;
            SetFlags(Count - 1, entry.Flags);
        }

        public void SetFlags(int index, EntryFlags flags) => Lengths[index] = (Lengths[index] & LengthMask) | ((int)flags << FlagsShift);

        public void Truncate(int count) => Count = count;

        public void Trim()
        {
            if (Hashes.Length > Count + (Count >> 3))
            {
                Resize(Count);
            }
        }

        private void Resize(int capacity)
        {
            ulong[] hashes = Hashes;
            int[] lengths = Lengths;
            ulong[] series = Series;
            Array.Resize(ref hashes, capacity);
            Array.Resize(ref lengths, capacity);
            Array.Resize(ref series, capacity);
            (Hashes, Lengths, Series) = (hashes, lengths, series);
        }
    }
}

/// <summary>What is known about a line beside its series.</summary>
[Flags]
internal enum EntryFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It carried a timestamp of its own, so its absence says nothing about it (unless the configuration says otherwise).</summary>
    HasTimestamp = 1,
}
