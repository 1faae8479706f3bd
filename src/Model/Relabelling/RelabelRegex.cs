using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Narthex.Model;

/// <summary>The expression of a relabelling rule: RE2 syntax, anchored at both ends, dots match newlines, with groups.</summary>
public sealed class RelabelRegex : IEquatable<RelabelRegex>
{
    private const int StackChars = 256;

    private readonly Regex _regex;
    private readonly Dictionary<string, int> _groupNames;

    private RelabelRegex(string pattern, Regex regex, Dictionary<string, int> groupNames)
    {
        Pattern = pattern;
        _regex = regex;
        _groupNames = groupNames;
        MatchesAll = pattern is "(.*)" or ".*";
    }

    /// <summary>The expression where none is given: everything, in one group.</summary>
    public static RelabelRegex Default { get; } = Parse("(.*)");

    /// <summary>The expression as written.</summary>
    public string Pattern { get; }

    internal bool MatchesAll { get; }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax.</exception>
    public static RelabelRegex Parse(string pattern)
    {
        _ = LabelRegex.Parse(pattern); // Refuses what RE2 does not know.
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        string numbered = NumberNamedGroups(pattern, names);
        var regex = new Regex("^(?:" + numbered + ")\\z", RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        return new RelabelRegex(pattern, regex, names);
    }

    /// <summary>Whether the whole value in UTF-8 matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> value)
    {
        if (MatchesAll)
        {
            return true;
        }

        char[]? rented = value.Length > StackChars ? ArrayPool<char>.Shared.Rent(value.Length) : null;
        Span<char> chars = rented ?? stackalloc char[StackChars];
        bool matches = _regex.IsMatch(chars[..Encoding.UTF8.GetChars(value, chars)]);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return matches;
    }

    /// <summary>What the groups matched; null if the whole does not match.</summary>
    internal Match? Match(ReadOnlySpan<byte> value) => _regex.Match(Encoding.UTF8.GetString(value)) is { Success: true } match ? match : null;

    /// <summary>The number of the group of that name, or -1.</summary>
    internal int GroupNumber(string name) => _groupNames.GetValueOrDefault(name, -1);

    /// <inheritdoc/>
    public bool Equals(RelabelRegex? other) => other is not null && Pattern == other.Pattern;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RelabelRegex);

    /// <inheritdoc/>
    public override int GetHashCode() => Pattern.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Pattern;

    // RE2 counts named groups like the others, from left to right; .NET counts them after the others. Hence no names in the .NET form.
    private static string NumberNamedGroups(string pattern, Dictionary<string, int> names)
    {
        var numbered = new StringBuilder(pattern.Length);
        int groups = 0;
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                numbered.Append(c).Append(pattern[++i]);
                continue;
            }

            inClass = c switch { '[' => true, ']' => false, _ => inClass };
            if (c == '(' && !inClass)
            {
                ReadOnlySpan<char> rest = pattern.AsSpan(i + 1);
                int nameStart = rest.StartsWith("?P<") ? 3 : rest.StartsWith("?<") ? 2 : 0;
                groups += nameStart > 0 || !rest.StartsWith("?") ? 1 : 0;
                int nameEnd = rest.IndexOf('>');
                if (nameStart > 0 && nameEnd > nameStart)
                {
                    names.TryAdd(rest[nameStart..nameEnd].ToString(), groups);
                    numbered.Append('(');
                    i += nameEnd + 1;
                    continue;
                }
            }

            numbered.Append(c);
        }

        return numbered.ToString();
    }
}
