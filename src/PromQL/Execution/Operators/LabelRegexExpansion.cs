using System.Text;
using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>Fills a template such as <c>$1-${name}</c> from the groups of a match of the whole value.</summary>
internal static class LabelRegexExpansion
{
    /// <summary>The filled template, or null if the value does not match.</summary>
    public static string? Expand(LabelRegex regex, string value, string template)
    {
        Match match = Regex.Match(value, "^(?:" + regex.Pattern + ")\\z", RegexOptions.Singleline | RegexOptions.CultureInvariant);
        if (!match.Success)
        {
            return null;
        }

        var text = new StringBuilder();
        for (int i = 0; i < template.Length; i++)
        {
            if (template[i] != '$')
            {
                text.Append(template[i]);
            }
            else if (i + 1 < template.Length && template[i + 1] == '$')
            {
                text.Append('$');
                i++;
            }
            else
            {
                i = AppendGroup(text, match, template, i);
            }
        }

        return text.ToString();
    }

    // Returns the position of the last character of the reference.
    private static int AppendGroup(StringBuilder text, Match match, string template, int dollar)
    {
        bool braced = dollar + 1 < template.Length && template[dollar + 1] == '{';
        int start = dollar + (braced ? 2 : 1);
        int end = start;
        while (end < template.Length && (char.IsAsciiLetterOrDigit(template[end]) || template[end] == '_'))
        {
            end++;
        }

        if (end == start || (braced && (end == template.Length || template[end] != '}')))
        {
            text.Append('$');
            return dollar;
        }

        text.Append(match.Groups[template[start..end]].Value);
        return braced ? end : end - 1;
    }
}
