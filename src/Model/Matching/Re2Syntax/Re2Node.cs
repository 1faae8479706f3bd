namespace Narthex.Model.Re2Syntax;

/// <summary>A piece of a parsed regular expression.</summary>
internal abstract record Re2Node;

/// <summary>One code point; with <paramref name="FoldCase"/> any of its case variants.</summary>
internal sealed record LiteralNode(int Rune, bool FoldCase) : Re2Node;

/// <summary>Any one code point of a set.</summary>
internal sealed record ClassNode(RuneSet Set) : Re2Node;

/// <summary>Any one code point; <paramref name="MatchesNewline"/> tells whether a newline is one.</summary>
internal sealed record AnyNode(bool MatchesNewline) : Re2Node;

internal enum AnchorKind
{
    BeginText,
    EndText,
    BeginLine,
    EndLine,
    WordBoundary,
    NoWordBoundary,
}

/// <summary>A condition on the place.</summary>
internal sealed record AnchorNode(AnchorKind Kind) : Re2Node;

/// <summary>A capture group; groups count from 1.</summary>
internal sealed record CaptureNode(int Index, string? Name, Re2Node Inner) : Re2Node;

/// <summary>Repetition; <paramref name="Max"/> of -1 means without limit.</summary>
internal sealed record RepeatNode(Re2Node Inner, int Min, int Max, bool Greedy) : Re2Node;

/// <summary>One after the other; empty matches the empty text.</summary>
internal sealed record ConcatNode(IReadOnlyList<Re2Node> Parts) : Re2Node;

/// <summary>One of several, the first that fits.</summary>
internal sealed record AlternateNode(IReadOnlyList<Re2Node> Options) : Re2Node;
