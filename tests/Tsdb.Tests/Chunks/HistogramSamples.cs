using Narthex.Model;

namespace Narthex.Tsdb.Tests.Chunks;

/// <summary>Makes histograms as an instrumented process would have them, one after the other.</summary>
internal sealed class HistogramSamples(Random random, HistogramKind kind)
{
    private readonly SortedDictionary<int, long> _positive = [];
    private readonly SortedDictionary<int, long> _negative = [];
    private int _schema = kind == HistogramKind.CustomBuckets ? FloatHistogram.CustomBucketsSchema : 3;
    private double _sum;

    public FloatHistogram Next()
    {
        if (kind == HistogramKind.Resetting && random.Next(25) == 0)
        {
            _positive.Clear();
            _negative.Clear();
        }

        if (kind == HistogramKind.Resetting && random.Next(60) == 0)
        {
            _schema = random.Next(-4, 9);
            _positive.Clear();
            _negative.Clear();
        }

        for (int i = random.Next(8); i > 0; i--)
        {
            int bucket = kind == HistogramKind.CustomBuckets ? random.Next(4) : (int)(random.NextDouble() * random.NextDouble() * 40) - 10;
            SortedDictionary<int, long> side = kind is HistogramKind.CustomBuckets || random.Next(3) > 0 ? _positive : _negative;
            side[bucket] = side.GetValueOrDefault(bucket) + random.Next(random.Next(50) == 0 ? 100_000 : 20);
            _sum += bucket * 0.7;
        }

        if (kind == HistogramKind.Gauge)
        {
            foreach (int gone in _positive.Keys.Where(_ => random.Next(10) == 0).ToArray())
            {
                _positive.Remove(gone);
            }
        }

        bool floats = kind == HistogramKind.Floats;
        double factor = floats ? 0.3 : 1;
        long zero = kind == HistogramKind.CustomBuckets ? 0 : 2;
        var histogram = new FloatHistogram
        {
            CounterResetHint = kind == HistogramKind.Gauge ? CounterResetHint.Gauge : CounterResetHint.Unknown,
            Schema = _schema,
            ZeroThreshold = kind switch { HistogramKind.CustomBuckets => 0, HistogramKind.Floats => 0.3, _ => Math.ScaleB(1, -128) },
            ZeroCount = zero * factor,
            Count = (zero + _positive.Values.Sum() + _negative.Values.Sum()) * factor,
            Sum = _sum,
            CustomValues = kind == HistogramKind.CustomBuckets ? [0.25, 1, 1 / 3.0 + 2] : [],
        };
        (histogram.PositiveSpans, histogram.PositiveBuckets) = Spans(_positive, factor);
        (histogram.NegativeSpans, histogram.NegativeBuckets) = Spans(_negative, factor);
        return histogram;
    }

    private static (HistogramSpan[] Spans, double[] Buckets) Spans(SortedDictionary<int, long> counts, double factor)
    {
        var spans = new List<HistogramSpan>();
        int next = 0;
        foreach (int bucket in counts.Keys)
        {
            if (spans.Count > 0 && bucket == next)
            {
                spans[^1] = spans[^1] with { Length = spans[^1].Length + 1 };
            }
            else
            {
                spans.Add(new HistogramSpan(bucket - next, 1));
            }

            next = bucket + 1;
        }

        return ([.. spans], [.. counts.Values.Select(count => count * factor)]);
    }
}

/// <summary>What is special about a series of histograms.</summary>
public enum HistogramKind
{
    /// <summary>Nothing: buckets fill and appear.</summary>
    Counter,

    /// <summary>It starts afresh and changes its resolution.</summary>
    Resetting,

    /// <summary>Counts are floats, the zero bucket has an odd width.</summary>
    Floats,

    /// <summary>Bounds of its own.</summary>
    CustomBuckets,

    /// <summary>Buckets come and go.</summary>
    Gauge,
}
