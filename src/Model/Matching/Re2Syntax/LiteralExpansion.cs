using System.Text;

namespace Narthex.Model.Re2Syntax;

/// <summary>Writes out the finite list of texts that an expression matches, if it is short.</summary>
internal static class LiteralExpansion
{
    // Beyond this, products of classes and alternatives cost more than the engine. Plain alternatives have no limit.
    private const int ProductMax = 256;

    /// <summary>All texts that match, in the order of the expression, without repeats; null if there are too many.</summary>
    public static IReadOnlyList<string>? Expand(Re2Node node)
    {
        List<string>? texts = ExpandNode(node);
        return texts is null ? null : [.. texts.Distinct(StringComparer.Ordinal)];
    }

    private static List<string>? ExpandNode(Re2Node node)
    {
        switch (node)
        {
            case LiteralNode literal when IsSurrogate(literal.Rune):
                return null;
            case LiteralNode literal:
                return literal.FoldCase ? [.. CaseFolding.Variants(literal.Rune).Select(Text)] : [Text(literal.Rune)];
            case ClassNode { Set.Count: <= ProductMax } set:
                var members = new List<string>();
                foreach ((int first, int last) in set.Set.Ranges)
                {
                    for (int rune = first; rune <= last; rune++)
                    {
                        if (IsSurrogate(rune))
                        {
                            return null;
                        }

                        members.Add(Text(rune));
                    }
                }

                return members;
            case CaptureNode capture:
                return ExpandNode(capture.Inner);
            case RepeatNode { Min: 0, Max: 1 } repeat when ExpandNode(repeat.Inner) is { } optional:
                optional.Add("");
                return optional;
            case ConcatNode concat:
                return ExpandConcat(concat);
            case AlternateNode alternate:
                var texts = new List<string>();
                foreach (Re2Node option in alternate.Options)
                {
                    if (ExpandNode(option) is not { } more)
                    {
                        return null;
                    }

                    texts.AddRange(more);
                }

                return texts;
            default:
                return null;
        }
    }

    private static List<string>? ExpandConcat(ConcatNode concat)
    {
        List<string> prefixes = [""];
        var run = new StringBuilder();
        for (int i = 0; i < concat.Parts.Count; i++)
        {
            // Anchors at the very ends change nothing: the whole expression is anchored. Elsewhere they are not for us.
            if (concat.Parts[i] is LiteralNode { FoldCase: false } literal && !IsSurrogate(literal.Rune))
            {
                run.Append(Text(literal.Rune));
                continue;
            }

            List<string>? texts = ExpandNode(concat.Parts[i]);
            if (texts is null || ((long)texts.Count * prefixes.Count > ProductMax && prefixes.Count > 1))
            {
                return null;
            }

            string between = run.ToString();
            run.Clear();
            prefixes = [.. prefixes.SelectMany(prefix => texts.Select(text => prefix + between + text))];
        }

        string tail = run.ToString();
        return tail.Length == 0 ? prefixes : prefixes.ConvertAll(prefix => prefix + tail);
    }

    private static bool IsSurrogate(int rune) => rune is >= 0xD800 and < 0xE000;

    private static string Text(int rune) => char.ConvertFromUtf32(rune);
}
