using System.Text;

namespace Narthex.Model;

/// <summary>One relabelling rule. Immutable; equal rules are equal by value.</summary>
public sealed record RelabelConfig
{
    /// <summary>The separator where none is given.</summary>
    public const string DefaultSeparator = ";";

    /// <summary>The replacement where none is given.</summary>
    public const string DefaultReplacement = "$1";

    /// <summary>The labels whose values, joined, are the rule's source.</summary>
    public EquatableList<string> SourceLabels
    {
        get;
        init
        {
            field = value;
            SourceLabelsUtf8 = [.. value.Select(Encoding.UTF8.GetBytes)];
        }
    }

    = [];

    /// <summary>What stands between the joined values.</summary>
    public string Separator
    {
        get;
        init
        {
            field = value;
            SeparatorUtf8 = Encoding.UTF8.GetBytes(value);
        }
    }

    = DefaultSeparator;

    /// <summary>What the source, or the label's name, is matched against.</summary>
    public RelabelRegex Regex { get; init; } = RelabelRegex.Default;

    /// <summary>For <see cref="RelabelAction.HashMod"/>.</summary>
    public ulong Modulus { get; init; }

    /// <summary>The label that is set or compared.</summary>
    public string TargetLabel
    {
        get;
        init
        {
            field = value;
            TargetLabelUtf8 = Encoding.UTF8.GetBytes(value);
        }
    }

    = "";

    /// <summary>The new value, with <c>$1</c>, <c>${1}</c> and <c>${name}</c> for what the groups matched.</summary>
    public string Replacement
    {
        get;
        init
        {
            field = value;
            ReplacementUtf8 = Encoding.UTF8.GetBytes(value);
        }
    }

    = DefaultReplacement;

    /// <summary>What the rule does.</summary>
    public RelabelAction Action { get; init; }

    /// <summary>Which label names it may set.</summary>
    public NameValidationScheme NameValidation { get; init; }

    internal byte[][] SourceLabelsUtf8 { get; private init; } = [];

    internal byte[] SeparatorUtf8 { get; private init; } = ";"u8.ToArray();

    internal byte[] TargetLabelUtf8 { get; private init; } = [];

    internal byte[] ReplacementUtf8 { get; private init; } = "$1"u8.ToArray();

    /// <summary>Whether the target label refers to no group.</summary>
    internal bool TargetIsLiteral => !TargetLabelUtf8.AsSpan().Contains((byte)'$');

    /// <summary>Whether the replacement refers to no group.</summary>
    internal bool ReplacementIsLiteral => !ReplacementUtf8.AsSpan().Contains((byte)'$');

    /// <summary>Whether the rule copies the source as it is: the first group of the default expression.</summary>
    internal bool ReplacementIsSource => Replacement is "$1" or "${1}" && Regex.Pattern == "(.*)";

    /// <inheritdoc/>
    public bool Equals(RelabelConfig? other) =>
        other is not null && SourceLabels.Equals(other.SourceLabels) && Separator == other.Separator && Regex.Equals(other.Regex)
        && Modulus == other.Modulus && TargetLabel == other.TargetLabel && Replacement == other.Replacement
        && Action == other.Action && NameValidation == other.NameValidation;

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(SourceLabels, Separator, Regex, Modulus, TargetLabel, Replacement, Action, NameValidation);
}
