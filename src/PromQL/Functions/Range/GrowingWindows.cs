using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Runs of neighbouring windows that begin at the same sample and only get longer: where a series begins, or is not older than the range is wide.</summary>
/// <remarks>Whoever works through a window from its left end passes the results of all the shorter ones on the way.</remarks>
internal static class GrowingWindows
{
    /// <summary>Behind the last step whose window begins with the same sample as that of the given one. Beside histograms each window is for itself.</summary>
    public static int EndOfRun(RangeInput input, int step)
    {
        ReadOnlySpan<int> starts = input.FloatStarts;
        int next = step + 1;
        if (next >= starts.Length || starts[next] != starts[step] || input.HasHistograms)
        {
            return next;
        }

        int other = starts[next..].IndexOfAnyExcept(starts[step]);
        return other < 0 ? starts.Length : next + other;
    }
}
