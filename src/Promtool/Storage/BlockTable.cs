using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.Tsdb.Blocks;

namespace Narthex.Promtool.Storage;

/// <summary>Lists blocks in columns.</summary>
internal static class BlockTable
{
    private const int CellMin = 13;
    private const int CellGap = 2;

    private static readonly string[] s_titles = ["BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE"];

    /// <summary>Writes a line for each block, and one of titles.</summary>
    public static void Write(TextWriter output, IReadOnlyList<BlockReader> blocks, bool isHumanReadable, bool withTitle = true)
    {
        var rows = new List<string[]> { s_titles };
        rows.AddRange(blocks.Select(block => RowOf(block, isHumanReadable)));
        int[] widths = [.. s_titles.Select((_, column) => Math.Max(CellMin, rows.Max(row => row[column].Length) + CellGap))];
        foreach (string[] row in withTitle ? rows : rows.Skip(1))
        {
            var line = new StringBuilder();
            for (int i = 0; i < row.Length; i++)
            {
                line.Append(i < row.Length - 1 ? row[i].PadRight(widths[i]) : row[i]);
            }

            output.WriteLine(line);
        }
    }

    private static string[] RowOf(BlockReader block, bool isHumanReadable)
    {
        BlockMeta meta = block.Meta;
        return
        [
            meta.Ulid.ToString(),
            TimeOf(meta.MinTime, isHumanReadable),
            TimeOf(meta.MaxTime, isHumanReadable),
            GoDuration.Format(TimeSpan.FromMilliseconds(meta.MaxTime - meta.MinTime)),
            meta.Stats.NumSamples.ToString(CultureInfo.InvariantCulture),
            meta.Stats.NumChunks.ToString(CultureInfo.InvariantCulture),
            meta.Stats.NumSeries.ToString(CultureInfo.InvariantCulture),
            isHumanReadable ? SizeOf(block.SizeBytes) : block.SizeBytes.ToString(CultureInfo.InvariantCulture),
        ];
    }

    // In whole seconds, as upstream shows them.
    private static string TimeOf(long timeMs, bool isHumanReadable) =>
        isHumanReadable
            ? DateTimeOffset.FromUnixTimeSeconds(timeMs / 1000).ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture)
            : timeMs.ToString(CultureInfo.InvariantCulture);

    // 2028 is 1KiB1004B.
    private static string SizeOf(long bytes)
    {
        var text = new StringBuilder();
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        for (int i = units.Length - 1; i >= 0; i--)
        {
            long count = (bytes >> (10 * i)) & (i == units.Length - 1 ? long.MaxValue : 1023);
            if (count > 0)
            {
                text.Append(count).Append(units[i]);
            }
        }

        return text.Length > 0 ? text.ToString() : "0B";
    }
}
