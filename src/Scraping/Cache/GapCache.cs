using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What stood between the series lines of the last scrape of a target: families' types and descriptions, comments.</summary>
/// <remarks>
/// <para>
/// These lines are half of a body and nearly never change. A gap is all of them between two series lines, remembered by length and hash, so that
/// a whole one is passed over at the price of a hash. Families come and go, so a gap is looked for among the next few that are expected.
/// </para>
/// <para>While a scrape follows the last one nothing is written here. Call <see cref="Begin"/>, then for each gap <see cref="Take"/> or
/// <see cref="Add"/>, then <see cref="End"/> to take the new order, or <see cref="Abandon"/> to keep the old one. Not thread-safe.</para>
/// </remarks>
internal sealed class GapCache
{
    private const int LookAhead = 3;
    private Gap[] _last = [];
    private int _lastCount;
    private Gap[]? _next;
    private int _nextCount;
    private int _cursor;

    /// <summary>Gaps of the last scrape that was taken.</summary>
    public int Count => _lastCount;

    /// <summary>The lines of one gap.</summary>
    /// <param name="Hash">Of their bytes.</param>
    /// <param name="Length">The number of their bytes.</param>
    /// <param name="HasMetadata">Whether there is more than comments.</param>
    /// <param name="Type">The last type they declare; null if they declare none.</param>
    public readonly record struct Gap(ulong Hash, int Length, bool HasMetadata, MetricType? Type);

    /// <summary>Starts a scrape.</summary>
    public void Begin() => _cursor = 0;

    /// <summary>The expected gap (0), or one of those behind it.</summary>
    public bool TryPeek(int ahead, out Gap gap)
    {
        bool isThere = ahead < LookAhead && _cursor + ahead < _lastCount;
        gap = isThere ? _last[_cursor + ahead] : default;
        return isThere;
    }

    /// <summary>Takes a gap that was peeked at.</summary>
    public void Take(int ahead)
    {
        Gap gap = _last[_cursor + ahead];
        if (ahead > 0)
        {
            Depart();
        }

        _cursor += ahead + 1;
        if (_next is not null)
        {
            Append(gap);
        }
    }

    /// <summary>Appends a gap that was not expected.</summary>
    public void Add(in Gap gap)
    {
        Depart();
        Append(gap);
    }

    /// <summary>Takes the new order.</summary>
    public void End()
    {
        if (_next is null)
        {
            _lastCount = _cursor;
        }
        else
        {
            _last = _next;
            _lastCount = _nextCount;
            if (_last.Length > _lastCount + (_lastCount >> 2))
            {
                Array.Resize(ref _last, _lastCount);
            }
        }

        _next = null;
    }

    /// <summary>Forgets all gaps: the same bytes may mean something else from now on.</summary>
    public void Clear() => _lastCount = 0;

    /// <summary>Keeps the old order.</summary>
    public void Abandon() => _next = null;

    // What came so far came in order, so it is the beginning of the old one.
    private void Depart()
    {
        if (_next is null)
        {
            _next = new Gap[Math.Max(8, _lastCount)];
            _last.AsSpan(0, _cursor).CopyTo(_next);
            _nextCount = _cursor;
        }
    }

    private void Append(in Gap gap)
    {
        if (_nextCount == _next!.Length)
        {
            Array.Resize(ref _next, _nextCount * 2);
        }

        _next[_nextCount++] = gap;
    }
}
