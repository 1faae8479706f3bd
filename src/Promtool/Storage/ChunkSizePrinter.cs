using System.Globalization;
using Narthex.Tsdb.Blocks;

namespace Narthex.Promtool.Storage;

/// <summary>Prints how full the chunks of a block are, as bars.</summary>
internal static class ChunkSizePrinter
{
    private const int BarLength = 100;
    private const int StepMin = 10;
    private const int StepMax = 100_000;
    private const int BarsAbout = 10;

    public static void Print(ChunkSizes chunks, TextWriter output)
    {
        int total = chunks.FloatSamples.Count + chunks.HistogramSamples.Count;
        Print("samples per float chunk", chunks.FloatSamples, total, output);
        Print("bytes per float chunk", chunks.FloatBytes, total, output);
        Print("samples per histogram chunk", chunks.HistogramSamples, total, output);
        Print("bytes per histogram chunk", chunks.HistogramBytes, total, output);
        Print("buckets per histogram chunk", chunks.HistogramBuckets, total, output);
    }

    // The bars of one kind are as long as their part of all chunks, whatever these are of.
    private static void Print(string what, IReadOnlyList<int> values, int total, TextWriter output)
    {
        if (values.Count == 0)
        {
            output.WriteLine($"{what}: N/A");
            output.WriteLine();
            return;
        }

        int least = values.Min();
        int greatest = values.Max();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} (min/avg/max): {least}/{values.Sum(value => (long)value) / values.Count}/{greatest}"));
        int step = StepFor(greatest - least);
        int first = least / step * step;
        int[] counts = new int[(greatest / step) - (least / step) + 2];
        foreach (int value in values)
        {
            counts[(value - first) / step]++;
        }

        int end = first + ((counts.Length - 1) * step);
        int fromWidth = Width(end);
        int toWidth = Width(end + step);
        int countWidth = Width(counts.Max());
        for (int i = 0; i < counts.Length; i++)
        {
            int from = first + (i * step);
            string bounds = $"[{Padded(from + 1, fromWidth)}, {Padded(from + step, toWidth)}]";
            output.WriteLine($"{bounds}: {Padded(counts[i], countWidth)} {new string('#', (int)((long)BarLength * counts[i] / total))}");
        }

        output.WriteLine();
    }

    // A power of ten that gives about ten bars.
    private static int StepFor(int range)
    {
        int step = StepMin;
        while (step < range / BarsAbout && step < StepMax)
        {
            step *= 10;
        }

        return step;
    }

    private static int Width(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static string Padded(int number, int width) => number.ToString(CultureInfo.InvariantCulture).PadLeft(width);
}
