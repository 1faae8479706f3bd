using System.Globalization;
using System.Text;

namespace Narthex.Model.Re2Syntax;

/// <summary>Writes a parsed expression in the syntax of .NET, working on UTF-16 where RE2 works on code points.</summary>
internal static class DotNetPattern
{
    private const string AstralRune = "[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]";
    private const string AnyRune = "(?:[^\\uD800-\\uDFFF]|" + AstralRune + ")";
    private const string AnyRuneButNewline = "(?:[^\\n\\uD800-\\uDFFF]|" + AstralRune + ")";

    /// <summary>The pattern, matching whole texts only.</summary>
    public static string Anchored(Re2Node node)
    {
        var text = new StringBuilder("\\A(?:");
        Write(text, node);
        return text.Append(")\\z").ToString();
    }

    /// <summary>The pattern, matching anywhere in a text.</summary>
    public static string Unanchored(Re2Node node)
    {
        var text = new StringBuilder();
        Write(text, node);
        return text.ToString();
    }

    private static void Write(StringBuilder text, Re2Node node)
    {
        switch (node)
        {
            case LiteralNode { FoldCase: false } literal:
                WriteRune(text, literal.Rune);
                break;
            case LiteralNode literal:
                int[] variants = CaseFolding.Variants(literal.Rune);
                if (variants.Length == 1)
                {
                    WriteRune(text, literal.Rune);
                }
                else
                {
                    WriteSet(text, RuneSet.Of(variants.Select(variant => (variant, variant))));
                }

                break;
            case ClassNode set:
                WriteSet(text, set.Set);
                break;
            case AnyNode any:
                text.Append(any.MatchesNewline ? AnyRune : AnyRuneButNewline);
                break;
            case AnchorNode anchor:
                text.Append(anchor.Kind switch
                {
                    AnchorKind.BeginText => "\\A",
                    AnchorKind.EndText => "\\z",
                    AnchorKind.BeginLine => "(?m:^)",
                    AnchorKind.EndLine => "(?m:$)",
                    AnchorKind.WordBoundary => "\\b",
                    _ => "\\B",
                });
                break;
            case CaptureNode capture:
                // Numbered explicitly: .NET would number named groups after all others.
                text.Append(CultureInfo.InvariantCulture, $"(?<{capture.Index}>");
                Write(text, capture.Inner);
                text.Append(')');
                break;
            case RepeatNode repeat:
                WriteRepeat(text, repeat);
                break;
            case ConcatNode concat:
                foreach (Re2Node part in concat.Parts)
                {
                    WriteGrouped(text, part, part is AlternateNode);
                }

                break;
            case AlternateNode alternate:
                for (int i = 0; i < alternate.Options.Count; i++)
                {
                    text.Append(i > 0 ? "|" : "");
                    Write(text, alternate.Options[i]);
                }

                break;
        }
    }

    private static void WriteRepeat(StringBuilder text, RepeatNode repeat)
    {
        // Texts are well formed, so ".*" need not care where code points begin: whatever follows it does.
        if (repeat.Inner is AnyNode any && repeat is { Min: 0, Max: -1 })
        {
            text.Append(any.MatchesNewline ? "[\\s\\S]" : "[^\\n]");
        }
        else
        {
            WriteGrouped(text, repeat.Inner, grouped: true);
        }

        text.Append((repeat.Min, repeat.Max) switch
        {
            (0, -1) => "*",
            (1, -1) => "+",
            (0, 1) => "?",
            (var min, -1) => string.Create(CultureInfo.InvariantCulture, $"{{{min},}}"),
            var (min, max) => string.Create(CultureInfo.InvariantCulture, $"{{{min},{max}}}"),
        });
        text.Append(repeat.Greedy ? "" : "?");
    }

    private static void WriteGrouped(StringBuilder text, Re2Node node, bool grouped)
    {
        text.Append(grouped ? "(?:" : "");
        Write(text, node);
        text.Append(grouped ? ")" : "");
    }

    private static void WriteRune(StringBuilder text, int rune)
    {
        if (rune >= 0x10000)
        {
            foreach (char unit in char.ConvertFromUtf32(rune))
            {
                WriteUnit(text, unit);
            }
        }
        else
        {
            WriteUnit(text, rune);
        }
    }

    private static void WriteUnit(StringBuilder text, int unit)
    {
        if (unit < 0x80 && char.IsAsciiLetterOrDigit((char)unit))
        {
            text.Append((char)unit);
        }
        else
        {
            text.Append("\\u").Append(unit.ToString("X4", CultureInfo.InvariantCulture));
        }
    }

    private static void WriteSet(StringBuilder text, RuneSet set)
    {
        var basic = new StringBuilder();
        var options = new List<string>();
        foreach ((int first, int last) in set.Ranges)
        {
            WriteBasicRange(basic, first, Math.Min(last, 0xD7FF));
            WriteBasicRange(basic, Math.Max(first, 0xE000), Math.Min(last, 0xFFFF));
            AddAstralRange(options, Math.Max(first, 0x10000), last);
        }

        if (basic.Length > 0)
        {
            options.Insert(0, "[" + basic + "]");
        }

        // An empty set matches nothing.
        text.Append(options.Count switch
        {
            0 => "[^\\s\\S]",
            1 when basic.Length > 0 => options[0],
            _ => "(?:" + string.Join('|', options) + ")",
        });
    }

    private static void WriteBasicRange(StringBuilder text, int first, int last)
    {
        if (first > last)
        {
            return;
        }

        WriteUnit(text, first);
        if (last > first)
        {
            text.Append('-');
            WriteUnit(text, last);
        }
    }

    // Splits at the borders of high surrogates: at most three pieces.
    private static void AddAstralRange(List<string> options, int first, int last)
    {
        while (first <= last)
        {
            int firstHigh = (first - 0x10000) >> 10;
            int firstLow = (first - 0x10000) & 0x3FF;
            int lastHigh = (last - 0x10000) >> 10;
            int lastLow = (last - 0x10000) & 0x3FF;
            int endHigh = firstHigh;
            int endLow = lastHigh == firstHigh ? lastLow : 0x3FF;
            if (firstLow == 0 && lastHigh > firstHigh)
            {
                endHigh = lastLow == 0x3FF ? lastHigh : lastHigh - 1;
            }

            var text = new StringBuilder("[");
            WriteBasicRange(text, 0xD800 + firstHigh, 0xD800 + endHigh);
            text.Append("][");
            WriteBasicRange(text, 0xDC00 + firstLow, 0xDC00 + endLow);
            options.Add(text.Append(']').ToString());
            first = 0x10000 + (endHigh << 10) + endLow + 1;
        }
    }
}
