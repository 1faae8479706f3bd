using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Makes one native histogram with custom buckets of the series of a classic one, which come in any order.</summary>
/// <remarks>Reusable: <see cref="Reset"/> begins a new one. What is wrong with the series is said by <see cref="TryConvert"/>.</remarks>
internal sealed class ClassicHistogramCollector
{
    // An integer histogram keeps gaps up to this length, so that its chunk need not be rewritten when a bucket gets its first observation.
    private const int EmptyBucketsMax = 2;

    private readonly List<Bucket> _buckets = [];
    private double? _count;
    private double _sum;
    private string? _fault;

    private readonly record struct Bucket(double UpperBound, double CumulativeCount);

    /// <summary>Begins a new histogram.</summary>
    public void Reset()
    {
        _buckets.Clear();
        _count = null;
        _sum = 0;
        _fault = null;
    }

    /// <summary>Takes a bucket; a second one with the same bound is passed over.</summary>
    public void AddBucket(double upperBound, double cumulativeCount)
    {
        if (double.IsNaN(upperBound) || cumulativeCount < 0)
        {
            _fault ??= double.IsNaN(upperBound)
                ? "bucket boundary must not be NaN"
                : $"bucket count must be non-negative: le={FloatFormat.FormatGeneral(upperBound)}, count={FloatFormat.FormatGeneral(cumulativeCount)}";
            return;
        }

        int index = FindPlace(upperBound);

        if (index < _buckets.Count && _buckets[index].UpperBound == upperBound)
        {
            return;
        }

        if (index > 0 && cumulativeCount < _buckets[index - 1].CumulativeCount)
        {
            _fault ??= $"count is not cumulative: {FloatFormat.FormatGeneral(cumulativeCount)} < {FloatFormat.FormatGeneral(_buckets[index - 1].CumulativeCount)}";
        }
        else if (index < _buckets.Count && cumulativeCount > _buckets[index].CumulativeCount)
        {
            _fault ??= $"count is not cumulative: {FloatFormat.FormatGeneral(cumulativeCount)} > {FloatFormat.FormatGeneral(_buckets[index].CumulativeCount)}";
        }

        _buckets.Insert(index, new Bucket(upperBound, cumulativeCount));
    }

    /// <summary>Takes the number of all observations.</summary>
    public void SetCount(double count)
    {
        if (count < 0)
        {
            _fault ??= $"count must be non-negative: count={FloatFormat.FormatGeneral(count)}";
        }

        _count = count;
    }

    /// <summary>Takes the sum of all observations.</summary>
    public void SetSum(double sum) => _sum = sum;

    /// <summary>The histogram, or what keeps the series from being one.</summary>
    public bool TryConvert(out FloatHistogram histogram, out string fault)
    {
        histogram = null!;
        fault = _fault ?? "";
        if (_fault is not null)
        {
            return false;
        }

        double count = _count ?? (_buckets.Count > 0 ? _buckets[^1].CumulativeCount : 0);
        if (_buckets.Count == 0 || !double.IsPositiveInfinity(_buckets[^1].UpperBound))
        {
            // The last bucket may be left out: the count says how much is in it.
            _buckets.Add(new Bucket(double.PositiveInfinity, count));
        }

        double last = _buckets[^1].CumulativeCount;
        if (count != last)
        {
            fault = $"count mismatch: count={FloatFormat.FormatGeneral(count)} != le=+Inf count={FloatFormat.FormatGeneral(last)}";
            return false;
        }

        histogram = Build(count);
        return true;
    }

    private FloatHistogram Build(double count)
    {
        double[] bounds = new double[_buckets.Count - 1];
        double[] counts = new double[_buckets.Count];
        bool isInteger = double.IsInteger(count);
        double previous = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            double cumulative = _buckets[i].CumulativeCount;
            counts[i] = cumulative - previous;
            isInteger &= double.IsInteger(cumulative);
            previous = cumulative;
            if (i < bounds.Length)
            {
                bounds[i] = _buckets[i].UpperBound;
            }
        }

        var histogram = new FloatHistogram
        {
            Schema = FloatHistogram.CustomBucketsSchema,
            Count = count,
            Sum = _sum,
            CustomValues = bounds,
        };
        Compact(counts, isInteger ? EmptyBucketsMax : 0, histogram);
        return histogram;
    }

    // Nearly always they come in order.
    private int FindPlace(double upperBound)
    {
        int low = _buckets.Count > 0 && _buckets[^1].UpperBound < upperBound ? _buckets.Count : 0;
        int high = _buckets.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_buckets[middle].UpperBound < upperBound)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    // Leaves out empty buckets at both ends, and runs of them that are longer than some in between.
    private static void Compact(double[] counts, int emptyMax, FloatHistogram histogram)
    {
        var spans = new List<HistogramSpan>();
        var buckets = new List<double>(counts.Length);
        int behind = 0; // Behind the last span.
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] == 0)
            {
                continue;
            }

            int gap = i - behind;
            if (spans.Count > 0 && gap <= emptyMax)
            {
                buckets.AddRange(counts.AsSpan(behind, gap));
                spans[^1] = spans[^1] with { Length = spans[^1].Length + (uint)gap + 1 };
            }
            else
            {
                spans.Add(new HistogramSpan(gap, 1));
            }

            buckets.Add(counts[i]);
            behind = i + 1;
        }

        histogram.PositiveSpans = [.. spans];
        histogram.PositiveBuckets = [.. buckets];
    }
}
