using System.Diagnostics;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL;

/// <summary>A parsed query, to be run as often as one likes, from any thread. Knows how long it took when it ran last.</summary>
public sealed class PreparedQuery
{
    // Handing a query to another thread costs about as much as computing a small one.
    private static readonly long s_shortTicks = Stopwatch.Frequency / 1000;

    // Both in one word, so that threads see them together: ticks of the stopwatch above, steps below. 0: never ran.
    private long _last;

    internal PreparedQuery(string text, Expression expression)
    {
        Text = text;
        Expression = expression;
    }

    /// <summary>The query as it was written.</summary>
    public string Text { get; }

    /// <summary>The tree. Nobody changes it, so any number of queries may run over it.</summary>
    internal Expression Expression { get; }

    /// <summary>Notes how long a run took.</summary>
    internal void Record(long ticks, int steps) => Volatile.Write(ref _last, (Math.Min(ticks, uint.MaxValue >> 1) << 32) | (uint)steps);

    /// <summary>Whether a run over so many steps is likely to take less than a millisecond.</summary>
    internal bool IsShort(int steps)
    {
        long last = Volatile.Read(ref _last);
        long lastSteps = Math.Max(last & uint.MaxValue, 1);
        return last != 0 && (last >> 32) * Math.Max(steps, lastSteps) < s_shortTicks * lastSteps;
    }
}
