using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Least squares over windows that begin at the same sample, each with its intercept at its own step: eight side by side, with the bits of each alone.</summary>
/// <remarks>At each sample the windows see the same value, at times that differ by their steps. A window that has come to its end is read off, and goes along with the others.</remarks>
internal sealed class GrowingTrends : IDisposable
{
    private const int Lanes = WindowLanes.Count;

    // As many steps as samples in one turn, or so many if those are few: what is kept of their times grows with both.
    private const int TurnMin = 1024;

    private readonly GrowingTimes _times = new();
    private double[] _columns = [];
    private int[] _lengths = [];
    private int _room;

    /// <summary>How many samples, from the first one on, have the same value. A window of no more than those is constant and has no line here.</summary>
    public int ConstantSamples { get; private set; }

    /// <summary>The slopes, a step after the other. Not finite where something was not, and a window needs a closer look.</summary>
    public ReadOnlySpan<double> Slopes => Column(5);

    /// <summary>The intercepts.</summary>
    public ReadOnlySpan<double> Intercepts => Column(6);

    private Span<double> Counts => Column(0);

    private Span<double> SumsX => Column(1);

    private Span<double> SumsX2 => Column(2);

    private Span<double> SumsY => Column(3);

    private Span<double> SumsXY => Column(4);

    /// <summary>Fits lines to windows that begin at the same sample, and returns to how many of them.</summary>
    /// <param name="input">The samples.</param>
    /// <param name="grid">The steps.</param>
    /// <param name="from">The first of the steps, whose window has two samples at least.</param>
    /// <param name="to">Behind the last one.</param>
    public int Fit(RangeInput input, StepGrid grid, int from, int to)
    {
        int start = input.FloatStarts[from];
        ReadOnlySpan<long> times = input.FloatTimes[start..input.FloatEnds[to - 1]];
        long distanceMs = times[1] - times[0];
        bool isSteady = distanceMs > 0 && grid.StepMs % distanceMs == 0 && grid.StepMs / distanceMs <= times.Length && SteadyWindows.AreSteady(times, distanceMs);
        int stride = isSteady ? (int)(grid.StepMs / distanceMs) : 1;
        int steps = Math.Min(to - from, (Math.Max(times.Length, TurnMin) / stride) + Lanes);
        SetLengths(input.FloatEnds.Slice(from, steps), start);
        times = times[.._lengths[steps - 1]];
        ReadOnlySpan<double> values = input.FloatValues.Slice(start, times.Length);
        ReadOnlySpan<int> lengths = _lengths.AsSpan(0, steps);
        SumValues(values, lengths);
        if (ConstantSamples == values.Length)
        {
            return steps;
        }

        long firstMs = times[0] - grid.TimeAt(from);
        if (isSteady)
        {
            _times.Set(firstMs, distanceMs, stride, lengths);
            _times.Sums.CopyTo(SumsX);
            _times.SumsOfSquares.CopyTo(SumsX2);
        }

        for (int first = 0; first < steps; first += Lanes)
        {
            ReadOnlySpan<int> group = lengths.Slice(first, Math.Min(Lanes, steps - first));
            if (isSteady)
            {
                SumProducts(values, group, first);
            }
            else
            {
                SumAll(times, values, group, grid.TimeAt(from + first), grid.StepMs, first);
            }

            Finish(first);
        }

        return steps;
    }

    public void Dispose()
    {
        _times.Dispose();
        if (_room > 0)
        {
            ArrayPool<double>.Shared.Return(_columns);
            ArrayPool<int>.Shared.Return(_lengths);
            _room = 0;
        }
    }

    private Span<double> Column(int index) => _columns.AsSpan(index * _room, _room);

    private void SetLengths(ReadOnlySpan<int> ends, int start)
    {
        // Whole groups, so that none looks beyond its columns.
        int room = (ends.Length + Lanes - 1) / Lanes * Lanes;
        if (_room < room)
        {
            Dispose();
            _columns = ArrayPool<double>.Shared.Rent(room * 7);
            _lengths = ArrayPool<int>.Shared.Rent(room);
            _room = room;
        }

        Span<double> counts = Counts;
        for (int i = 0; i < ends.Length; i++)
        {
            _lengths[i] = ends[i] - start;
            counts[i] = _lengths[i];
        }
    }

