using System.Globalization;
using System.Text.Json;
using Narthex.Model;

namespace Narthex.Promtool.Backtesting;

/// <summary>Makes native histograms of one series of what the API shows of them: the bounds and counts of their buckets.</summary>
/// <remarks>
/// The API does not name the schema. Bounds of the exponential schemas are powers of two with a known distance, so that they name it; bounds that are
/// not belong to custom buckets, and all points of a series then get the bounds that any of them shows. Empty buckets are not shown, and are not needed.
/// </remarks>
internal sealed class ApiHistograms
{
    private const int SchemaMin = -4;
    private const int SchemaMax = 8;

    private readonly List<Point> _points = [];

    private sealed record Bucket(double Lower, double Upper, double Count);

    private sealed record Point(long TimestampMs, double Count, double Sum, List<Bucket> Buckets);

    /// <summary>Takes a point: time and histogram.</summary>
    public void Add(JsonElement point)
    {
        JsonElement histogram = point[1];
        var buckets = new List<Bucket>();
        if (histogram.TryGetProperty("buckets", out JsonElement shown))
        {
            buckets.AddRange(shown.EnumerateArray().Select(bucket => new Bucket(NumberOf(bucket[1]), NumberOf(bucket[2]), NumberOf(bucket[3]))));
        }

        _points.Add(new Point(PastData.TimeOf(point), NumberOf(histogram.GetProperty("count")), NumberOf(histogram.GetProperty("sum")), buckets));
    }

    /// <summary>The points as histograms.</summary>
    public IEnumerable<(long TimestampMs, FloatHistogram Histogram)> Read()
    {
        Bucket[] all = [.. _points.SelectMany(point => point.Buckets)];
        if (all.Any(bucket => !IsZero(bucket) && SchemaOf(bucket) is null))
        {
            double[] bounds = [.. all.SelectMany(bucket => new[] { bucket.Lower, bucket.Upper }).Where(double.IsFinite).Distinct().Order()];
            return _points.Select(point => (point.TimestampMs, Custom(point, bounds)));
        }

        // Where a point shows no bucket, that of the series' others is as good as any.
        int schema = all.Where(bucket => !IsZero(bucket)).Select(SchemaOf).FirstOrDefault() ?? 0;
        double zeroThreshold = all.Where(IsZero).Select(bucket => bucket.Upper).FirstOrDefault();
        return _points.Select(point => (point.TimestampMs, Exponential(point, schema, zeroThreshold)));
    }

    private static FloatHistogram Custom(Point point, double[] bounds)
    {
        var counts = new SortedDictionary<int, double>();
        foreach (Bucket bucket in point.Buckets)
        {
            counts[double.IsFinite(bucket.Upper) ? Array.BinarySearch(bounds, bucket.Upper) : bounds.Length] = bucket.Count;
        }

        (HistogramSpan[] spans, double[] values) = Layout(counts);
        return new FloatHistogram
        {
            Schema = FloatHistogram.CustomBucketsSchema,
            Count = point.Count,
            Sum = point.Sum,
            CustomValues = bounds,
            PositiveSpans = spans,
            PositiveBuckets = values,
        };
    }

    private static FloatHistogram Exponential(Point point, int schema, double zeroThreshold)
    {
        var histogram = new FloatHistogram { Schema = schema, Count = point.Count, Sum = point.Sum, ZeroThreshold = zeroThreshold };
        var positive = new SortedDictionary<int, double>();
        var negative = new SortedDictionary<int, double>();
        foreach (Bucket bucket in point.Buckets)
        {
            if (IsZero(bucket))
            {
                histogram.ZeroThreshold = bucket.Upper;
                histogram.ZeroCount = bucket.Count;
                continue;
            }

            // The resolution may change from point to point.
            histogram.Schema = SchemaOf(bucket)!.Value;
            bool isPositive = bucket.Upper > 0;
            double end = isPositive ? bucket.Upper : -bucket.Lower;
            (isPositive ? positive : negative)[(int)Math.Round(Math.ScaleB(Log2(end), histogram.Schema))] = bucket.Count;
        }

        (histogram.PositiveSpans, histogram.PositiveBuckets) = Layout(positive);
        (histogram.NegativeSpans, histogram.NegativeBuckets) = Layout(negative);
        return histogram;
    }

    private static (HistogramSpan[] Spans, double[] Counts) Layout(SortedDictionary<int, double> counts)
    {
        var spans = new List<HistogramSpan>();
        int next = 0;
        foreach (int index in counts.Keys)
        {
            if (spans.Count > 0 && index == next)
            {
                spans[^1] = spans[^1] with { Length = spans[^1].Length + 1 };
            }
            else
            {
                spans.Add(new HistogramSpan(index - next, 1));
            }

            next = index + 1;
        }

        return ([.. spans], [.. counts.Values]);
    }

    private static bool IsZero(Bucket bucket) => double.IsFinite(bucket.Lower) && bucket.Lower <= 0 && bucket.Upper >= 0 && bucket.Lower == -bucket.Upper;

    // A bucket of schema s reaches from one power of two to the one 2^-s further, and ends at a multiple of that distance.
    private static int? SchemaOf(Bucket bucket)
    {
        (double low, double high) = bucket.Upper > 0 ? (bucket.Lower, bucket.Upper) : (-bucket.Upper, -bucket.Lower);
        if (low <= 0 || double.IsInfinity(low))
        {
            return null;
        }

        double width = Log2(high) - Log2(low);
        for (int schema = SchemaMin; schema <= SchemaMax; schema++)
        {
            double place = Math.ScaleB(Log2(high), schema);
            if (Math.Abs(Math.ScaleB(width, schema) - 1) < 1e-6 && Math.Abs(place - Math.Round(place)) < 1e-6)
            {
                return schema;
            }
        }

        return null;
    }

    // The last bucket ends at the largest number, which stands for the power of two behind it.
    private static double Log2(double bound) => double.IsInfinity(bound) || bound == double.MaxValue ? 1024 : Math.Log2(bound);

    private static double NumberOf(JsonElement number) => number.GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        string text => double.Parse(text, CultureInfo.InvariantCulture),
        null => 0,
    };
}
