using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>How names outside the classic character set are written for readers that know only that.</summary>
public enum NameEscapingScheme : byte
{
    /// <summary>Not at all: the reader takes UTF-8.</summary>
    AllowUtf8,

    /// <summary>Every foreign character becomes an underscore.</summary>
    Underscores,

    /// <summary>Dots become <c>_dot_</c>, underscores are doubled, the rest becomes two underscores.</summary>
    Dots,

    /// <summary>Reversible: <c>U__</c> in front, foreign characters as their code point in hexadecimal between underscores.</summary>
    Values,
}

/// <summary>Escapes metric and label names.</summary>
public static class NameEscaping
{
    private const string ValuesPrefix = "U__";

    /// <summary>The scheme's name in headers and in the configuration.</summary>
    public static string HeaderValue(NameEscapingScheme scheme) => scheme switch
    {
        NameEscapingScheme.AllowUtf8 => "allow-utf-8",
        NameEscapingScheme.Underscores => "underscores",
        NameEscapingScheme.Dots => "dots",
        _ => "values",
    };

    /// <summary>The scheme of that name.</summary>
    public static bool TryParse(string name, out NameEscapingScheme scheme)
    {
        (bool found, scheme) = name switch
        {
            "allow-utf-8" => (true, NameEscapingScheme.AllowUtf8),
            "underscores" => (true, NameEscapingScheme.Underscores),
            "dots" => (true, NameEscapingScheme.Dots),
            "values" => (true, NameEscapingScheme.Values),
            _ => (false, default),
        };
        return found;
    }

    /// <summary>The name as the scheme writes it.</summary>
    public static string Escape(string name, NameEscapingScheme scheme)
    {
        if (name.Length == 0 || scheme == NameEscapingScheme.AllowUtf8)
        {
            return name;
        }

        // The dots scheme doubles underscores of classic names too; the others leave classic names alone.
        if (scheme != NameEscapingScheme.Dots && LabelNames.IsValidLegacyMetricName(name))
        {
            return name;
        }

        var escaped = new StringBuilder(scheme == NameEscapingScheme.Values ? ValuesPrefix : "");
        bool first = true;
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool isClassic = IsClassic(rune, first);
            first = false;
            if (rune.Value == '_' && scheme != NameEscapingScheme.Underscores)
            {
                escaped.Append("__");
            }
            else if (isClassic)
            {
                escaped.Append((char)rune.Value);
            }
            else if (scheme == NameEscapingScheme.Underscores)
            {
                escaped.Append('_');
            }
            else if (scheme == NameEscapingScheme.Dots)
            {
                escaped.Append(rune.Value == '.' ? "_dot_" : "__");
            }
            else
            {
                escaped.Append('_').Append(rune.Value.ToString("x", CultureInfo.InvariantCulture)).Append('_');
            }
        }

        return escaped.ToString();
    }

    /// <summary>Undoes the scheme as far as it can be undone. A name that the scheme cannot have written comes back unchanged.</summary>
    public static string Unescape(string name, NameEscapingScheme scheme) => scheme switch
    {
        NameEscapingScheme.Dots => name.Replace("_dot_", ".", StringComparison.Ordinal).Replace("__", "_", StringComparison.Ordinal),
        NameEscapingScheme.Values => UnescapeValues(name),
        _ => name,
    };

    private static string UnescapeValues(string name)
    {
        if (!name.StartsWith(ValuesPrefix, StringComparison.Ordinal))
        {
            return name;
        }

        var unescaped = new StringBuilder();
        ReadOnlySpan<char> rest = name.AsSpan(ValuesPrefix.Length);
        while (!rest.IsEmpty)
        {
            int plain = rest.IndexOf('_');
            if (plain < 0)
            {
                unescaped.Append(rest);
                break;
            }

            unescaped.Append(rest[..plain]);
            rest = rest[(plain + 1)..];
            if (rest.IsEmpty)
            {
                return name;
            }

            if (rest[0] == '_')
            {
                unescaped.Append('_');
                rest = rest[1..];
                continue;
            }

            // Six hexadecimal digits reach beyond the last code point.
            int length = rest.IndexOf('_');
            if (length is < 1 or > 6
                || !int.TryParse(rest[..length], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int codePoint)
                || !Rune.TryCreate(codePoint, out Rune rune))
            {
                return name;
            }

            unescaped.Append(rune.ToString());
            rest = rest[(length + 1)..];
        }

        return unescaped.ToString();
    }

    private static bool IsClassic(Rune rune, bool first) =>
        rune.IsAscii && (char.IsAsciiLetter((char)rune.Value) || rune.Value is '_' or ':' || (!first && char.IsAsciiDigit((char)rune.Value)));
}
