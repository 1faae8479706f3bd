using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Backfill;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Backfill;

/// <summary>What upstream's promtool makes of the same files is the expected value.</summary>
public sealed partial class OpenMetricsBackfillTests
{
    private const long StartS = 1_699_992_000; // A multiple of two hours.

    [PeerTheory]
    [InlineData("2h")]
    [InlineData("6h")]
    [InlineData("1d")]
    public void Blocks_are_those_of_promtool_to_the_byte(string maxBlockDuration)
    {
        using var directory = new PeerDirectory();
        string input = directory.Combine("in.om");
        File.WriteAllText(input, MakeText());
        PeerDirectory.Promtool(
            "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=" + maxBlockDuration, "--label=site=north", input, directory.Combine("theirs"));
        var told = new List<BlockMeta>();

        OpenMetricsBackfill.CreateBlocks(
            input,
            directory.Combine("ours"),
            new BackfillOptions
            {
                MaxBlockDuration = maxBlockDuration switch { "2h" => TimeSpan.FromHours(2), "6h" => TimeSpan.FromHours(6), _ => TimeSpan.FromDays(1) },
                Labels = [new("site", "north")],
            },
            told.Add);

        BlockReader[] theirs = Open(directory.Combine("theirs"));
        BlockReader[] ours = Open(directory.Combine("ours"));
        Assert.True(theirs.Length > 1);
        Assert.Equal(theirs.Select(block => (block.Meta.MinTime, block.Meta.MaxTime)), ours.Select(block => (block.Meta.MinTime, block.Meta.MaxTime)));
        Assert.Equal(told.Select(meta => meta.Ulid), ours.Select(block => block.Meta.Ulid));
        for (int i = 0; i < ours.Length; i++)
        {
            foreach (string file in (string[])["index", "chunks/000001", "tombstones"])
            {
                Assert.Equal(Hex(theirs[i], file), Hex(ours[i], file));
            }

            Assert.Equal(MetaWithoutName(theirs[i]), MetaWithoutName(ours[i]));
            ours[i].Dispose();
            theirs[i].Dispose();
        }
    }

    [PeerTheory]
    [InlineData("a 1 1700000000\n")]
    [InlineData("a 1\n# EOF\n")]
    [InlineData("a{x=\"1\" 1 1700000000\n# EOF\n")]
    [InlineData("a 1 1700000000\na 2 1700000010\na 3 1700000005\nb 1 1700000020\n# EOF\n")]
    [InlineData("# EOF\n")]
    [InlineData("a 1 1700000000\n# EOF\nb 1 1700000000\n")]
    [InlineData("# TYPE a counter\n# HELP a Text.\na_total 1 1700000000 # {trace_id=\"x\"} 1\n# EOF\n")]
    public void Errors_are_those_of_promtool(string text)
    {
        using var directory = new PeerDirectory();
        string input = directory.Combine("in.om");
        File.WriteAllText(input, text);
        using System.Diagnostics.Process promtool =
            PeerDirectory.Start("promtool", "tsdb", "create-blocks-from", "openmetrics", input, directory.Combine("theirs"));
        string theirs = promtool.StandardError.ReadToEnd();
        promtool.WaitForExit();
        string ours = "";
        try
        {
            OpenMetricsBackfill.CreateBlocks(input, directory.Combine("ours"), new BackfillOptions());
        }
        catch (StorageException error)
        {
            ours = $"{error.Message}\n";
        }

        Assert.Equal(Quoted().Replace(theirs.Replace("err: ", "", StringComparison.Ordinal), "…"), Quoted().Replace(ours, "…"));
        Assert.Equal(Count(directory.Combine("theirs")), Count(directory.Combine("ours")));
    }

    [Theory]
    [InlineData(1, "out of order sample")]
    [InlineData(1000, null)]
    public void Disorder_is_an_error_across_commits_and_left_out_within_one(int samplesPerCommit, string? error)
    {
        using var directory = new PeerDirectory();
        byte[] text = "a 1 1700000000\na 2 1700000010\na 3 1700000005\na 4 1700000020\n# EOF\n"u8.ToArray();
        var blocks = new List<BlockMeta>();
        void Create() => OpenMetricsBackfill.CreateBlocks(text, directory.Path, new BackfillOptions { SamplesPerCommit = samplesPerCommit }, blocks.Add);

        if (error is not null)
        {
            Assert.Equal($"block creation: process blocks: add sample: {error}", Assert.Throws<StorageException>(Create).Message);
            Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
        }
        else
        {
            Create();
            Assert.Equal(3ul, Assert.Single(blocks).Stats.NumSamples);
        }
    }

    private static string MakeText()
    {
        var text = new StringBuilder("# TYPE m gauge\n# HELP m Something.\n");
        var random = new Random(1);
        for (int s = 0; s < 40; s++)
        {
            for (int i = 0; i < 700; i++)
            {
                double value = random.Next(3) switch { 0 => i, 1 => random.NextDouble(), _ => s };
                long time = StartS + 1800 + (i * (s % 3 == 0 ? 45 : 10)) + (i > 600 ? 30_000 : 0);
                text.Append(CultureInfo.InvariantCulture, $"m{{i=\"{s}\",job=\"{(s % 2 == 0 ? "a" : "b")}\"}} {value:R} {time}\n");
            }
        }

        return text.Append("other NaN 1699999999.999\nother +Inf 1700003600\n# EOF\n").ToString();
    }

    private static BlockReader[] Open(string directory) =>
        [.. Directory.GetDirectories(directory).Where(path => BlockId.TryParse(Path.GetFileName(path), out _)).Select(BlockReader.Open).OrderBy(block => block.Meta.MinTime)];

    private static int Count(string directory) => Directory.Exists(directory) ? Open(directory).Select(block => { block.Dispose(); return 1; }).Sum() : 0;

    private static string Hex(BlockReader block, string file) => Convert.ToHexString(File.ReadAllBytes(Path.Combine(block.DirectoryPath, file)));

    private static string MetaWithoutName(BlockReader block) =>
        File.ReadAllText(Path.Combine(block.DirectoryPath, "meta.json")).Replace(block.Meta.Ulid.ToString(), "ULID", StringComparison.Ordinal);

    // The rest of the text that could not be parsed is quoted in Go's way, in which the two may differ.
    [GeneratedRegex("\"[^\n]*\"")]
    private static partial Regex Quoted();
}
