using System.Buffers;
using System.Runtime.CompilerServices;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What the last scrape of a target exposed, in its order: identity and series reference of each line.</summary>
/// <remarks>
/// <para>
/// A target nearly always exposes the same series in the same order. Entry <i>i</i> is the <i>i</i>-th series line: 20 bytes in
/// columns of primitives, no object. While a scrape follows the last one nothing is written here at all. Where it departs, the
/// new order is built beside the old one, and a table over both (for this scrape only) finds series that moved or came before.
/// </para>
/// <para>A line that stands a second time in one body is flagged as a duplicate; the first of its kind never is.</para>
/// <para>Call <see cref="Begin"/>, then for each line <see cref="Expected"/> or <see cref="Find"/> or <see cref="Add"/>, then
/// <see cref="End"/> to take the new order, or <see cref="Abandon"/> to keep the old one. Not thread-safe.</para>
/// </remarks>
internal sealed class SeriesCache
{
    private SeriesColumns _last = new();
    private SeriesColumns? _next;
    private IdentityTable? _table;
    private ulong[]? _seen;
    private int _cursor;
    private int _count;

    /// <summary>Series lines of the last scrape that was taken.</summary>
    public int Count => _last.Count;

    /// <summary>Whether all series have got their staleness markers since the last scrape that was taken.</summary>
    public bool IsStale { get; private set; }

    /// <summary>What is remembered of a line.</summary>
    /// <param name="Hash">The identity's hash.</param>
    /// <param name="Length">The identity's length in bytes.</param>
    /// <param name="Flags">See <see cref="EntryFlags"/>.</param>
    /// <param name="Series">The series; none if it was dropped by relabelling.</param>
    public readonly record struct Entry(ulong Hash, int Length, EntryFlags Flags, SeriesRef Series)
    {
        public bool IsDuplicate => (Flags & EntryFlags.Duplicate) != 0;
    }

    /// <summary>Starts a scrape.</summary>
    public void Begin()
    {
        _cursor = 0;
        _count = 0;
    }

    /// <summary>The line that follows if the scrape goes on like the last one. False behind its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Expected(out int length, out ulong hash)
    {
        bool isThere = _cursor < _last.Count;
        length = isThere ? _last.LengthAt(_cursor) : 0;
        hash = isThere ? _last.Hashes[_cursor] : 0;
        return isThere;
    }

    /// <summary>Takes the expected line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Entry TakeExpected()
    {
        int index = _cursor;
        Entry entry = _last[index];
        if (_next is null)
        {
            _cursor = index + 1;
            _count++;
            return entry;
        }

        return TakeExpectedAfterDeparture(index, entry);
    }

    private Entry TakeExpectedAfterDeparture(int index, Entry entry)
    {
        // Out of order a line may be the second of its kind though it was the first, and the other way round.
        if (entry.IsDuplicate || IsSeen(index))
        {
            Find(entry.Hash, entry.Length, out entry);
        }
        else
        {
            Take(index, entry);
        }

        _cursor = index + 1;
        return entry;
    }

    /// <summary>Takes a line that the last scrape had elsewhere, or that this one had already. False if neither did.</summary>
    public bool Find(ulong hash, int length, out Entry entry)
    {
        Depart();
        _table ??= new IdentityTable(_last, _next!);
        if (!_table.TryFind(hash, length, out int index, out bool isNew))
        {
            entry = default;
            return false;
        }

        if (isNew || IsSeen(index))
        {
            entry = isNew ? _next![index] : _last[index];
            entry = entry with { Flags = entry.Flags | EntryFlags.Duplicate };
            _next!.Append(entry);
            _count++;
            return true;
        }

        entry = _last[index];
        Take(index, entry);
        _cursor = index + 1;
        return true;
    }

    /// <summary>Appends a line that neither the last scrape had nor this one yet: <see cref="Find"/> has said so.</summary>
    public void Add(in Entry entry)
    {
        Depart();
        _table ??= new IdentityTable(_last, _next!);
        _next!.Append(entry);
        _table.AddNewest();
        _count++;
    }

