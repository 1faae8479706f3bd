using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Narthex.Model;

/// <summary>A target label or a replacement, cut into literal text and references to groups of the rule's expression.</summary>
internal sealed class RelabelTemplate
{
    private readonly List<Part> _parts = [];

    /// <summary>Whether there is no reference to a group.</summary>
    public bool IsLiteral { get; private init; }

    /// <summary>The text of a literal template.</summary>
    public byte[] LiteralUtf8 { get; private init; } = [];

    /// <summary>Whether it is exactly one reference to the first group.</summary>
    public bool IsFirstGroup => _parts is [{ Literal: null, Group: 1 }];

    public static RelabelTemplate Parse(string text, RelabelRegex regex)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return new RelabelTemplate { IsLiteral = true, LiteralUtf8 = Encoding.UTF8.GetBytes(text) };
        }

        var template = new RelabelTemplate();
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int dollar = rest.IndexOf('$');
            if (dollar != 0)
            {
                int length = dollar < 0 ? rest.Length : dollar;
                template._parts.Add(new Part(rest[..length].ToString(), 0));
                rest = rest[length..];
            }
            else if (rest.StartsWith("$$"))
            {
                template._parts.Add(new Part("$", 0));
                rest = rest[2..];
            }
            else if (TryReadName(rest, out string name, out int consumed))
            {
                template._parts.Add(new Part(null, GroupNumber(name, regex)));
                rest = rest[consumed..];
            }
            else
            {
                // A lone dollar sign stands for itself.
                template._parts.Add(new Part("$", 0));
                rest = rest[1..];
            }
        }

        return template;
    }

    /// <summary>Fills in what the groups matched. An unknown group, or one that took no part, gives nothing.</summary>
    public byte[] Expand(Match match)
    {
        if (IsLiteral)
        {
            return LiteralUtf8;
        }

        var text = new StringBuilder();
        foreach (Part part in _parts)
        {
            if (part.Literal is not null)
            {
                text.Append(part.Literal);
            }
            else if (part.Group >= 0 && part.Group < match.Groups.Count)
            {
                text.Append(match.Groups[part.Group].ValueSpan);
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static bool TryReadName(ReadOnlySpan<char> rest, out string name, out int consumed)
    {
        bool braces = rest.StartsWith("${");
        int start = braces ? 2 : 1;
        int end = start;
        while (end < rest.Length && (char.IsLetterOrDigit(rest[end]) || rest[end] == '_'))
        {
            end++;
        }

        name = rest[start..end].ToString();
        consumed = braces ? end + 1 : end;
        return name.Length > 0 && (!braces || (end < rest.Length && rest[end] == '}'));
    }

    // A number with a leading zero is a name, as in the Go language.
    private static int GroupNumber(string name, RelabelRegex regex) =>
        (name[0] != '0' || name.Length == 1) && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : regex.GroupNumber(name);

    private readonly record struct Part(string? Literal, int Group);
}
