using System.Text;
using Narthex.Model;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Index;

namespace Narthex.Tsdb;

/// <summary>Counts the head's series by labels. Reads the index without a lock: nobody waits for it.</summary>
internal static class HeadStatistics
{
    public static TsdbStatistics Collect(HeadStorage head, int limit)
    {
        HeadIndex index = head.Index;
        LabelPairs pairs = index.Pairs;
        var metrics = new Greatest(limit);
        var valueCounts = new Greatest(limit);
        var memory = new Greatest(limit);
        var pairCounts = new Greatest(limit);
        long pairCount = 0;
        int names = pairs.NameCount;
        for (int i = 0; i < names; i++)
        {
            LabelPairs.NameValues name = pairs.GetName(i);
            ReadOnlySpan<uint> ofName = name.Pairs;
            bool isMetricName = index.Symbols.Get(name.Name).SequenceEqual(LabelNames.MetricNameUtf8);
            long nameBytes = StoredBytes(index.Symbols.Get(name.Name).Length);
            long bytes = 0;
            foreach (uint pair in ofName)
            {
                long series = pairs.CountSeries(pair);
                bytes += (nameBytes + StoredBytes(index.Symbols.Get(pairs.ValueOf(pair)).Length)) * series;
                pairCounts.Add(pair, series);
                if (isMetricName)
                {
                    metrics.Add(pair, series);
                }
            }

            pairCount += ofName.Length;
            valueCounts.Add(name.Name, ofName.Length);
            memory.Add(name.Name, bytes);
        }

        string Text(uint symbol) => Encoding.UTF8.GetString(index.Symbols.Get(symbol));
        return new TsdbStatistics
        {
            SeriesCount = head.SeriesCount,
            LabelPairCount = pairCount,
            ChunkCount = head.ChunkCount,
            MinTimeMs = head.MinTimeMs,
            MaxTimeMs = head.MaxTimeMs,
            SeriesCountByMetricName = metrics.ToList(pair => Text(pairs.ValueOf(pair))),
            LabelValueCountByLabelName = valueCounts.ToList(Text),
            MemoryInBytesByLabelName = memory.ToList(Text),
            SeriesCountByLabelValuePair = pairCounts.ToList(pair => Text(pairs.NameOf(pair)) + "=" + Text(pairs.ValueOf(pair))),
        };
    }

    // As much as upstream needs: it keeps both texts with their length for each series. What we need tells nobody which label is expensive.
    private static long StoredBytes(int length) => length + (length < 255 ? 1 : 4);

    /// <summary>Keeps the greatest few of many.</summary>
    private sealed class Greatest(int limit)
    {
        private readonly PriorityQueue<uint, long> _least = new();

        public void Add(uint id, long value)
        {
            if (_least.Count < limit)
            {
                _least.Enqueue(id, value);
            }
            else if (limit > 0)
            {
                _least.EnqueueDequeue(id, value);
            }
        }

        public List<NamedNumber> ToList(Func<uint, string> nameOf)
        {
            var list = new List<NamedNumber>(_least.Count);
            foreach ((uint id, long value) in _least.UnorderedItems)
            {
                list.Add(new NamedNumber(nameOf(id), value));
            }

            list.Sort((left, right) => left.Value != right.Value ? right.Value.CompareTo(left.Value) : string.CompareOrdinal(left.Name, right.Name));
            return list;
        }
    }
}
