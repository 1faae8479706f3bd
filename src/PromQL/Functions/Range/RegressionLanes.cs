using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Least squares over groups of windows side by side, with the bits of each window alone.</summary>
internal ref struct RegressionLanes
{
    private readonly RangeInput _input;
    private readonly bool _isSteady;
    private readonly long _distanceMs;
    private readonly LaneColumn<double> _values;
    private readonly LaneColumn<long> _times;
    private WindowLanes _lanes;

    public RegressionLanes(RangeInput input)
    {
        _input = input;
        _lanes = new WindowLanes(input);
        if (_lanes.Stride == 0)
        {
            return;
        }

        _values = _lanes.LayOut(input.FloatValues);
        _distanceMs = input.FloatTimes[1] - input.FloatTimes[0];
        _isSteady = SteadyWindows.AreSteady(input.FloatTimes, _distanceMs);
        if (!_isSteady)
        {
            _times = _lanes.LayOut(input.FloatTimes);
        }
    }

    /// <inheritdoc cref="WindowLanes.TryGroup"/>
    public readonly bool TryGroup(int step, out int first, out int length) => _lanes.TryGroup(step, out first, out length);

    /// <summary>Fits a line to each window of a group. False if one of them needs a closer look: it is constant, or something is not finite.</summary>
    /// <param name="start">The first sample of the first window.</param>
    /// <param name="length">The length of each.</param>
    /// <param name="origins">The time at which the line of each has its intercept.</param>
    /// <param name="slopes">Receives the slopes.</param>
    /// <param name="intercepts">Receives the intercepts.</param>
    public readonly bool TryFit(int start, int length, ReadOnlySpan<long> origins, Span<double> slopes, Span<double> intercepts)
    {
        if (!_isSteady)
        {
            return TryFitEach(start, length, Vector512.Create(origins), slopes, intercepts);
        }

        // All windows see the same times, as long as the origins move along with them.
        for (int i = 1; i < origins.Length; i++)
        {
            if (origins[i] - origins[i - 1] != _distanceMs * _values.Stride)
            {
                return false;
            }
        }

        return TryFitShared(_input.Trend.Of(_input.FloatTimes[start] - origins[0], _distanceMs, length), start, slopes, intercepts);
    }

    public void Dispose() => _lanes.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly bool TryFitEach(int start, int length, Vector512<long> origins, Span<double> slopes, Span<double> intercepts)
    {
        ref double items = ref MemoryMarshal.GetReference(_values.Items);
        ref long times = ref MemoryMarshal.GetReference(_times.Items);
        var cursor = new LaneCursor(start, _values.Stride, _values.Rows);
        Vector512<double> first = Vector512.LoadUnsafe(ref items, (nuint)cursor.Place);
        Vector512<double> thousand = Vector512.Create(1e3);
        Vector512<ulong> differences = default;
        Vector512<double> sumX = default, compensationX = default, sumY = default, compensationY = default;
        Vector512<double> sumXY = default, compensationXY = default, sumX2 = default, compensationX2 = default;
        for (int i = 0; i < length; i++, cursor.MoveNext())
        {
            Vector512<double> y = Vector512.LoadUnsafe(ref items, (nuint)cursor.Place);
            Vector512<double> x = Vector512.ConvertToDouble(Vector512.LoadUnsafe(ref times, (nuint)cursor.Place) - origins) / thousand;
            differences |= (y ^ first).AsUInt64();
            Kahan.AddFinite(x, ref sumX, ref compensationX);
            Kahan.AddFinite(y, ref sumY, ref compensationY);
            Kahan.AddFinite(x * y, ref sumXY, ref compensationXY);
            Kahan.AddFinite(x * x, ref sumX2, ref compensationX2);
        }

        return Finish(length, differences, sumX + compensationX, sumX2 + compensationX2, sumY, compensationY, sumXY, compensationXY, slopes, intercepts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly bool TryFitShared(TrendTimes trend, int start, Span<double> slopes, Span<double> intercepts)
    {
        ref double items = ref MemoryMarshal.GetReference(_values.Items);
        ReadOnlySpan<double> seconds = trend.Seconds;
        var cursor = new LaneCursor(start, _values.Stride, _values.Rows);
        Vector512<double> first = Vector512.LoadUnsafe(ref items, (nuint)cursor.Place);
        Vector512<ulong> differences = default;
        Vector512<double> sumY = default, compensationY = default, sumXY = default, compensationXY = default;
        for (int i = 0; i < seconds.Length; i++, cursor.MoveNext())
        {
            Vector512<double> y = Vector512.LoadUnsafe(ref items, (nuint)cursor.Place);
            differences |= (y ^ first).AsUInt64();
            Kahan.AddFinite(y, ref sumY, ref compensationY);
            Kahan.AddFinite(y * seconds[i], ref sumXY, ref compensationXY);
        }

        return Finish(
            seconds.Length, differences, Vector512.Create(trend.Sum), Vector512.Create(trend.SumOfSquares), sumY, compensationY, sumXY, compensationXY, slopes, intercepts);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Finish(
        int length, Vector512<ulong> differences, Vector512<double> sumX, Vector512<double> sumX2, Vector512<double> sumY, Vector512<double> compensationY,
        Vector512<double> sumXY, Vector512<double> compensationXY, Span<double> slopes, Span<double> intercepts)
    {
        // Zeros of either sign are equal, so the sign alone makes no difference that can be relied upon.
        Vector512<ulong> apart = differences & Vector512.Create(ulong.MaxValue >> 1);
        if (!Kahan.AreFinite(sumY) || !Kahan.AreFinite(sumXY) || Vector512.EqualsAny(apart, Vector512<ulong>.Zero))
        {
            return false;
        }

        Vector512<double> count = Vector512.Create((double)length);
        sumY += compensationY;
        sumXY += compensationXY;
        Vector512<double> covariance = sumXY - (sumX * sumY / count);
        Vector512<double> variance = sumX2 - (sumX * sumX / count);
        Vector512<double> slope = covariance / variance;
        slope.CopyTo(slopes);
        ((sumY / count) - (slope * sumX / count)).CopyTo(intercepts);
        return true;
    }
}

/// <summary>The times of a window in seconds from the intercept, and their sums: the same for all windows over samples at the same distance. Kept for the next one.</summary>
internal sealed class TrendTimes
{
    private double[] _seconds = [];
    private long _firstMs;
    private long _distanceMs;
    private int _length;

    public ReadOnlySpan<double> Seconds => _seconds.AsSpan(0, _length);

    public double Sum { get; private set; }

    public double SumOfSquares { get; private set; }

    /// <summary>The times of a window whose first sample is so far from the intercept.</summary>
    public TrendTimes Of(long firstMs, long distanceMs, int length)
    {
        if (_length == length && _firstMs == firstMs && _distanceMs == distanceMs)
        {
            return this;
        }

        if (_seconds.Length < length)
        {
            _seconds = new double[length];
        }

        (_length, _firstMs, _distanceMs) = (length, firstMs, distanceMs);
        double sum = 0, compensation = 0, squares = 0, compensationOfSquares = 0;
        for (int i = 0; i < length; i++)
        {
            double x = (firstMs + (i * distanceMs)) / 1e3;
            _seconds[i] = x;
            Kahan.Add(x, ref sum, ref compensation);
            Kahan.Add(x * x, ref squares, ref compensationOfSquares);
        }

        Sum = sum + compensation;
        SumOfSquares = squares + compensationOfSquares;
        return this;
    }
}
