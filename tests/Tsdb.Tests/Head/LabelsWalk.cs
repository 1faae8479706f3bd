using Narthex.Model;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>Finds label sets by looking at each of them: what an index must find too. What a matcher says of all of them is remembered.</summary>
internal sealed class LabelsWalk
{
    private readonly Dictionary<string, bool[]> _matches = [];
    private readonly Dictionary<string, string>[] _pairs;

    public LabelsWalk(IEnumerable<Labels> all)
    {
        All = [.. all.Order()];
        _pairs = [.. All.Select(labels => labels.ToPairs().ToDictionary())];
    }

    /// <summary>All label sets in their order.</summary>
    public Labels[] All { get; }

    /// <summary>The indexes of those that all matchers take, ascending.</summary>
    public int[] Find(IReadOnlyCollection<LabelMatcher> matchers)
    {
        bool[][] takes = [.. matchers.Select(MatchesOf)];
        return [.. Enumerable.Range(0, All.Length).Where(index => Array.TrueForAll(takes, take => take[index]))];
    }

    /// <summary>The names of their labels, sorted.</summary>
    public string[] NamesOf(int[] indexes) => [.. indexes.SelectMany(index => _pairs[index].Keys).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The values of one of their labels, sorted.</summary>
    public string[] ValuesOf(int[] indexes, string name) =>
        [.. indexes.Select(index => _pairs[index].GetValueOrDefault(name, "")).Where(value => value.Length > 0).Distinct().Order(StringComparer.Ordinal)];

    private bool[] MatchesOf(LabelMatcher matcher)
    {
        if (!_matches.TryGetValue(matcher.ToString(), out bool[]? matches))
        {
            matches = [.. All.Select(labels => matcher.Matches(labels.GetValueOrEmpty(matcher.NameUtf8.Span)))];
            _matches.Add(matcher.ToString(), matches);
        }

        return matches;
    }
}
