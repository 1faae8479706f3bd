namespace Narthex.HttpClients;

/// <summary>Text that must not be shown: it prints as <c>&lt;secret&gt;</c>. Ask <see cref="Reveal"/> where it is used.</summary>
public readonly struct Secret(string value) : IEquatable<Secret>
{
    /// <summary>What stands for a secret wherever configuration is shown.</summary>
    public const string Mask = "<secret>";

    private readonly string? _value = value;

    /// <summary>Whether there is no secret.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(_value);

    /// <summary>The text itself.</summary>
    public string Reveal() => _value ?? "";

    /// <summary>The mask, or nothing for an empty secret.</summary>
    public override string ToString() => IsEmpty ? "" : Mask;

    /// <inheritdoc/>
    public bool Equals(Secret other) => Reveal() == other.Reveal();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Secret other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Reveal().GetHashCode(StringComparison.Ordinal);

    /// <summary>Equal texts.</summary>
    public static bool operator ==(Secret left, Secret right) => left.Equals(right);

    /// <summary>Different texts.</summary>
    public static bool operator !=(Secret left, Secret right) => !left.Equals(right);
}
