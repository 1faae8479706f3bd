using System.Collections.Concurrent;
using System.Diagnostics;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution;

/// <summary>A query's text as a tree, and how long it took when it ran last.</summary>
internal sealed class ParsedQuery(Expression expression)
{
    // Handing a query to another thread costs about as much as computing a small one.
    private static readonly long s_shortTicks = Stopwatch.Frequency / 1000;

    // Both in one word, so that threads see them together: ticks of the stopwatch above, steps below. 0: never ran.
    private long _last;

    /// <summary>The tree. Nobody changes it, so any number of queries may run over it.</summary>
    public Expression Expression { get; } = expression;

    /// <summary>Notes how long a run took.</summary>
    public void Record(long ticks, int steps) => Volatile.Write(ref _last, (Math.Min(ticks, uint.MaxValue >> 1) << 32) | (uint)steps);

    /// <summary>Whether a run over so many steps is likely to take less than a millisecond.</summary>
    public bool IsShort(int steps)
    {
        long last = Volatile.Read(ref _last);
        long lastSteps = Math.Max(last & uint.MaxValue, 1);
        return last != 0 && (last >> 32) * Math.Max(steps, lastSteps) < s_shortTicks * lastSteps;
    }
}

/// <summary>The queries that were asked lately: dashboards and rules ask the same ones again and again.</summary>
/// <remarks>Two generations: what is asked for again moves to the younger, and a full younger one becomes the older.</remarks>
internal sealed class RecentQueries
{
    private const int GenerationSize = 256;

    // A tree takes some ten times its text.
    private const int TextLengthMax = 2048;

    private ConcurrentDictionary<string, ParsedQuery> _young = new(StringComparer.Ordinal);
    private ConcurrentDictionary<string, ParsedQuery> _old = new(StringComparer.Ordinal);
    private int _youngCount;

    /// <summary>The parsed form of a query, from <paramref name="parse"/> if it is not known.</summary>
    public ParsedQuery Get(string query, Func<string, Expression> parse)
    {
        if (_young.TryGetValue(query, out ParsedQuery? known))
        {
            return known;
        }

        if (!_old.TryGetValue(query, out known))
        {
            known = new ParsedQuery(parse(query));
        }

        if (query.Length <= TextLengthMax)
        {
            Keep(query, known);
        }

        return known;
    }

    private void Keep(string query, ParsedQuery parsed)
    {
        if (Interlocked.Increment(ref _youngCount) > GenerationSize)
        {
            // Whoever does this at the same time drops a generation too many, which costs some parsing.
            _old = _young;
            _young = new(StringComparer.Ordinal);
            Volatile.Write(ref _youngCount, 1);
        }

        _young[query] = parsed;
    }
}
