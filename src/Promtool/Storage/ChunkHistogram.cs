using System.Globalization;

namespace Narthex.Promtool.Storage;

/// <summary>How often sizes of chunks occur, as bars.</summary>
internal static class ChunkHistogram
{
    // What a bar that stands for all chunks would take.
    private const int BarLength = 100;
    private const int RowsWanted = 10;
    private const int StepMax = 10_000;

    /// <summary>Prints sizes, in rows of equal width. A row of the width 10 that begins at 81 counts 80 to 89: upstream's does.</summary>
    /// <param name="what">What the sizes are.</param>
    /// <param name="sizes">The sizes.</param>
    /// <param name="total">How many chunks a whole bar stands for.</param>
    /// <param name="output">Where to print.</param>
    public static void Print(string what, IReadOnlyList<int> sizes, int total, TextWriter output)
    {
        output.WriteLine();
        if (sizes.Count == 0)
        {
            output.WriteLine($"{what}: N/A");
            return;
        }

        int min = sizes.Min();
        int max = sizes.Max();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} (min/avg/max): {min}/{sizes.Sum(size => (long)size) / sizes.Count}/{max}"));
        int step = StepFor(max - min);
        int first = min / step;
        var rows = new int[(max / step) - first + 2];
        foreach (int size in sizes)
        {
            rows[(size / step) - first]++;
        }

        int boundWidth = ((long)(first + rows.Length) * step).ToString(CultureInfo.InvariantCulture).Length;
        int countWidth = rows.Max().ToString(CultureInfo.InvariantCulture).Length;
        for (int i = 0; i < rows.Length; i++)
        {
            long from = ((long)(first + i) * step) + 1;
            string lower = from.ToString(CultureInfo.InvariantCulture).PadLeft(boundWidth);
            string upper = (from + step - 1).ToString(CultureInfo.InvariantCulture).PadLeft(boundWidth);
            string count = rows[i].ToString(CultureInfo.InvariantCulture).PadLeft(countWidth);
            output.WriteLine($"[{lower}, {upper}]: {count} {new string('#', (int)((long)rows[i] * BarLength / total))}");
        }
    }

    private static int StepFor(int spread)
    {
        int step = 10;
        while (step < spread / RowsWanted && step <= StepMax)
        {
            step *= 10;
        }

        return step;
    }
}
