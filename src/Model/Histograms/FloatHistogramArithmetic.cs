namespace Narthex.Model;

/// <summary>What had to be done to combine two histograms.</summary>
[Flags]
public enum HistogramArithmetic : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>Custom bucket bounds differed; only those that both have are left.</summary>
    BoundsReconciled = 1,

    /// <summary>One says that there was a counter reset, the other that there was none.</summary>
    ResetCollision = 2,
}

public sealed partial class FloatHistogram
{
    /// <summary>A copy that shares nothing that may change.</summary>
    public FloatHistogram Copy() => new()
    {
        CounterResetHint = CounterResetHint,
        Schema = Schema,
        ZeroThreshold = ZeroThreshold,
        ZeroCount = ZeroCount,
        Count = Count,
        Sum = Sum,
        PositiveSpans = [.. PositiveSpans],
        NegativeSpans = [.. NegativeSpans],
        PositiveBuckets = [.. PositiveBuckets],
        NegativeBuckets = [.. NegativeBuckets],
        CustomValues = CustomValues,
    };

    /// <summary>A copy at a coarser (or the same) resolution. Custom buckets have none.</summary>
    public FloatHistogram CopyToSchema(int schema)
    {
        if (schema == Schema || UsesCustomBuckets)
        {
            return Copy();
        }

        int difference = Schema - schema;
        return WithLanes(Copy(), schema, Positive.Reduce(difference), Negative.Reduce(difference), keepEmpty: true);
    }

    /// <summary>The sum of two histograms of the same kind (both exponential or both with custom buckets).</summary>
    public FloatHistogram Plus(FloatHistogram other, out HistogramArithmetic flags) => Combine(other, 1, out flags);

    /// <summary>The difference of two histograms of the same kind.</summary>
    public FloatHistogram Minus(FloatHistogram other, out HistogramArithmetic flags) => Combine(other, -1, out flags);

    /// <summary>All counts and the sum times a factor. A negative factor makes it a gauge.</summary>
    public FloatHistogram Scaled(double factor)
    {
        FloatHistogram result = Copy();
        result.ZeroCount *= factor;
        result.Count *= factor;
        result.Sum *= factor;
        Scale(result.PositiveBuckets, factor);
        Scale(result.NegativeBuckets, factor);
        if (factor < 0)
        {
            result.CounterResetHint = CounterResetHint.Gauge;
        }

        return result;
    }

    /// <summary>All counts and the sum over a divisor. Over zero no bucket is left, since infinitely many would be.</summary>
    public FloatHistogram Divided(double divisor)
    {
        FloatHistogram result = Copy();
        result.ZeroCount /= divisor;
        result.Count /= divisor;
        result.Sum /= divisor;
        if (divisor < 0)
        {
            result.CounterResetHint = CounterResetHint.Gauge;
        }

        if (divisor == 0)
        {
            result.PositiveSpans = [];
            result.NegativeSpans = [];
            result.PositiveBuckets = [];
            result.NegativeBuckets = [];
            return result;
        }

        Divide(result.PositiveBuckets, divisor);
        Divide(result.NegativeBuckets, divisor);
        return result;
    }

    /// <summary>The same without empty buckets.</summary>
    public FloatHistogram Compacted() => WithLanes(Copy(), Schema, Positive, Negative, keepEmpty: false);

    /// <summary>Whether both have the same value: empty buckets and the hint do not count.</summary>
    public bool ValueEquals(FloatHistogram other)
    {
        if (Schema != other.Schema || !Same(Count, other.Count) || !Same(Sum, other.Sum))
        {
            return false;
        }

        if (UsesCustomBuckets)
        {
            if (!CustomValues.AsSpan().SequenceEqual(other.CustomValues))
            {
                return false;
            }
        }
        else if (ZeroThreshold != other.ZeroThreshold || !Same(ZeroCount, other.ZeroCount))
        {
            return false;
        }

        FloatHistogram left = Compacted();
        FloatHistogram right = other.Compacted();
        return left.PositiveSpans.AsSpan().SequenceEqual(right.PositiveSpans)
            && left.NegativeSpans.AsSpan().SequenceEqual(right.NegativeSpans)
            && Same(left.PositiveBuckets, right.PositiveBuckets)
            && Same(left.NegativeBuckets, right.NegativeBuckets);
    }

    internal BucketLane Positive => BucketLane.Decode(PositiveSpans, PositiveBuckets);

    internal BucketLane Negative => BucketLane.Decode(NegativeSpans, NegativeBuckets);

    /// <summary>The bounds that both lists have.</summary>
    internal static double[] CommonBounds(double[] left, double[] right)
    {
        var common = new List<double>();
        int l = 0;
        int r = 0;
        while (l < left.Length && r < right.Length)
        {
            if (left[l] == right[r])
            {
                common.Add(left[l]);
                l++;
                r++;
            }
            else if (left[l] < right[r])
            {
                l++;
            }
            else
            {
                r++;
            }
        }

        return [.. common];
    }

