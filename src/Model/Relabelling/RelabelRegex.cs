using System.Buffers;
using System.Text;

namespace Narthex.Model;

/// <summary>The expression of a relabelling rule: RE2 syntax, anchored at both ends, dots match newlines, with groups. Equal by its text.</summary>
public sealed class RelabelRegex : IEquatable<RelabelRegex>
{
    private const int StackChars = 256;

    private readonly Re2 _regex;

    private RelabelRegex(Re2 regex)
    {
        _regex = regex;
        MatchesAll = regex.Pattern is "(.*)" or ".*";
    }

    /// <summary>The expression where none is given: everything, in one group.</summary>
    public static RelabelRegex Default { get; } = Parse("(.*)");

    /// <summary>The expression as written.</summary>
    public string Pattern => _regex.Pattern;

    private bool MatchesAll { get; }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="FormatException">It is not RE2 syntax. The message names the fault as upstream does.</exception>
    public static RelabelRegex Parse(string pattern) => new(Re2.Parse(pattern));

    /// <summary>Whether the whole value in UTF-8 matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> value)
    {
        if (MatchesAll)
        {
            return true;
        }

        char[]? rented = value.Length > StackChars ? ArrayPool<char>.Shared.Rent(value.Length) : null;
        Span<char> chars = rented ?? stackalloc char[StackChars];
        bool matches = _regex.IsMatch(chars[..Encoding.UTF8.GetChars(value, chars)]);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return matches;
    }

    /// <summary>The template with what the groups matched filled in; null if the value does not match.</summary>
    public byte[]? Expand(ReadOnlySpan<byte> value, string template) =>
        _regex.Expand(Encoding.UTF8.GetString(value), template) is { } text ? Encoding.UTF8.GetBytes(text) : null;

    /// <inheritdoc/>
    public bool Equals(RelabelRegex? other) => other is not null && Pattern == other.Pattern;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RelabelRegex);

    /// <inheritdoc/>
    public override int GetHashCode() => Pattern.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Pattern;
}
