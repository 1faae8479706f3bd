using System.Buffers;
using System.Numerics;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Puts series in the order of their label sets.</summary>
/// <remarks>
/// Series share most of their label pairs, so texts are compared only to rank the pairs that occur. As many ranks as fit, from the first label on, then make
/// one number of each series, and the numbers are sorted.
/// </remarks>
internal static class SeriesOrder
{
    // Clearing the ranks of all pairs of the index must not cost more than the comparisons that they save.
    private const int PairsPerSeriesMax = 32;

    /// <summary>Sorts series as <see cref="HeadIndex.Compare"/> orders them.</summary>
    public static void Sort(HeadIndex index, Span<uint> series)
    {
        int pairCount = index.Pairs.Count;
        if (series.Length < 2 || pairCount / PairsPerSeriesMax > series.Length)
        {
            series.Sort(index.Compare);
            return;
        }

        uint[] ranks = ArrayPool<uint>.Shared.Rent(pairCount);
        ranks.AsSpan(0, pairCount).Clear();
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(series.Length);
        int distinct = RankPairs(index, series, ranks, out int labelsMax);
        int rankBits = BitOperations.Log2((uint)distinct) + 1;
        int labelsInKey = Math.Min(labelsMax, 64 / rankBits);
        for (int i = 0; i < series.Length; i++)
        {
            keys[i] = KeyOf(index.GetPairs(series[i]), ranks, rankBits, labelsInKey);
        }

        keys.AsSpan(0, series.Length).Sort(series);
        if (labelsInKey < labelsMax)
        {
            SortTies(index, keys, series);
        }

        ArrayPool<ulong>.Shared.Return(keys);
        ArrayPool<uint>.Shared.Return(ranks);
    }

    // Ranks begin at one: nothing comes before something.
    private static int RankPairs(HeadIndex index, ReadOnlySpan<uint> series, uint[] ranks, out int labelsMax)
    {
        var distinct = new List<uint>();
        labelsMax = 0;
        foreach (uint one in series)
        {
            ReadOnlySpan<uint> pairs = index.GetPairs(one);
            labelsMax = Math.Max(labelsMax, pairs.Length);
            foreach (uint pair in pairs)
            {
                if (ranks[pair] == 0)
                {
                    ranks[pair] = 1;
                    distinct.Add(pair);
                }
            }
        }

        distinct.Sort(index.ComparePairs);
        for (int i = 0; i < distinct.Count; i++)
        {
            ranks[distinct[i]] = (uint)i + 1;
        }

        return distinct.Count;
    }

    private static ulong KeyOf(ReadOnlySpan<uint> pairs, uint[] ranks, int rankBits, int labels)
    {
        ulong key = 0;
        for (int i = 0; i < labels; i++)
        {
            key = (key << rankBits) | (i < pairs.Length ? ranks[pairs[i]] : 0);
        }

        return key;
    }

    private static void SortTies(HeadIndex index, ulong[] keys, Span<uint> series)
    {
        for (int start = 0; start < series.Length;)
        {
            int end = start + 1;
            while (end < series.Length && keys[end] == keys[start])
            {
                end++;
            }

            series[start..end].Sort(index.Compare);
            start = end;
        }
    }
}
