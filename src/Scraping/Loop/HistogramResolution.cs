using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>How fine the buckets of native histograms may be, and how many there may be.</summary>
internal static class HistogramResolution
{
    /// <summary>The finest resolution that is stored.</summary>
    public const int Finest = 8;

    private const int Coarsest = -4;
    private const int ShiftMax = 31; // What one step of coarsening can do with indexes of 32 bits.

    /// <summary>The finest resolution whose buckets grow by at least this factor from one to the next.</summary>
    public static int OfBucketFactor(double factor) =>
        factor <= 1 ? Finest : (int)Math.Clamp(Math.Floor(-Math.Log2(Math.Log2(factor))), Coarsest, Finest);

    /// <summary>The histogram at no more than this resolution and with no more buckets than that (0: no limit). False if it cannot be had.</summary>
    public static bool TryFit(ref FloatHistogram histogram, int schemaMax, long bucketsMax)
    {
        if (histogram.UsesCustomBuckets)
        {
            return bucketsMax <= 0 || Buckets(histogram) <= bucketsMax;
        }

        while (histogram.Schema > schemaMax)
        {
            histogram = histogram.CopyToSchema(Math.Max(schemaMax, histogram.Schema - ShiftMax));
        }

        while (bucketsMax > 0 && Buckets(histogram) > bucketsMax)
        {
            if (histogram.Schema <= Coarsest)
            {
                return false;
            }

            histogram = histogram.CopyToSchema(histogram.Schema - 1);
        }

        return true;
    }

    private static long Buckets(FloatHistogram histogram) => (long)histogram.PositiveBuckets.Length + histogram.NegativeBuckets.Length;
}
