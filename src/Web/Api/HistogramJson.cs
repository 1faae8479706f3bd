using System.Buffers;
using Narthex.Model;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary>Writes native histograms as the API has them: count, sum, and the buckets that are not empty with their bounds.</summary>
internal static class HistogramJson
{
    // Which bounds belong to a bucket, in the API's code: the upper one, the lower one, both.
    private const int UpperInside = 0;
    private const int LowerInside = 1;
    private const int BothInside = 3;

    public static void Write(IBufferWriter<byte> output, FloatHistogram histogram)
    {
        output.Raw("{\"count\":"u8);
        output.SampleValue(histogram.Count);
        output.Raw(",\"sum\":"u8);
        output.SampleValue(histogram.Sum);

        bool any = false;
        WriteNegativeBuckets(output, histogram, ref any);
        // NaN is left out, as upstream's answers do.
        if (histogram.ZeroCount > 0)
        {
            WriteBucket(output, ref any, BothInside, -histogram.ZeroThreshold, histogram.ZeroThreshold, histogram.ZeroCount);
        }

        WritePositiveBuckets(output, histogram, ref any);
        output.Raw(any ? "]}"u8 : "}"u8);
    }

    private static void WriteNegativeBuckets(IBufferWriter<byte> output, FloatHistogram histogram, ref bool any)
    {
        // Ascending order of the bounds is descending order of the negative buckets' indexes.
        int[] indexes = Indexes(histogram.NegativeSpans, histogram.NegativeBuckets.Length);
        for (int i = indexes.Length - 1; i >= 0; i--)
        {
            if (histogram.NegativeBuckets[i] != 0)
            {
                double lower = -ExponentialBounds.Upper(indexes[i], histogram.Schema);
                double upper = Math.Min(-ExponentialBounds.Upper(indexes[i] - 1, histogram.Schema), -histogram.ZeroThreshold);
                WriteBucket(output, ref any, LowerInside, lower, upper, histogram.NegativeBuckets[i]);
            }
        }
    }

    private static void WritePositiveBuckets(IBufferWriter<byte> output, FloatHistogram histogram, ref bool any)
    {
        int[] indexes = Indexes(histogram.PositiveSpans, histogram.PositiveBuckets.Length);
        for (int i = 0; i < indexes.Length; i++)
        {
            if (histogram.PositiveBuckets[i] == 0)
            {
                continue;
            }

            double lower = LowerBound(histogram, indexes[i]);
            double upper = Bound(histogram, indexes[i]);
            int boundaries = double.IsNegativeInfinity(lower) ? BothInside : UpperInside;
            WriteBucket(output, ref any, boundaries, lower, upper, histogram.PositiveBuckets[i]);
        }
    }

    private static void WriteBucket(IBufferWriter<byte> output, ref bool any, int boundaries, double lower, double upper, double count)
    {
        output.Raw(any ? ",["u8 : ",\"buckets\":[["u8);
        any = true;
        output.Number(boundaries);
        output.Raw(","u8);
        output.SampleValue(lower);
        output.Raw(","u8);
        output.SampleValue(upper);
        output.Raw(","u8);
        output.SampleValue(count);
        output.Raw("]"u8);
    }

    private static int[] Indexes(HistogramSpan[] spans, int bucketCount)
    {
        int[] indexes = new int[bucketCount];
        int bucket = 0;
        int index = 0;
        foreach (HistogramSpan span in spans)
        {
            index += span.Offset;
            for (uint i = 0; i < span.Length && bucket < bucketCount; i++)
            {
                indexes[bucket++] = index++;
            }
        }

        return indexes;
    }

    // What lies in the zero bucket is no part of another.
    private static double LowerBound(FloatHistogram histogram, int index) =>
        histogram.UsesCustomBuckets ? Bound(histogram, index - 1) : Math.Max(Bound(histogram, index - 1), histogram.ZeroThreshold);

    private static double Bound(FloatHistogram histogram, int index) =>
        !histogram.UsesCustomBuckets ? ExponentialBounds.Upper(index, histogram.Schema)
        : index < 0 ? double.NegativeInfinity
        : index < histogram.CustomValues.Length ? histogram.CustomValues[index]
        : double.PositiveInfinity;
}
