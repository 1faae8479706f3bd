using System.Globalization;
using Narthex.Model;

namespace Narthex.Exposition.Protobuf;

/// <summary>What a native histogram must keep to be stored. A scrape with one that does not fails as a whole, as it does upstream.</summary>
internal static class NativeHistogramRules
{
    private const int SchemaMin = -4;
    private const int SchemaMax = 52; // Finer than what is stored; the scrape makes them coarser.

    /// <summary>What is wrong with a histogram whose spans fit its buckets; null if nothing is.</summary>
    public static string? FindFault(FloatHistogram histogram, bool hasIntegerCounts)
    {
        if (histogram.Schema is < SchemaMin or > SchemaMax)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema {histogram.Schema}");
        }

        return FindFault("negative", histogram.NegativeSpans, histogram.NegativeBuckets, out double negative)
            ?? FindFault("positive", histogram.PositiveSpans, histogram.PositiveBuckets, out double positive)
            ?? (hasIntegerCounts ? FindCountFault(histogram, negative + positive + histogram.ZeroCount) : null);
    }

    private static string? FindFault(string side, HistogramSpan[] spans, double[] buckets, out double sum)
    {
        sum = 0;
        for (int i = 1; i < spans.Length; i++)
        {
            if (spans[i].Offset < 0)
            {
                return $"{side} side: span number {i + 1} with offset {spans[i].Offset}: histogram has a span whose offset is negative";
            }
        }

        for (int i = 0; i < buckets.Length; i++)
        {
            if (buckets[i] < 0)
            {
                return $"{side} side: bucket number {i + 1} has observation count of {FloatFormat.FormatGeneral(buckets[i])}: histogram has a bucket whose observation count is negative";
            }

            sum += buckets[i];
        }

        return null;
    }

    // Observations that are not a number are counted, but lie in no bucket.
    private static string? FindCountFault(FloatHistogram histogram, double inBuckets)
    {
        string what = $"{FloatFormat.FormatPlain(inBuckets)} observations found in buckets, but the Count field is {FloatFormat.FormatPlain(histogram.Count)}";
        return double.IsNaN(histogram.Sum)
            ? inBuckets > histogram.Count
                ? what + ": histogram's observation count should be at least the number of observations found in the buckets"
                : null
            : inBuckets != histogram.Count
                ? what + ": histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)"
                : null;
    }
}
