namespace Narthex.PromQL.Execution;

/// <summary>Runs of steps at which a series is there. Mostly there is one, and it is worked through without looking at each step.</summary>
internal static class PresentRuns
{
    /// <summary>Finds the next run.</summary>
    /// <param name="present">Where the series is there.</param>
    /// <param name="start">Where to look from; receives the first step of the run.</param>
    /// <param name="end">Receives the step behind the last one.</param>
    public static bool TryNext(ReadOnlySpan<bool> present, ref int start, out int end)
    {
        end = present.Length;
        int next = present[start..].IndexOf(true);
        if (next < 0)
        {
            return false;
        }

        start += next;
        int absent = present[start..].IndexOf(false);
        if (absent >= 0)
        {
            end = start + absent;
        }

        return true;
    }
}
