using Narthex.Model;

namespace Narthex.Tsdb.Blocks;

/// <summary>Collects the strings of label sets in memory and walks them in order: for sources that have no sorted symbols of their own.</summary>
public sealed class SymbolCollector
{
    private readonly HashSet<byte[]> _symbols = new(BytesComparer.Instance);
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <summary>Makes an empty one.</summary>
    public SymbolCollector() => _lookup = _symbols.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Adds a string.</summary>
    public void Add(ReadOnlySpan<byte> symbol) => _lookup.Add(symbol);

    /// <summary>Adds all names and values.</summary>
    public void Add(Labels labels)
    {
        foreach (LabelPair pair in labels)
        {
            _lookup.Add(pair.Name);
            _lookup.Add(pair.Value);
        }
    }

    /// <summary>Walks what was collected.</summary>
    public ISymbolCursor Open()
    {
        byte[][] sorted = [.. _symbols];
        Array.Sort(sorted, static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return new Cursor(sorted);
    }

    private sealed class Cursor(byte[][] symbols) : ISymbolCursor
    {
        private int _index = -1;

        public ReadOnlySpan<byte> Current => symbols[_index];

        public bool MoveNext() => ++_index < symbols.Length;

        public void Dispose()
        {
        }
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly BytesComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => (int)XxHash64.Hash(obj);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash64.Hash(alternate);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
