using System.Text;

namespace Narthex.Tsdb.Index;

/// <summary>The literal that all matches of an expression begin with, as far as it can be told from its first characters.</summary>
internal static class RegexPrefix
{
    public static byte[] Find(string pattern)
    {
        // With an alternative anywhere the start may be in one branch only; flags may turn letters into others.
        if (pattern.Contains('|', StringComparison.Ordinal) || pattern.StartsWith("(?", StringComparison.Ordinal))
        {
            return [];
        }

        int length = 0;
        while (length < pattern.Length && IsLiteral(pattern[length]))
        {
            length++;
        }

        // What repeats may be absent.
        if (length > 0 && length < pattern.Length && pattern[length] is '*' or '?' or '{' or '+')
        {
            length--;
        }

        return Encoding.UTF8.GetBytes(pattern[..Math.Max(0, length)]);
    }

    private static bool IsLiteral(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '/' or '-' or ' ' or '=' or ',' or '@' or '%' or '"' or '\'' or ';' or '<' or '>' or '~' or '&' or '!' or '#';
}
