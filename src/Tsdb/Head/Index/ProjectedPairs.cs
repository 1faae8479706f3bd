using System.Buffers;
using Narthex.Model;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Some of the labels of series: names are compared as the numbers of their symbols. For any number of threads.</summary>
internal sealed class ProjectedPairs
{
    private const int StackPairs = 128;

    private readonly HeadIndex _index;
    private readonly uint[] _names;

    /// <summary>Finds the symbols of a projection's names.</summary>
    public ProjectedPairs(HeadIndex index, LabelProjection projection)
    {
        _index = index;
        Projection = projection;
        var names = new List<uint>(projection.Names.Length);
        foreach (byte[] name in projection.Names)
        {
            // A name that is no symbol is on no series.
            if (index.Symbols.TryFind(name, out uint symbol))
            {
                names.Add(symbol);
            }
        }

        _names = [.. names];
    }

    /// <summary>What is picked.</summary>
    public LabelProjection Projection { get; }

    /// <summary>The picked labels of a series.</summary>
    public Labels GetLabels(uint series)
    {
        ReadOnlySpan<uint> pairs = _index.GetPairs(series);
        Span<uint> kept = pairs.Length <= StackPairs ? stackalloc uint[pairs.Length] : new uint[pairs.Length];
        return _index.ToLabels(kept[..Pick(pairs, kept)]);
    }

    /// <summary>Appends the picked labels of a series in their encoded form.</summary>
    public void WriteLabels(uint series, IBufferWriter<byte> output)
    {
        ReadOnlySpan<uint> pairs = _index.GetPairs(series);
        Span<uint> kept = pairs.Length <= StackPairs ? stackalloc uint[pairs.Length] : new uint[pairs.Length];
        _index.WriteLabels(kept[..Pick(pairs, kept)], output);
    }

    private int Pick(ReadOnlySpan<uint> pairs, Span<uint> kept)
    {
        int count = 0;
        foreach (uint pair in pairs)
        {
            if (_names.AsSpan().Contains(_index.Pairs.NameOf(pair)) == Projection.KeepsNamed)
            {
                kept[count++] = pair;
            }
        }

        return count;
    }
}