    private FloatHistogram Combine(FloatHistogram other, double sign, out HistogramArithmetic flags)
    {
        FloatHistogram result = Copy();
        flags = CombineHints(result, other);
        result.Count += sign * other.Count;
        result.Sum += sign * other.Sum;
        if (UsesCustomBuckets)
        {
            BucketLane left = Positive;
            BucketLane right = other.Positive;
            if (!CustomValues.AsSpan().SequenceEqual(other.CustomValues))
            {
                flags |= HistogramArithmetic.BoundsReconciled;
                double[] common = CommonBounds(CustomValues, other.CustomValues);
                left = left.Rebound(CustomValues, common);
                right = right.Rebound(other.CustomValues, common);
                result.CustomValues = common;
            }

            return WithLanes(result, Schema, left.Combine(right, sign), Negative, keepEmpty: true);
        }

        int schema = Math.Min(Schema, other.Schema);
        BucketLane positive = Positive;
        BucketLane negative = Negative;
        BucketLane otherPositive = other.Positive;
        BucketLane otherNegative = other.Negative;
        double zeroCount = ZeroCount;
        double otherZeroCount = other.ZeroCount;
        double threshold = ZeroThreshold;
        if (ZeroThreshold != other.ZeroThreshold)
        {
            threshold = CommonThreshold(other);
            zeroCount = SwallowIntoZero(threshold, ref positive, ref negative, zeroCount, Schema);
            otherZeroCount = SwallowIntoZero(threshold, ref otherPositive, ref otherNegative, otherZeroCount, other.Schema);
        }

        result.ZeroThreshold = threshold;
        result.ZeroCount = zeroCount + (sign * otherZeroCount);
        return WithLanes(
            result,
            schema,
            positive.Reduce(Schema - schema).Combine(otherPositive.Reduce(other.Schema - schema), sign),
            negative.Reduce(Schema - schema).Combine(otherNegative.Reduce(other.Schema - schema), sign),
            keepEmpty: true);
    }

    private static HistogramArithmetic CombineHints(FloatHistogram result, FloatHistogram other)
    {
        CounterResetHint left = result.CounterResetHint;
        CounterResetHint right = other.CounterResetHint;
        if (left == right || left == CounterResetHint.Gauge)
        {
            return HistogramArithmetic.None;
        }

        if (right == CounterResetHint.Gauge)
        {
            result.CounterResetHint = CounterResetHint.Gauge;
            return HistogramArithmetic.None;
        }

        result.CounterResetHint = CounterResetHint.Unknown;
        return left != CounterResetHint.Unknown && right != CounterResetHint.Unknown ? HistogramArithmetic.ResetCollision : HistogramArithmetic.None;
    }

    // The smallest threshold not below either one that cuts no populated bucket of either.
    private double CommonThreshold(FloatHistogram other)
    {
        double threshold = Math.Max(ZeroThreshold, other.ZeroThreshold);
        while (true)
        {
            double widened = WidenThreshold(threshold, this);
            widened = WidenThreshold(widened, other);
            if (widened == threshold)
            {
                return threshold;
            }

            threshold = widened;
        }
    }

    private static double WidenThreshold(double threshold, FloatHistogram histogram)
    {
        if (threshold <= histogram.ZeroThreshold)
        {
            return threshold;
        }

        return Math.Max(Widen(histogram.Positive, histogram.Schema), Widen(histogram.Negative, histogram.Schema));

        double Widen(BucketLane lane, int schema)
        {
            for (int i = 0; i < lane.Indexes.Length; i++)
            {
                double upper = BoundOf(lane.Indexes[i], schema);
                if (lane.Counts[i] != 0 && BoundOf(lane.Indexes[i] - 1, schema) < threshold && upper > threshold)
                {
                    return upper;
                }
            }

            return threshold;
        }
    }

    private static double SwallowIntoZero(double threshold, ref BucketLane positive, ref BucketLane negative, double zeroCount, int schema)
    {
        zeroCount = Swallow(ref negative, zeroCount);
        return Swallow(ref positive, zeroCount);

        double Swallow(ref BucketLane lane, double zero)
        {
            int swallowed = 0;
            while (swallowed < lane.Indexes.Length && BoundOf(lane.Indexes[swallowed], schema) <= threshold)
            {
                zero += lane.Counts[swallowed++];
            }

            if (swallowed > 0)
            {
                int[] indexes = lane.Indexes[swallowed..].ToArray();
                lane = new BucketLane(indexes, lane.Counts[swallowed..].ToArray(), indexes.Length);
            }

            return zero;
        }
    }

    private static FloatHistogram WithLanes(FloatHistogram target, int schema, BucketLane positive, BucketLane negative, bool keepEmpty)
    {
        positive.Encode(keepEmpty, out HistogramSpan[] positiveSpans, out double[] positiveBuckets);
        negative.Encode(keepEmpty, out HistogramSpan[] negativeSpans, out double[] negativeBuckets);
        target.Schema = schema;
        target.PositiveSpans = positiveSpans;
        target.PositiveBuckets = positiveBuckets;
        target.NegativeSpans = negativeSpans;
        target.NegativeBuckets = negativeBuckets;
        return target;
    }

    private static void Scale(double[] buckets, double factor)
    {
        for (int i = 0; i < buckets.Length; i++)
        {
            buckets[i] *= factor;
        }
    }

    private static void Divide(double[] buckets, double divisor)
    {
        for (int i = 0; i < buckets.Length; i++)
        {
            buckets[i] /= divisor;
        }
    }

    private static bool Same(double left, double right) => left == right || (double.IsNaN(left) && double.IsNaN(right));

    private static bool Same(double[] left, double[] right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (!Same(left[i], right[i]))
            {
                return false;
            }
        }

        return true;
    }
}
