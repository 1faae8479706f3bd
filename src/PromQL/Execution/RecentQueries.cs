using System.Collections.Concurrent;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution;

/// <summary>The queries that were asked lately: dashboards and rules ask the same ones again and again.</summary>
/// <remarks>Two generations: what is asked for again moves to the younger, and a full younger one becomes the older.</remarks>
internal sealed class RecentQueries
{
    private const int GenerationSize = 256;

    // A tree takes some ten times its text.
    private const int TextLengthMax = 2048;

    private ConcurrentDictionary<string, PreparedQuery> _young = new(StringComparer.Ordinal);
    private ConcurrentDictionary<string, PreparedQuery> _old = new(StringComparer.Ordinal);
    private int _youngCount;

    /// <summary>The parsed form of a query, from <paramref name="parse"/> if it is not known.</summary>
    public PreparedQuery Get(string query, Func<string, Expression> parse)
    {
        if (_young.TryGetValue(query, out PreparedQuery? known))
        {
            return known;
        }

        if (!_old.TryGetValue(query, out known))
        {
            known = new PreparedQuery(query, parse(query));
        }

        if (query.Length <= TextLengthMax)
        {
            Keep(query, known);
        }

        return known;
    }

    private void Keep(string query, PreparedQuery parsed)
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
