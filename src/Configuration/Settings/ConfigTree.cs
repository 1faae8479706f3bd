using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>A piece of configuration that is kept as it was written, equal by value.</summary>
public abstract record ConfigTree;

/// <summary>Text, a number or a truth value, as written.</summary>
/// <param name="Text">The text; null for a null.</param>
/// <param name="IsText">Whether it is text: then it is printed in quotes where it looks like a number or a truth value.</param>
public sealed record ConfigScalar(string? Text, bool IsText) : ConfigTree;

/// <summary>A value that must not be shown.</summary>
/// <param name="Value">The value.</param>
public sealed record ConfigSecret(Secret Value) : ConfigTree;

/// <summary>A list.</summary>
/// <param name="Items">The items.</param>
/// <param name="IsFlow">Whether it is printed on one line.</param>
public sealed record ConfigSequence(EquatableList<ConfigTree> Items, bool IsFlow = false) : ConfigTree;

/// <summary>Keys and values.</summary>
/// <param name="Entries">The entries in the order written.</param>
public sealed record ConfigMapping(EquatableList<ConfigEntry> Entries) : ConfigTree;

/// <summary>One key of a mapping.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
public sealed record ConfigEntry(string Key, ConfigTree Value);
