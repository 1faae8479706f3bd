using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Puts series in the order of their label sets.</summary>
/// <remarks>
/// Series share most of their label pairs, so texts are compared only to rank the pairs that occur. As many ranks as fit, from the first label on in which the
/// series differ, then make one number of each series, and the numbers are sorted.
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
        int distinct = RankPairs(index, series, ranks);
        int rankBits = BitOperations.Log2((uint)distinct) + 1;
        int[] differing = FindDiffering(index, series);
        int labelsInKey = Math.Min(differing.Length, 64 / rankBits);
        for (int i = 0; i < series.Length; i++)
        {
            keys[i] = KeyOf(index.GetPairs(series[i]), ranks, rankBits, differing.AsSpan(0, labelsInKey));
        }

        keys.AsSpan(0, series.Length).Sort(series);
        if (labelsInKey < differing.Length)
        {
            SortTies(index, keys, series);
        }

        ArrayPool<ulong>.Shared.Return(keys);
        ArrayPool<uint>.Shared.Return(ranks);
    }

    // Ranks begin at one: nothing comes before something.
    private static int RankPairs(HeadIndex index, ReadOnlySpan<uint> series, uint[] ranks)
    {
        var distinct = new List<uint>();
        foreach (uint one in series)
        {
            foreach (uint pair in index.GetPairs(one))
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

    // The places, counted from the first label, at which not all series have the same pair. A series that has ended there differs from one that has not.
    private static int[] FindDiffering(HeadIndex index, ReadOnlySpan<uint> series)
    {
        ReadOnlySpan<uint> first = index.GetPairs(series[0]);
        var differs = new List<bool>();
        CollectionsMarshal.SetCount(differs, first.Length);
        CollectionsMarshal.AsSpan(differs).Clear();
        foreach (uint one in series[1..])
        {
            ReadOnlySpan<uint> pairs = index.GetPairs(one);
            while (differs.Count < pairs.Length)
            {
                differs.Add(true);
            }

            Span<bool> places = CollectionsMarshal.AsSpan(differs);
            for (int i = 0; i < first.Length; i++)
            {
                places[i] |= i >= pairs.Length || pairs[i] != first[i];
            }
        }

        return [.. Enumerable.Range(0, differs.Count).Where(place => differs[place])];
    }

    private static ulong KeyOf(ReadOnlySpan<uint> pairs, uint[] ranks, int rankBits, ReadOnlySpan<int> places)
    {
        ulong key = 0;
        foreach (int place in places)
        {
            key = (key << rankBits) | (place < pairs.Length ? ranks[pairs[place]] : 0);
        }

        return key;
    }

    private static void SortTies(HeadIndex index, ulong[] keys, Span<uint> series)
    {
        Comparison<uint> compare = index.Compare;
        for (int start = 0; start < series.Length;)
        {
            int end = start + 1;
            while (end < series.Length && keys[end] == keys[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                series[start..end].Sort(compare);
            }

            start = end;
        }
    }
}
