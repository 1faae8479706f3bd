using System.Text;
using System.Text.RegularExpressions;
using Narthex.Model.Re2Syntax;

namespace Narthex.Model;

/// <summary>A regular expression in RE2 syntax that must match the whole text; the dot matches newlines.</summary>
/// <remarks>
/// Runs in time linear in the text. Immutable and safe to share between threads. For relabelling and
/// <c>label_replace</c>; matchers use <see cref="LabelRegex"/>, which avoids the engine where it can.
/// </remarks>
public sealed class Re2
{
    private readonly Regex _regex;
    private readonly Re2Groups _names;

    static Re2() => AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", 10_000_000);

    internal Re2(string pattern, Re2Node node)
    {
        Pattern = pattern;
        _names = new Re2Groups(node);
        try
        {
            _regex = new Regex(DotNetPattern.Anchored(node), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException or InsufficientExecutionStackException)
        {
            throw new FormatException($"error parsing regexp: expression too large: `{pattern}`", e);
        }
    }

    /// <summary>The expression as written.</summary>
    public string Pattern { get; }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax. The message names the fault as upstream does.</exception>
    public static Re2 Parse(string pattern) => new(pattern, Re2Parser.Parse(pattern));

    /// <summary>Whether the whole text matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _regex.IsMatch(text);

    /// <summary>The template with <c>$1</c>, <c>${1}</c>, <c>$name</c>, <c>${name}</c> and <c>$$</c> filled in from a match; null if the text does not match.</summary>
    /// <remarks>A name is the longest run of letters, digits and underscores; one that the expression does not have stands for nothing.</remarks>
    public string? Expand(string input, string template)
    {
        Match match = _regex.Match(input);
        if (!match.Success)
        {
            return null;
        }

        if (!template.Contains('$', StringComparison.Ordinal))
        {
            return template;
        }

        var result = new StringBuilder();
        _names.Expand(result, match, template);
        return result.ToString();
    }
}
