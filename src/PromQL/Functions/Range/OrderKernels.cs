using System.Buffers;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Quantiles over windows, from a sorted copy of the window that slides along: samples enter and leave by binary search.</summary>
internal static class OrderKernels
{
    public static void Quantile(RangeCall call, RangeInput input, StepBlock output)
    {
        double[] quantiles = call.Scalars[0];
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
            int index = Sorted.BinarySearch(value);
            index = index < 0 ? ~index : index;
            _sorted.AsSpan(index, _count - index).CopyTo(_sorted.AsSpan(index + 1));
            _sorted[index] = value;
            _count++;
        }

        private void Remove(double value)
        {
            int index = Sorted.BinarySearch(value);
            _sorted.AsSpan(index + 1, _count - index - 1).CopyTo(_sorted.AsSpan(index));
            _count--;
        }
    }
}
