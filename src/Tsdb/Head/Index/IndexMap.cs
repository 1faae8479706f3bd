namespace Narthex.Tsdb.Head.Index;

/// <summary>Which pairs and symbols of a new index stand for those of an old one, as far as they were needed.</summary>
internal sealed class IndexMap
{
    /// <summary>Not needed yet.</summary>
    public const uint None = uint.MaxValue;

    private uint[] _pairs = [];
    private uint[] _symbols = [];

    /// <summary>The new pair for an old one.</summary>
    public ref uint PairOf(uint pair) => ref At(ref _pairs, pair);

    /// <summary>The new symbol for an old one.</summary>
    public ref uint SymbolOf(uint symbol) => ref At(ref _symbols, symbol);

    private static ref uint At(ref uint[] map, uint index)
    {
        if (index >= map.Length)
        {
            int length = map.Length;
            Array.Resize(ref map, (int)Math.Max(1024, (index + 1) * 5L / 4));
            map.AsSpan(length).Fill(None);
        }

        return ref map[index];
    }
}
