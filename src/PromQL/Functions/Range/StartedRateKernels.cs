using System.Buffers;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>rate and increase of floats whose samples tell since when they count.</summary>
internal static class StartedRateKernels
{
    public static void Extrapolate(RangeCall call, RangeInput input, StepBlock output, bool isRate)
    {
        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<long> times = input.FloatTimes;
        ReadOnlySpan<long> origins = input.FloatOrigins;
        int[] rented = ArrayPool<int>.Shared.Rent(Math.Max(values.Length * 2, 1));
        Places resets = new(rented.AsSpan(0, values.Length));
        Places overlaps = new(rented.AsSpan(values.Length, values.Length));
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] < values[i - 1] || StartTimestamps.IsReset(origins[i - 1], times[i - 1], origins[i], times[i]))
            {
                resets.Add(i);
            }

            if (StartTimestamps.Overlaps(origins[i - 1], times[i - 1], origins[i]))
            {
                overlaps.Add(i);
            }
        }

        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            int start = input.FloatStarts[i];
            int last = input.FloatEnds[i] - 1;
            if (last < start || (input.HasHistograms && input.HistogramEnds[i] > input.HistogramStarts[i]))
            {
                continue;
            }

            double difference = values[last] - values[start];
            foreach (int reset in resets.Within(start, last))
            {
                difference += values[reset - 1];
            }

            if (!overlaps.Within(start, last).IsEmpty)
            {
                call.WarnOverlap(input);
            }

            long endMs = call.Times.TimeAt(i);
            long startMs = endMs - call.RangeMs;
            double factor;
            if (StartTimestamps.IsOrigin(origins[start], startMs, times[start]))
            {
                difference += values[start];
                factor = StartTimestamps.FactorFromOrigin(origins[start], times[start], times[last], last - start + 1, endMs);
            }
            else if (last > start)
            {
                factor = RateKernels.Factor(times[start], times[last], last - start + 1, startMs, endMs, isCounter: true, values[start], difference);
            }
            else
            {
                continue;
            }

            output.Set(i, difference * (isRate ? factor / (call.RangeMs / 1000.0) : factor));
        }

        ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>Few positions among many samples, in ascending order. Windows only move right, so what they have left behind is not visited again.</summary>
    private ref struct Places(Span<int> room)
    {
        private readonly Span<int> _room = room;
        private int _count;
        private int _first;

        public void Add(int position) => _room[_count++] = position;

        /// <summary>Those behind the first sample of a window, up to its last.</summary>
        public ReadOnlySpan<int> Within(int start, int last)
        {
            while (_first < _count && _room[_first] <= start)
            {
                _first++;
            }

            int end = _first;
            while (end < _count && _room[end] <= last)
            {
                end++;
            }

            return _room[_first..end];
        }
    }
}
