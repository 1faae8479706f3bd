using System.Buffers;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Smallest and largest value of each window, by a monotonic queue: every sample enters and leaves it once.</summary>
internal static class ExtremeKernels
{
    /// <remarks>
    /// NaN loses against every number. The value of equal samples is that of the first, their time that of the last, as upstream has it.
    /// </remarks>
    public static void Extreme(RangeCall call, RangeInput input, StepBlock output, bool wantsMax, bool wantsTime)
    {
        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<int> starts = input.FloatStarts;
        ReadOnlySpan<int> ends = input.FloatEnds;
        int[] queue = ArrayPool<int>.Shared.Rent(Math.Max(values.Length, 1));
        int head = 0;
        int tail = 0;
        int next = 0;
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            if (ends[i] == starts[i])
            {
                continue;
            }

            WarnOfHistograms(call, input, i);
            for (next = Math.Max(next, starts[i]); next < ends[i]; next++)
            {
                double value = values[next];
                while (tail > head && Replaces(value, values[queue[tail - 1]], wantsMax, wantsTime))
                {
                    tail--;
                }

                queue[tail++] = next;
            }

            while (queue[head] < starts[i])
            {
                head++;
            }

            output.Set(i, wantsTime ? input.FloatTimes[queue[head]] / 1000.0 : values[queue[head]]);
        }

        ArrayPool<int>.Shared.Return(queue);
    }

    public static void WarnOfHistograms(RangeCall call, RangeInput input, int step)
    {
        if (input.HasHistograms && input.HistogramEnds[step] > input.HistogramStarts[step])
        {
            call.InformHistogramsIgnored(input);
        }
    }

    // Whether the newer value can take the older one's place for all windows that hold both.
    private static bool Replaces(double newer, double older, bool wantsMax, bool equalReplaces)
    {
        if (double.IsNaN(newer))
        {
            return double.IsNaN(older) && equalReplaces;
        }

        if (double.IsNaN(older))
        {
            return true;
        }

        return (wantsMax ? newer > older : newer < older) || (equalReplaces && newer == older);
    }
}
