using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Functions that look at the edges of a window only, or count what is in it. All take constant time for a step.</summary>
internal static class EdgeKernels
{
    public static void Count(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            int count = SamplesAt(input, i);
            if (count > 0)
            {
                output.Set(i, count);
            }
        }
    }

    public static void Present(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (SamplesAt(input, i) > 0)
            {
                output.Set(i, 1);
            }
        }
    }

    public static void Last(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (TryLast(input, i, out int index, out bool isHistogram))
            {
                Copy(input, index, isHistogram, output, i);
            }
        }
    }

    public static void First(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (TryFirst(input, i, out int index, out bool isHistogram))
            {
                Copy(input, index, isHistogram, output, i);
            }
        }
    }

    public static void TimeOfLast(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (TryLast(input, i, out int index, out bool isHistogram))
            {
                output.Set(i, (isHistogram ? input.HistogramTimes : input.FloatTimes)[index] / 1000.0);
            }
        }
    }

    public static void TimeOfFirst(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (TryFirst(input, i, out int index, out bool isHistogram))
            {
                output.Set(i, (isHistogram ? input.HistogramTimes : input.FloatTimes)[index] / 1000.0);
            }
        }
    }

    private static int SamplesAt(RangeInput input, int step)
    {
        int count = input.FloatEnds[step] - input.FloatStarts[step];
        return input.HasHistograms ? count + input.HistogramEnds[step] - input.HistogramStarts[step] : count;
    }

    private static void Copy(RangeInput input, int index, bool isHistogram, StepBlock output, int step)
    {
        if (isHistogram)
        {
            output.Set(step, input.Histograms[index]);
        }
        else
        {
            output.Set(step, input.FloatValues[index]);
        }
    }

    private static bool TryLast(RangeInput input, int step, out int index, out bool isHistogram)
    {
        index = input.FloatEnds[step] - 1;
        bool hasFloat = index >= input.FloatStarts[step];
        isHistogram = false;
        if (input.HasHistograms && input.HistogramEnds[step] > input.HistogramStarts[step])
        {
            int histogram = input.HistogramEnds[step] - 1;
            if (!hasFloat || input.HistogramTimes[histogram] > input.FloatTimes[index])
            {
                index = histogram;
                isHistogram = true;
                return true;
            }
        }

        return hasFloat;
    }

    private static bool TryFirst(RangeInput input, int step, out int index, out bool isHistogram)
    {
        index = input.FloatStarts[step];
        bool hasFloat = index < input.FloatEnds[step];
        isHistogram = false;
        if (input.HasHistograms && input.HistogramEnds[step] > input.HistogramStarts[step])
        {
            int histogram = input.HistogramStarts[step];
            if (!hasFloat || input.HistogramTimes[histogram] < input.FloatTimes[index])
            {
                index = histogram;
                isHistogram = true;
                return true;
            }
        }

        return hasFloat;
    }
}
