using System.Text;
using System.Text.RegularExpressions;
using Narthex.Model.Re2Syntax;

namespace Narthex.Model;

/// <summary>A regular expression in RE2 syntax that may match anywhere in a text; the dot does not match newlines. For templates.</summary>
/// <remarks>Runs in time linear in the text. Immutable and safe to share between threads.</remarks>
public sealed class Re2Search
{
    private readonly Regex _regex;
    private readonly Re2Groups _groups;

    private Re2Search(string pattern, Re2Node node)
    {
        _groups = new Re2Groups(node);
        try
        {
            _regex = new Regex(DotNetPattern.Unanchored(node), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException or InsufficientExecutionStackException)
        {
            throw new FormatException($"error parsing regexp: expression too large: `{pattern}`", e);
        }
    }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax. The message names the fault as upstream does.</exception>
    public static Re2Search Parse(string pattern) => new(pattern, Re2Parser.Parse(pattern, dotMatchesNewline: false));

    /// <summary>Whether there is a match in the text.</summary>
    public bool IsMatch(string text) => _regex.IsMatch(text);

    /// <summary>The text with each match replaced by the template, in which <c>$1</c> and <c>${name}</c> stand for what the groups matched.</summary>
    public string ReplaceAll(string text, string template)
    {
        var result = new StringBuilder();
        int at = 0;
        foreach (Match match in _regex.Matches(text))
        {
            result.Append(text, at, match.Index - at);
            _groups.Expand(result, match, template);
            at = match.Index + match.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }
}
