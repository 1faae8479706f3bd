using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>
/// Quantiles over windows: of plain numbers by following a rank from window to window, otherwise from a sorted copy of the window that slides along, where
/// samples enter where others leave, and only what is between moves.
/// </summary>
internal static class OrderKernels
{
    public static void Quantile(RangeCall call, RangeInput input, StepBlock output)
    {
        double[] quantiles = call.Scalars[0];
        if (!input.HasHistograms && !RankTracker.ContainsNaN(input.FloatValues))
        {
            QuantileOfNumbers(call, input, output, quantiles);
            return;
        }

        using var window = new SortedWindow(input.FloatValues.Length);
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            if (input.FloatEnds[i] == input.FloatStarts[i])
            {
                continue;
            }

            ExtremeKernels.WarnOfHistograms(call, input, i);
            QuantileMath.Check(call.Context.Annotations, quantiles[i], call.ScalarPosition, call.CallPosition);
            window.MoveTo(input.FloatValues, input.FloatStarts[i], input.FloatEnds[i]);
            output.Set(i, QuantileMath.OfSorted(quantiles[i], window.Sorted));
        }
    }

    private static void QuantileOfNumbers(RangeCall call, RangeInput input, StepBlock output, double[] quantiles)
    {
        using var tracker = new RankTracker(input.FloatValues.Length);
        int to = input.FilledEnd;
        for (int i = input.FirstFilled; i < to; i++)
        {
            call.Tick(i);
            int start = input.FloatStarts[i];
            int end = input.FloatEnds[i];
            if (end == start)
            {
                continue;
            }

            QuantileMath.Check(call.Context.Annotations, quantiles[i], call.ScalarPosition, call.CallPosition);
            if (QuantileMath.TryRank(quantiles[i], end - start, out int rank, out double weight))
            {
                tracker.Find(input.FloatValues, start, end, rank, out double lower, out double upper);
                output.Set(i, QuantileMath.Between(lower, upper, weight));
            }
            else
            {
                output.Set(i, QuantileMath.Outside(quantiles[i]));
            }
        }
    }

    public static void MedianAbsoluteDeviation(RangeCall call, RangeInput input, StepBlock output)
    {
        using var window = new SortedWindow(input.FloatValues.Length);
        double[] deviations = ArrayPool<double>.Shared.Rent(Math.Max(input.FloatValues.Length, 1));
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            if (input.FloatEnds[i] == input.FloatStarts[i])
            {
                continue;
            }

            ExtremeKernels.WarnOfHistograms(call, input, i);
            window.MoveTo(input.FloatValues, input.FloatStarts[i], input.FloatEnds[i]);
            ReadOnlySpan<double> sorted = window.Sorted;
            double median = QuantileMath.OfSorted(0.5, sorted);
            Span<double> distance = deviations.AsSpan(0, sorted.Length);
            for (int j = 0; j < sorted.Length; j++)
            {
                distance[j] = Math.Abs(sorted[j] - median);
            }

            distance.Sort();
            output.Set(i, double.IsNaN(sorted[0]) ? double.NaN : QuantileMath.OfSorted(0.5, distance));
        }

        ArrayPool<double>.Shared.Return(deviations);
    }

    // NaN sorts before every number, in .NET as in upstream.
    private sealed class SortedWindow(int capacity) : IDisposable
    {
        private const int ComparedMax = 256;

        private readonly double[] _sorted = ArrayPool<double>.Shared.Rent(Math.Max(capacity, 1));
        private int _count;
        private int _start;
        private int _end;

        public ReadOnlySpan<double> Sorted => _sorted.AsSpan(0, _count);

        public void MoveTo(ReadOnlySpan<double> values, int start, int end)
        {
            int moves = Math.Min(start, _end) - _start + (end - Math.Max(_end, start));

            // Many moves against the size of the window: sorting anew is cheaper than shifting.
            if (start >= _end || moves * 8L > end - start)
            {
                _count = end - start;
                values[start..end].CopyTo(_sorted);
                _sorted.AsSpan(0, _count).Sort();
            }
            else
            {
                for (; _start < start && _end < end; _start++, _end++)
                {
                    Replace(values[_start], values[_end]);
                }

                for (; _start < start; _start++)
                {
                    Remove(values[_start]);
                }

                for (; _end < end; _end++)
                {
                    Insert(values[_end]);
                }
            }

            _start = start;
            _end = end;
        }

        public void Dispose() => ArrayPool<double>.Shared.Return(_sorted);

        private void Insert(double value)
        {
            int index = CountBelow(Sorted, value);
            _sorted.AsSpan(index, _count - index).CopyTo(_sorted.AsSpan(index + 1));
            _sorted[index] = value;
            _count++;
        }

        private void Remove(double value)
        {
            int index = CountBelow(Sorted, value);
            _sorted.AsSpan(index + 1, _count - index - 1).CopyTo(_sorted.AsSpan(index));
            _count--;
        }

        // Only what lies between the places of the two has to move.
        private void Replace(double leaving, double entering)
        {
            int from = CountBelow(Sorted, leaving);
            int to = CountBelow(Sorted, entering);
            if (to > from)
            {
                to--;
                _sorted.AsSpan(from + 1, to - from).CopyTo(_sorted.AsSpan(from));
            }
            else
            {
                _sorted.AsSpan(to, from - to).CopyTo(_sorted.AsSpan(to + 1));
            }

            _sorted[to] = entering;
        }

        // How many of the values stand before all that equal the given one. Comparing all is cheaper than searching as long as they are few,
        // since a processor cannot foresee which way a search goes.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static int CountBelow(ReadOnlySpan<double> sorted, double value)
        {
            if (double.IsNaN(value))
            {
                return 0;
            }

            int from = 0;
            int to = sorted.Length;
            while (to - from > ComparedMax)
            {
                int middle = (from + to) >>> 1;
                if (sorted[middle] >= value)
                {
                    to = middle;
                }
                else
                {
                    from = middle + 1;
                }
            }

            ref double first = ref MemoryMarshal.GetReference(sorted);
            Vector512<double> wanted = Vector512.Create(value);
            Vector512<long> notBelow = Vector512<long>.Zero;
            int i = from;
            for (; i <= to - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                notBelow -= Vector512.GreaterThanOrEqual(Vector512.LoadUnsafe(ref first, (nuint)i), wanted).AsInt64();
            }

            int count = to - (int)Vector512.Sum(notBelow);
            for (; i < to; i++)
            {
                count -= sorted[i] >= value ? 1 : 0;
            }

            return count;
        }
    }
}
