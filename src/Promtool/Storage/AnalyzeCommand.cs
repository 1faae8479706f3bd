using System.Globalization;
using Narthex.CommandLine;
using Narthex.Model;
using Narthex.Tsdb.Blocks;

namespace Narthex.Promtool.Storage;

/// <summary><c>promtool tsdb analyze</c></summary>
internal static class AnalyzeCommand
{
    public static int Run(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        using DataDirectory data = DataDirectory.Open(invocation.Argument("db path"), withLog: false, cancellationToken);
        BlockReader block = Find(data, invocation.Argument("block id"));
        string match = invocation.Flags.Get("match");
        IReadOnlyList<LabelMatcher> matchers = match.Length > 0 ? DataDirectory.ParseSelector(match) : [];
        BlockAnalysis analysis;
        try
        {
            analysis = BlockAnalysis.Of(block, matchers, withChunks: invocation.Flags.IsOn("extended"), cancellationToken);
        }
        catch (BlockCorruptionException error)
        {
            throw new ToolException(error.Message, error);
        }

        Print(block, analysis, match, (int)Math.Clamp(invocation.Flags.GetInteger("limit"), 0, int.MaxValue), console.Out);
        return ExitCode.Success;
    }

    private static BlockReader Find(DataDirectory data, string id)
    {
        IReadOnlyList<BlockReader> blocks = data.Database.Blocks;
        if (id.Length > 0)
        {
            return blocks.FirstOrDefault(block => block.Meta.Ulid.ToString() == id) ?? throw new ToolException($"invalid block ID {id}");
        }

        // The one that was written last, which need not be the one with the newest samples.
        return blocks.OrderBy(block => block.Meta.Ulid).MaxBy(block => block.Meta.Ulid.TimestampMs) ?? throw new ToolException("no blocks found");
    }

    private static void Print(BlockReader block, BlockAnalysis analysis, string match, int limit, TextWriter output)
    {
        BlockMeta meta = block.Meta;
        output.WriteLine($"Block ID: {meta.Ulid}");
        output.WriteLine($"Duration: {GoDuration.Format(TimeSpan.FromMilliseconds(meta.MaxTime - meta.MinTime))}");
        output.WriteLine($"Total Series: {meta.Stats.NumSeries}");
        if (match.Length > 0)
        {
            output.WriteLine($"Matcher: {match}");
        }

        output.WriteLine($"Label names: {analysis.LabelNameCount}");
        if (match.Length > 0)
        {
            output.WriteLine($"Matched series: {analysis.SeriesCount}");
        }

        output.WriteLine($"Postings (unique label pairs): {analysis.LabelPairCount}");
        output.WriteLine($"Postings entries (total label pairs): {analysis.LabelPairTotal}");
        PrintList("Label pairs most involved in churning:", analysis.ChurningPairs);
        PrintList("Label names most involved in churning:", analysis.ChurningNames);
        PrintList("Most common label pairs:", analysis.CommonPairs);
        PrintList("Label names with highest cumulative label value length:", analysis.ValueLengths);
        PrintList("Highest cardinality labels:", analysis.Cardinalities);
        PrintList("Highest cardinality metric names:", analysis.MetricNames);
        if (analysis.Chunks is { } chunks)
        {
            output.WriteLine();
            output.WriteLine("Compaction analysis:");
            output.WriteLine();
            ChunkSizePrinter.Print(chunks, output);
        }

        void PrintList(string title, IReadOnlyDictionary<string, long> counts)
        {
            output.WriteLine();
            output.WriteLine(title);
            foreach ((string what, long count) in counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Take(limit))
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {what}"));
            }
        }
    }
}
