using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>rate, increase and delta over windows that differ in nothing but their values: the same operations as <see cref="RateKernels.Factor"/>, so the same bits.</summary>
/// <remarks>
/// How far a difference is stretched then is one number for all of them, and nothing is divided: except where a counter that is near zero ends the
/// stretch early.
/// </remarks>
internal static class SteadyRateKernel
{
    /// <summary>With fewer steps the way of single windows is as good.</summary>
    public const int StepsMin = 4;

    // What rounds off when a sum of products is compared instead of a quotient is far less; and differences so small that products underflow go the long way.
    private const double Margin = 1 + 1e-9;
    private const double DifferenceMin = 1e-280;

    /// <summary>Computes the steady steps of the input.</summary>
    public static void Compute(RangeCall call, RangeInput input, StepBlock output, ReadOnlySpan<int> resets, bool isCounter, bool isRate)
    {
        SteadyWindows windows = input.Steady;
        int start = input.FloatStarts[windows.From];
        int last = start + windows.Length - 1;
        int count = windows.To - windows.From;
        ReadOnlySpan<double> values = input.FloatValues[start..(last + ((count - 1) * windows.Stride) + 1)];
        Span<double> result = output.Values.Slice(windows.From, count);
        output.Present.Slice(windows.From, count).Fill(true);
        Subtract(values, windows, result);
        UndoResets(values, windows, resets, start, result);

        long endMs = call.Times.TimeAt(windows.From);
        var stretch = new Stretch(
            (input.FloatTimes[start] - (endMs - call.RangeMs)) / 1000.0,
            (endMs - input.FloatTimes[last]) / 1000.0,
            (input.FloatTimes[last] - input.FloatTimes[start]) / 1000.0,
            windows.Length - 1,
            isRate ? call.RangeMs / 1000.0 : null);
        if (isCounter)
        {
            StretchCounter(values, windows.Stride, stretch, result);
        }
        else
        {
            StretchAll(stretch.Factor, result);
        }
    }

    // The last value of each window less its first one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract(ReadOnlySpan<double> values, SteadyWindows windows, Span<double> result)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        ref double last = ref Unsafe.Add(ref first, windows.Length - 1);
        ref double target = ref MemoryMarshal.GetReference(result);
        nint stride = windows.Stride;
        int i = 0;
        if (stride == 1)
        {
            for (; i <= result.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                (Vector512.LoadUnsafe(ref last, (nuint)i) - Vector512.LoadUnsafe(ref first, (nuint)i)).StoreUnsafe(ref target, (nuint)i);
            }
        }

        for (; i < result.Length; i++)
        {
            Unsafe.Add(ref target, i) = Unsafe.Add(ref last, i * stride) - Unsafe.Add(ref first, i * stride);
        }
    }

    // A counter that began anew counts from the value before: for each window with the reset behind its first sample and not behind its last.
    private static void UndoResets(ReadOnlySpan<double> values, SteadyWindows windows, ReadOnlySpan<int> resets, int start, Span<double> result)
    {
        foreach (int reset in resets)
        {
            int place = reset - start;
            if (place <= 0 || place >= values.Length)
            {
                continue;
            }

            double before = values[place - 1];
            int from = 0;
            int to = result.Length;
            if (windows.Stride > 0)
            {
                from = Math.Max(0, place - windows.Length + windows.Stride) / windows.Stride;
                to = Math.Min(result.Length, ((place - 1) / windows.Stride) + 1);
            }

            for (int i = from; i < to; i++)
            {
                result[i] += before;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StretchAll(double factor, Span<double> result)
    {
        ref double target = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= result.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            (Vector512.LoadUnsafe(ref target, (nuint)i) * factor).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < result.Length; i++)
        {
            Unsafe.Add(ref target, i) *= factor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StretchCounter(ReadOnlySpan<double> values, int stride, Stretch stretch, Span<double> result)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        ref double target = ref MemoryMarshal.GetReference(result);
        double factor = stretch.Factor;
        double sampled = stretch.Sampled;
        double reach = stretch.ToStart * Margin;
        int i = 0;
        if (stride == 1)
        {
            for (; i <= result.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                Vector512<double> firsts = Vector512.LoadUnsafe(ref first, (nuint)i);
                Vector512<double> differences = Vector512.LoadUnsafe(ref target, (nuint)i);
                Vector512<double> nearZero = Vector512.GreaterThan(differences, Vector512<double>.Zero)
                    & (Vector512.LessThanOrEqual(firsts * sampled, differences * reach) | Vector512.LessThan(differences, Vector512.Create(DifferenceMin)));
                Vector512<double> stretched = differences * factor;
                if (nearZero != Vector512<double>.Zero)
                {
                    stretched = stretch.ToZero(firsts, differences);
                }

                stretched.StoreUnsafe(ref target, (nuint)i);
            }
        }

        for (; i < result.Length; i++)
        {
            double value = Unsafe.Add(ref first, (nint)i * stride);
            ref double difference = ref Unsafe.Add(ref target, i);
            bool nearZero = difference > 0 && (value * sampled <= difference * reach || difference < DifferenceMin);
            difference = nearZero ? stretch.ToZero(value, difference) : difference * factor;
        }
    }

    /// <summary>By how much differences grow for reaching to the edges of the window. Times in seconds.</summary>
    private readonly struct Stretch
    {
        private readonly double _toEnd;
        private readonly double? _range;

        public Stretch(double toStart, double toEnd, double sampled, int gaps, double? range)
        {
            double average = sampled / gaps;
            double threshold = average * 1.1;
            ToStart = toStart >= threshold ? average / 2 : toStart;
            _toEnd = toEnd >= threshold ? average / 2 : toEnd;
            _range = range;
            Sampled = sampled;
            Factor = (sampled + ToStart + _toEnd) / sampled;
            if (range is { } seconds)
            {
                Factor /= seconds;
            }
        }

        public double Sampled { get; }

        public double ToStart { get; }

        /// <summary>The factor of whatever does not come from zero.</summary>
        public double Factor { get; }

        /// <summary>A counter cannot have been below zero.</summary>
        public double ToZero(double first, double difference)
        {
            double toZero = Sampled * (first / difference);
            double toStart = difference > 0 && first >= 0 && toZero < ToStart ? toZero : ToStart;
            double factor = (Sampled + toStart + _toEnd) / Sampled;
            return difference * (_range is { } seconds ? factor / seconds : factor);
        }

        /// <inheritdoc cref="ToZero(double, double)"/>
        public Vector512<double> ToZero(Vector512<double> first, Vector512<double> difference)
        {
            Vector512<double> sampled = Vector512.Create(Sampled);
            Vector512<double> toZero = sampled * (first / difference);
            Vector512<double> toStart = Vector512.Create(ToStart);
            Vector512<double> applies = Vector512.GreaterThan(difference, Vector512<double>.Zero)
                & Vector512.GreaterThanOrEqual(first, Vector512<double>.Zero)
                & Vector512.LessThan(toZero, toStart);
            toStart = Vector512.ConditionalSelect(applies, toZero, toStart);
            Vector512<double> factor = (sampled + toStart + Vector512.Create(_toEnd)) / sampled;
            return difference * (_range is { } seconds ? factor / Vector512.Create(seconds) : factor);
        }
    }
}
