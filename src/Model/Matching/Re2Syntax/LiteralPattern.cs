using System.Text;

namespace Narthex.Model.Re2Syntax;

/// <summary>An expression of literals and gaps: <c>foo.*</c>, <c>.*foo</c>, <c>.+foo.*</c>, <c>foo.*bar</c>, <c>.+</c>.</summary>
internal sealed class LiteralPattern
{
    private const int PatternsMax = 64;

    private readonly byte[] _prefix;
    private readonly byte[] _suffix;
    private readonly byte[]? _middle;
    private readonly bool _firstGapFilled;
    private readonly bool _secondGapFilled;
    private readonly bool _isExact;

    private LiteralPattern(byte[] literal)
    {
        _prefix = literal;
        _suffix = [];
        _isExact = true;
    }

    private LiteralPattern(byte[] prefix, bool firstGapFilled, byte[]? middle, bool secondGapFilled, byte[] suffix)
    {
        _prefix = prefix;
        _firstGapFilled = firstGapFilled;
        _middle = middle;
        _secondGapFilled = secondGapFilled;
        _suffix = suffix;
    }

    /// <summary>The expression as patterns of which one must match; null if it is not of that kind.</summary>
    public static LiteralPattern[]? TryBuild(Re2Node node)
    {
        IReadOnlyList<Re2Node> options = Unwrap(node) is AlternateNode alternate ? alternate.Options : [node];
        var patterns = new List<LiteralPattern>();
        foreach (Re2Node option in options)
        {
            if (patterns.Count >= PatternsMax)
            {
                return null;
            }

            if (LiteralExpansion.Expand(option) is { } literals)
            {
                patterns.AddRange(literals.Select(literal => new LiteralPattern(Encoding.UTF8.GetBytes(literal))));
                continue;
            }

            if (TryBuildOne(option) is not { } pattern)
            {
                return null;
            }

            patterns.Add(pattern);
        }

        return [.. patterns];
    }

    public bool IsMatch(ReadOnlySpan<byte> value)
    {
        if (value.Length < _prefix.Length + _suffix.Length || !value.StartsWith(_prefix) || !value.EndsWith(_suffix))
        {
            return false;
        }

        if (_isExact)
        {
            return value.Length == _prefix.Length;
        }

        ReadOnlySpan<byte> rest = value[_prefix.Length..^_suffix.Length];
        if (_middle is null)
        {
            return !_firstGapFilled || !rest.IsEmpty;
        }

        // A filled gap must hold at least one code point; literals begin and end at code points, so one byte is enough to tell.
        int from = _firstGapFilled ? 1 : 0;
        int until = rest.Length - (_secondGapFilled ? 1 : 0);
        return from <= until && rest[from..until].IndexOf(_middle) >= 0;
    }

    private static Re2Node Unwrap(Re2Node node) => node is CaptureNode capture ? Unwrap(capture.Inner) : node;

    private static LiteralPattern? TryBuildOne(Re2Node node)
    {
        var literals = new List<StringBuilder> { new() };
        var gaps = new List<bool>();
        return Collect(node, literals, gaps) ? Assemble(literals.ConvertAll(text => Encoding.UTF8.GetBytes(text.ToString())), gaps) : null;
    }

    private static LiteralPattern? Assemble(List<byte[]> literals, List<bool> gaps) => gaps.Count switch
    {
        1 => new LiteralPattern(literals[0], gaps[0], null, false, literals[1]),
        2 when literals[1].Length > 0 => new LiteralPattern(literals[0], gaps[0], literals[1], gaps[1], literals[2]),
        _ => null,
    };

    private static bool Collect(Re2Node node, List<StringBuilder> literals, List<bool> gaps)
    {
        switch (Unwrap(node))
        {
            case LiteralNode { FoldCase: false, Rune: not (>= 0xD800 and < 0xE000) } literal:
                literals[^1].Append(char.ConvertFromUtf32(literal.Rune));
                return true;
            case RepeatNode { Inner: AnyNode { MatchesNewline: true }, Min: 0 or 1, Max: -1 } gap:
                gaps.Add(gap.Min == 1);
                literals.Add(new StringBuilder());
                return true;
            case ConcatNode concat:
                foreach (Re2Node part in concat.Parts)
                {
                    if (!Collect(part, literals, gaps))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return false;
        }
    }
}
