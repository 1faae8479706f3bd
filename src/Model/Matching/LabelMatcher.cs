using System.Text;

namespace Narthex.Model;

/// <summary>How a matcher compares.</summary>
public enum MatchType : byte
{
    /// <summary><c>=</c></summary>
    Equal,

    /// <summary><c>!=</c></summary>
    NotEqual,

    /// <summary><c>=~</c></summary>
    Regex,

    /// <summary><c>!~</c></summary>
    NotRegex,
}

/// <summary>A condition on one label. A label that is not there counts as one with an empty value.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class LabelMatcher : IEquatable<LabelMatcher>
{
    private readonly byte[] _valueUtf8;

    /// <summary>Makes a matcher.</summary>
    /// <exception cref="FormatException">The value is not a regular expression in RE2 syntax.</exception>
    public LabelMatcher(MatchType type, string name, string value)
    {
        Type = type;
        Name = name;
        Value = value;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
        _valueUtf8 = Encoding.UTF8.GetBytes(value);
        Regex = type is MatchType.Regex or MatchType.NotRegex ? LabelRegex.Parse(value) : null;
    }

    /// <summary>How it compares.</summary>
    public MatchType Type { get; }

    /// <summary>The label's name.</summary>
    public string Name { get; }

    /// <summary>What the label's value is compared with.</summary>
    public string Value { get; }

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> NameUtf8 { get; }

    /// <summary><see cref="Value"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> ValueUtf8 => _valueUtf8;

    /// <summary>The expression of <see cref="MatchType.Regex"/> and <see cref="MatchType.NotRegex"/>, otherwise null.</summary>
    public LabelRegex? Regex { get; }

    /// <summary>Whether a series without the label matches.</summary>
    public bool MatchesEmpty => Matches(default);

    /// <summary>Whether a value in UTF-8 matches.</summary>
    public bool Matches(ReadOnlySpan<byte> value) => Type switch
    {
        MatchType.Equal => value.SequenceEqual(_valueUtf8),
        MatchType.NotEqual => !value.SequenceEqual(_valueUtf8),
        MatchType.Regex => Regex!.IsMatch(value),
        _ => !Regex!.IsMatch(value),
    };

    /// <summary>The sign in PromQL.</summary>
    public static string Sign(MatchType type) => type switch
    {
        MatchType.Equal => "=",
        MatchType.NotEqual => "!=",
        MatchType.Regex => "=~",
        _ => "!~",
    };

    /// <summary>The matcher as in PromQL: <c>job=~"a|b"</c>.</summary>
    public override string ToString() =>
        (LabelNames.IsValidLegacy(Name) ? Name : GoQuote.Quote(Name)) + Sign(Type) + GoQuote.Quote(Value);

    /// <inheritdoc/>
    public bool Equals(LabelMatcher? other) => other is not null && Type == other.Type && Name == other.Name && Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelMatcher);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Name, Value);
}
