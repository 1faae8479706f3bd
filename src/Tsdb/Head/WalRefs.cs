using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head;

/// <summary>The number under which the log knows a series: its <see cref="Storage.SeriesRef"/>, unless a replayed log has used other ones.</summary>
/// <remarks>
/// A log of our own numbers series as the head does, and nothing is kept. A log that upstream has written, or one from which series
/// have gone, does not: from then on a column holds the numbers, new series get numbers above all that were seen, and
/// no number ever means two series in one log.
/// </remarks>
internal sealed class WalRefs
{
    private PagedColumn<ulong>? _numbers;
    private Dictionary<ulong, uint> _aliases = [];
    private readonly List<(long UntilMs, ulong[] Numbers)> _leaving = [];
    private ulong _next;

    /// <summary>Whether numbers and references are the same, so that references can be logged as they are.</summary>
    public bool AreIdentical => _numbers is null;

    /// <summary>The greatest number given so far; 0 if numbers and references are the same.</summary>
    public ulong Greatest => _numbers is null ? 0 : _next;

    /// <summary>The number of a series.</summary>
    public ulong Get(uint series, byte generation) => _numbers is { } numbers ? numbers[series] : HeadStorage.MakeRef(series, generation).Value;

    /// <summary>Gives a new series a number.</summary>
    public void OnSeriesAdding(uint series)
    {
        if (_numbers is { } numbers)
        {
            numbers.EnsureRoom(series);
            numbers[series] = ++_next;
        }
    }

    /// <summary>After a replay: takes over the numbers of the log, of which <paramref name="greatest"/> is the greatest.</summary>
    /// <param name="numbers">The number of each series.</param>
    /// <param name="aliases">Further numbers, with the series they mean: one that was collected and came back has two.</param>
    /// <param name="greatest">The greatest number seen.</param>
    public void Adopt(PagedColumn<ulong> numbers, Dictionary<ulong, uint> aliases, ulong greatest)
    {
        _next = greatest;
        _aliases = aliases;
        _numbers = numbers;
    }

    /// <summary>Series are gone before their time: the log may have samples under their numbers, which need the series' records for as long as they are new enough.</summary>
    /// <param name="numbers">The numbers of the series.</param>
    /// <param name="untilMs">The time of their newest sample.</param>
    public void Leave(ulong[] numbers, long untilMs)
    {
        lock (_leaving)
        {
            _leaving.Add((untilMs, numbers));
        }
    }

    /// <summary>Which numbers of the log are needed by a checkpoint that drops what is before a time.</summary>
    public Func<ulong, bool> GetNeededNumbers(HeadStorage head, long minTimeMs)
    {
        // First: what leaves meanwhile is found in one of them at least.
        Func<ulong, bool> isLive = GetLiveNumbers(head);
        HashSet<ulong> leaving;
        lock (_leaving)
        {
            _leaving.RemoveAll(batch => batch.UntilMs < minTimeMs);
            leaving = [.. _leaving.SelectMany(batch => batch.Numbers)];
        }

        return leaving.Count == 0 ? isLive : number => isLive(number) || leaving.Contains(number);
    }

    /// <summary>Which numbers mean series that are alive, while no series is collected.</summary>
    private Func<ulong, bool> GetLiveNumbers(HeadStorage head)
    {
        if (_numbers is not { } numbers)
        {
            return number => head.TryResolve(number, out _);
        }

        HeadIndex index = head.Index;
        var live = new HashSet<ulong>((int)index.Count);
        for (uint series = 0; series < index.Count; series++)
        {
            live.Add(numbers[index.SlotOf(series)]);
        }

        foreach ((ulong number, uint slot) in _aliases)
        {
            // Aliases come from the replay, when all slots had their first series.
            if (head.Pages[slot].Generation == 0)
            {
                live.Add(number);
            }
        }

        return live.Contains;
    }
}
