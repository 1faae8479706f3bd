using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Narthex.Model.Re2Syntax;

/// <summary>The groups of an expression, and templates that are filled in from them.</summary>
internal sealed class Re2Groups
{
    private readonly Dictionary<string, int> _groupNames = new(StringComparer.Ordinal);

    public Re2Groups(Re2Node node) => CollectNames(node);

    /// <summary>Appends a template with <c>$1</c>, <c>${1}</c>, <c>$name</c>, <c>${name}</c> and <c>$$</c> filled in from a match.</summary>
    public void Expand(StringBuilder result, Match match, string template)
    {
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

        result.Append(template, at, template.Length - at);
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