    // The sums that are the same for all windows, as far as each of them reaches.
    private void SumValues(ReadOnlySpan<double> values, ReadOnlySpan<int> lengths)
    {
        Span<double> sums = SumsY;
        double sum = 0;
        double compensation = 0;
        int next = 0;
        for (int i = 0; i < lengths.Length; i++)
        {
            for (; next < lengths[i]; next++)
            {
                Kahan.Add(values[next], ref sum, ref compensation);
            }

            sums[i] = sum + compensation;
        }

        int other = 0;
        while (other < values.Length && values[other] == values[0])
        {
            other++;
        }

        ConstantSamples = other;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumProducts(ReadOnlySpan<double> values, ReadOnlySpan<int> lengths, int first)
    {
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double seconds = ref MemoryMarshal.GetReference(_times.Seconds);
        ref double result = ref MemoryMarshal.GetReference(SumsXY.Slice(first, Lanes));
        GrowingCursor cursor = _times.CursorAt(first);
        Vector512<double> sum = default;
        Vector512<double> compensation = default;
        int next = 0;
        for (int lane = 0; lane < lengths.Length; lane++)
        {
            int length = lengths[lane];
            for (; next < length; next++, cursor.MoveNext())
            {
                Kahan.AddFinite(Vector512.LoadUnsafe(ref seconds, (nuint)cursor.Place) * Unsafe.Add(ref value, next), ref sum, ref compensation);
            }

            Unsafe.Add(ref result, lane) = (sum + compensation).GetElement(lane);
        }
    }

    // Where each sample is at a time of its own, nothing is shared but the sums of the values.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumAll(ReadOnlySpan<long> times, ReadOnlySpan<double> values, ReadOnlySpan<int> lengths, long originMs, long stepMs, int first)
    {
        Vector512<long> origins = Vector512.Create(originMs) + (Vector512.Create(0L, 1, 2, 3, 4, 5, 6, 7) * stepMs);
        Vector512<double> thousand = Vector512.Create(1e3);
        Vector512<double> sumX = default, compensationX = default, sumX2 = default, compensationX2 = default, sumXY = default, compensationXY = default;
        int next = 0;
        for (int lane = 0; lane < lengths.Length; lane++)
        {
            for (; next < lengths[lane]; next++)
            {
                Vector512<double> x = Vector512.ConvertToDouble(Vector512.Create(times[next]) - origins) / thousand;
                Kahan.AddFinite(x, ref sumX, ref compensationX);
                Kahan.AddFinite(x * x, ref sumX2, ref compensationX2);
                Kahan.AddFinite(x * values[next], ref sumXY, ref compensationXY);
            }

            SumsX[first + lane] = (sumX + compensationX).GetElement(lane);
            SumsX2[first + lane] = (sumX2 + compensationX2).GetElement(lane);
            SumsXY[first + lane] = (sumXY + compensationXY).GetElement(lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(int first)
    {
        ref double columns = ref Unsafe.Add(ref MemoryMarshal.GetReference(Counts), first);
        nuint room = (nuint)_room;
        Vector512<double> count = Vector512.LoadUnsafe(ref columns);
        Vector512<double> sumX = Vector512.LoadUnsafe(ref columns, room);
        Vector512<double> sumX2 = Vector512.LoadUnsafe(ref columns, room * 2);
        Vector512<double> sumY = Vector512.LoadUnsafe(ref columns, room * 3);
        Vector512<double> sumXY = Vector512.LoadUnsafe(ref columns, room * 4);
        Vector512<double> covariance = sumXY - (sumX * sumY / count);
        Vector512<double> variance = sumX2 - (sumX * sumX / count);
        Vector512<double> slope = covariance / variance;
        slope.StoreUnsafe(ref columns, room * 5);
        ((sumY / count) - (slope * sumX / count)).StoreUnsafe(ref columns, room * 6);
    }
}
