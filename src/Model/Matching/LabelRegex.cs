using System.Buffers;
using System.Text;
using Narthex.Model.Re2Syntax;

namespace Narthex.Model;

/// <summary>A regular expression in RE2 syntax over label values, anchored at both ends; the dot matches newlines too.</summary>
/// <remarks>
/// Most expressions in practice are alternatives of literals, prefixes and suffixes. Those are matched as bytes,
/// without the regular expression engine and without allocation. Immutable and safe to share between threads.
/// </remarks>
public sealed class LabelRegex
{
    private const int StackCharsMax = 256;

    private readonly LiteralPattern[]? _patterns;
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _set;
    private readonly bool _isSet;
    private readonly Re2? _engine;

    private LabelRegex(string pattern, Re2Node node)
    {
        Pattern = pattern;
        node = WithoutOuterAnchors(node);
        if (LiteralExpansion.Expand(node) is { } literals)
        {
            SetMatches = literals;
            _isSet = true;
            _set = new HashSet<byte[]>(literals.Select(Encoding.UTF8.GetBytes), ByteSequenceComparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();
            return;
        }

        _patterns = LiteralPattern.TryBuild(node);
        if (_patterns is null)
        {
            // Built at once: an expression too large for the engine must fail here, not at the first match.
            _engine = new Re2(pattern, node);
        }
    }

    /// <summary>The expression as written.</summary>
    public string Pattern { get; }

    /// <summary>The only values that match, if the expression is a literal or a short alternation of literals; otherwise empty.</summary>
    public IReadOnlyList<string> SetMatches { get; } = [];

    /// <summary>Whether matching runs without the regular expression engine.</summary>
    internal bool IsFast => _engine is null;

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax. The message names the fault as upstream does.</exception>
    public static LabelRegex Parse(string pattern) => new(pattern, Re2Parser.Parse(pattern));

    /// <summary>Whether the whole value in UTF-8 matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> value)
    {
        if (_isSet)
        {
            return _set.Contains(value);
        }

        if (_patterns is not null)
        {
            foreach (LiteralPattern pattern in _patterns)
            {
                if (pattern.IsMatch(value))
                {
                    return true;
                }
            }

            return false;
        }

        return IsEngineMatch(value);
    }

    // The whole is anchored anyway, so "^foo$" is as good as "foo".
    private static Re2Node WithoutOuterAnchors(Re2Node node)
    {
        if (node is not ConcatNode concat)
        {
            return node;
        }

        int start = concat.Parts.Count > 0 && concat.Parts[0] is AnchorNode { Kind: AnchorKind.BeginText } ? 1 : 0;
        int end = concat.Parts.Count > start && concat.Parts[^1] is AnchorNode { Kind: AnchorKind.EndText } ? concat.Parts.Count - 1 : concat.Parts.Count;
        return start == 0 && end == concat.Parts.Count ? node : new ConcatNode([.. concat.Parts.Skip(start).Take(end - start)]);
    }

    private bool IsEngineMatch(ReadOnlySpan<byte> value)
    {
        char[]? rented = value.Length > StackCharsMax ? ArrayPool<char>.Shared.Rent(value.Length) : null;
        Span<char> chars = rented ?? stackalloc char[StackCharsMax];
        int length = Encoding.UTF8.GetChars(value, chars);
        bool isMatch = _engine!.IsMatch(chars[..length]);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return isMatch;
    }
}
