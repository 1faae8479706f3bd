using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Narthex.Model;

/// <summary>An immutable map from names to values, sorted by name, that equals another with equal entries.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "Pairs with EquatableList.")]
public sealed class EquatableMap<TValue> : IReadOnlyDictionary<string, TValue>, IEquatable<EquatableMap<TValue>>
{
    private readonly SortedList<string, TValue> _entries;

    /// <summary>Copies the entries.</summary>
    /// <exception cref="ArgumentException">A name stands twice.</exception>
    public EquatableMap(IEnumerable<KeyValuePair<string, TValue>> entries)
    {
        _entries = new SortedList<string, TValue>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, TValue> entry in entries)
        {
            _entries.Add(entry.Key, entry.Value);
        }
    }

    /// <summary>The map without entries.</summary>
    public static EquatableMap<TValue> Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _entries.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _entries.Keys;

    /// <inheritdoc/>
    public IEnumerable<TValue> Values => _entries.Values;

    /// <inheritdoc/>
    public TValue this[string key] => _entries[key];

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _entries.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value) => _entries.TryGetValue(key, out value);

    /// <summary>Walks the entries in order of their names.</summary>
    public IEnumerator<KeyValuePair<string, TValue>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(EquatableMap<TValue>? other) => other is not null && _entries.SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as EquatableMap<TValue>);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (KeyValuePair<string, TValue> entry in _entries)
        {
            hash.Add(entry.Key);
            hash.Add(entry.Value);
        }

        return hash.ToHashCode();
    }
}