    /// <summary>Changes what is remembered of the line that was taken or added last.</summary>
    public void SetLast(EntryFlags flags) => (_next ?? _last).SetFlags(_count - 1, flags);

    /// <summary>Takes the new order. Calls <paramref name="vanished"/> for each series of the old one that did not come.</summary>
    public void End<TState>(TState state, Action<TState, Entry> vanished)
    {
        if (!IsStale && HasVanished())
        {
            ReportVanished(state, vanished);
        }

        if (_next is null)
        {
            _last.Truncate(_count);
        }
        else
        {
            _last = _next;
            _last.Trim();
        }

        IsStale = false;
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

    /// <summary>Takes note that all series have got their markers. The lines stay known for when the target comes back.</summary>
    public void SetStale() => IsStale = true;

    /// <summary>Forgets the identities, so that each line is resolved afresh, and remembers the series for their staleness.</summary>
    public void ForgetIdentities()
    {
        for (int i = 0; i < _last.Count; i++)
        {
            _last.ForgetIdentity(i);
        }
    }

    /// <summary>Forgets the identities of these series: storage has dropped them, so they have to be looked up afresh.</summary>
    public void Forget(IReadOnlySet<SeriesRef> dropped)
    {
        for (int i = 0; i < _last.Count; i++)
        {
            if (dropped.Contains(new SeriesRef(_last.Series[i])))
            {
                _last.ForgetIdentity(i);
                _last.Series[i] = 0;
            }
        }
    }

    private bool IsSeen(int index) => (_seen![index >> 6] & (1UL << index)) != 0;

    private void Take(int index, in Entry entry)
    {
        _seen![index >> 6] |= 1UL << index;
        _next!.Append(entry);
        _count++;
    }

    // The first line out of order: what came so far came in order, so it is the beginning of the old one.
    private void Depart()
    {
        if (_next is not null)
        {
            return;
        }

        _next = new SeriesColumns();
        int words = (_last.Count + 63) >> 6;
        _seen = ArrayPool<ulong>.Shared.Rent(Math.Max(words, 1));
        Array.Clear(_seen, 0, words);
        for (int i = 0; i < _count; i++)
        {
            _next.Append(_last[i]);
            _seen[i >> 6] |= 1UL << i;
        }
    }

    private bool IsVanished(int index) => _next is null ? index >= _count : !IsSeen(index);

    private bool HasVanished()
    {
        if (_next is null)
        {
            return _count < _last.Count;
        }

        for (int i = 0; i < _last.Count; i++)
        {
            if (!IsSeen(i))
            {
                return true;
            }
        }

        return false;
    }

    // A series may have come under another spelling, or by another line that relabelling leads to it: that one is not gone.
    private void ReportVanished<TState>(TState state, Action<TState, Entry> vanished)
    {
        var gone = new HashSet<ulong>();
        for (int i = 0; i < _last.Count; i++)
        {
            if (IsVanished(i) && !_last[i].IsDuplicate)
            {
                gone.Add(_last.Series[i]);
            }
        }

        gone.Remove(0); // Dropped by relabelling, or by storage.
        SeriesColumns present = _next ?? _last;
        for (int i = 0; i < _count && gone.Count > 0; i++)
        {
            gone.Remove(present.Series[i]);
        }

        for (int i = 0; i < _last.Count && gone.Count > 0; i++)
        {
            if (IsVanished(i) && !_last[i].IsDuplicate && gone.Remove(_last.Series[i]))
            {
                vanished(state, _last[i]);
            }
        }
    }

    private void Clean()
    {
        if (_seen is not null)
        {
            ArrayPool<ulong>.Shared.Return(_seen);
        }

        _table?.Release();
        _seen = null;
        _next = null;
        _table = null;
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

    /// <summary>The same line came before in the same body.</summary>
    Duplicate = 2,
}
