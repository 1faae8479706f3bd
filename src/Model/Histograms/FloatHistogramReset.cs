namespace Narthex.Model;

public sealed partial class FloatHistogram
{
    /// <summary>Whether a counter was reset between <paramref name="previous"/> and this. The hint decides if it knows.</summary>
    public bool DetectReset(FloatHistogram previous)
    {
        if (CounterResetHint == CounterResetHint.CounterReset)
        {
            return true;
        }

        if (CounterResetHint == CounterResetHint.NotCounterReset)
        {
            return false;
        }

        if (Count < previous.Count || UsesCustomBuckets != previous.UsesCustomBuckets)
        {
            return true;
        }

        if (UsesCustomBuckets)
        {
            if (CustomValues.AsSpan().SequenceEqual(previous.CustomValues))
            {
                return AnyFell(Positive, previous.Positive);
            }

            double[] common = CommonBounds(CustomValues, previous.CustomValues);
            return AnyFell(Positive.Rebound(CustomValues, common), previous.Positive.Rebound(previous.CustomValues, common));
        }

        // Resolution only ever gets coarser and the zero bucket wider, unless the histogram started afresh.
        if (Schema > previous.Schema || ZeroThreshold < previous.ZeroThreshold)
        {
            return true;
        }

        BucketLane previousPositive = previous.Positive;
        BucketLane previousNegative = previous.Negative;
        double previousZero = previous.ZeroCount;
        if (ZeroThreshold > previous.ZeroThreshold)
        {
            if (WidenThreshold(ZeroThreshold, previous) != ZeroThreshold)
            {
                return true;
            }

            previousZero = SwallowIntoZero(ZeroThreshold, ref previousPositive, ref previousNegative, previousZero, previous.Schema);
        }

        int difference = previous.Schema - Schema;
        return ZeroCount < previousZero
            || AnyFell(Positive, previousPositive.Reduce(difference))
            || AnyFell(Negative, previousNegative.Reduce(difference));
    }

    private static bool AnyFell(BucketLane current, BucketLane previous)
    {
        int c = 0;
        for (int p = 0; p < previous.Indexes.Length; p++)
        {
            while (c < current.Indexes.Length && current.Indexes[c] < previous.Indexes[p])
            {
                c++;
            }

            double now = c < current.Indexes.Length && current.Indexes[c] == previous.Indexes[p] ? current.Counts[c] : 0;
            if (now < previous.Counts[p])
            {
                return true;
            }
        }

        return false;
    }
}
