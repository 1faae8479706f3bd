using System.Globalization;
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
    private readonly Dictionary<string, int> _groupNames = new(StringComparer.Ordinal);

    static Re2() => AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", 10_000_000);

    internal Re2(string pattern, Re2Node node)
    {
        Pattern = pattern;
        CollectNames(node);
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
        int at = 0;
        while (at < template.Length)
        {
            int dollar = template.IndexOf('$', at);
            if (dollar < 0)
            {
                break;
            }

            result.Append(template, at, dollar - at);
            at = dollar + 1;
            if (at < template.Length && template[at] == '$')
            {
                result.Append('$');
                at++;
            }
            else if (TryReadName(template, ref at, out string name))
            {
                result.Append(GroupValue(match, name));
            }
            else
            {
                result.Append('$');
            }
        }

        return result.Append(template, at, template.Length - at).ToString();
    }

    private static bool TryReadName(string template, ref int at, out string name)
    {
        bool braced = at < template.Length && template[at] == '{';
        int start = braced ? at + 1 : at;
        int end = start;
        while (end < template.Length && (char.IsLetterOrDigit(template[end]) || template[end] == '_'))
        {
            end++;
        }

        name = template[start..end];
        if (end == start || (braced && (end >= template.Length || template[end] != '}')))
        {
            return false;
        }

        at = braced ? end + 1 : end;
        return true;
    }

    private string GroupValue(Match match, string name)
    {
        // "01" is a name, not a number, as in Go; and no expression has a group of that name.
        bool isNumber = name.All(char.IsAsciiDigit) && (name.Length == 1 || name[0] != '0');
        if (isNumber)
        {
            return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? match.Groups[number].Value : "";
        }

        return _groupNames.TryGetValue(name, out int index) ? match.Groups[index].Value : "";
    }

    private void CollectNames(Re2Node node)
    {
        switch (node)
        {
            case CaptureNode capture:
                if (capture.Name is not null)
                {
                    _groupNames[capture.Name] = capture.Index;
                }

                CollectNames(capture.Inner);
                break;
            case RepeatNode repeat:
                CollectNames(repeat.Inner);
                break;
            case ConcatNode concat:
                foreach (Re2Node part in concat.Parts)
                {
                    CollectNames(part);
                }

                break;
            case AlternateNode alternate:
                foreach (Re2Node option in alternate.Options)
                {
                    CollectNames(option);
                }

                break;
        }
    }
}
