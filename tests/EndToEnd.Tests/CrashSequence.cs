using System.Globalization;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>Samples of which each is known from its series and its time, so that what a server has can be told from how much it has.</summary>
/// <remarks>
/// Time advances by a second a step. Each step has one sample of each live series; a series lives for one generation of steps and is then
/// followed by another one, so that dead series have to go from head and log.
/// </remarks>
internal static class CrashSequence
{
    public const long StartMs = 1_767_225_600_000;
    public const int GenerationSteps = 64;
    public const string MetricName = "crash_sequence";

    /// <summary>The value of a series at a step: an integer, so that sums are exact whatever their order.</summary>
    public static double Value(int part, int series, int step)
    {
        ulong mixed = ((ulong)part * 0x9E3779B97F4A7C15) ^ ((ulong)(series + 1) * 0xBF58476D1CE4E5B9) ^ ((ulong)(step + 1) * 0x94D049BB133111EB);
        mixed ^= mixed >> 31;
        mixed *= 0xD6E8FEB86659FD93;
        return step % 3 == 0 ? step : mixed >> 40;
    }

    public static long TimeMs(int step) => StartMs + (step * 1000L);

    /// <summary>What one part sends at the steps from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Steps(int part, int seriesCount, int first, int end)
    {
        for (int generation = first / GenerationSteps; generation <= (end - 1) / GenerationSteps; generation++)
        {
            int from = Math.Max(first, generation * GenerationSteps);
            int to = Math.Min(end, (generation + 1) * GenerationSteps);
            for (int series = 0; series < seriesCount; series++)
            {
                yield return new RemoteWriteClient.Series(
                    [
                        ("__name__", MetricName),
                        ("generation", Text(generation)),
                        ("part", Text(part)),
                        ("series", Text(series)),
                    ],
                    [.. Enumerable.Range(from, to - from).Select(step => (TimeMs(step), Value(part, series, step)))]);
            }
        }
    }

    /// <summary>Count and sum of every series, by its labels, after so many steps.</summary>
    public static IEnumerable<(string Labels, int Count, double Sum)> Expected(int part, int seriesCount, int steps)
    {
        for (int first = 0; first < steps; first += GenerationSteps)
        {
            int count = Math.Min(GenerationSteps, steps - first);
            for (int series = 0; series < seriesCount; series++)
            {
                double sum = 0;
                for (int step = first; step < first + count; step++)
                {
                    sum += Value(part, series, step);
                }

                yield return ($"generation={Text(first / GenerationSteps)},part={Text(part)},series={Text(series)}", count, sum);
            }
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
