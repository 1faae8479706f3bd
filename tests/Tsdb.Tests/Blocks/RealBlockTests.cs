using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Blocks;

/// <summary>Blocks of the real Prometheus read by us, and ours read by it.</summary>
public sealed class RealBlockTests
{
    private const long StartS = 1_700_000_000;

    [PeerFact]
    public void Blocks_made_by_promtool_read_complete_and_rewrite_to_the_same_bytes()
    {
        using var directory = new PeerDirectory();
        List<string> expected = MakeBlocks(directory, out List<string> blocks);
        Assert.Equal(2, blocks.Count);

        var found = new List<string>();
        foreach (string path in blocks)
        {
            using BlockReader block = BlockReader.Open(path);
            Assert.Equal((long)block.Meta.Stats.NumSamples, block.Verify());
            found.AddRange(Dump.All(block));

            string copies = directory.Combine("copies");
            BlockMeta copy = BlockWriter.Write(copies, block.Meta, new BlockSource(block))!;
            Assert.Equal(block.Meta.Stats, copy.Stats);
            foreach (string file in (string[])["index", "chunks/000001", "tombstones", "meta.json"])
            {
                Assert.Equal(Hex(Path.Combine(path, file)), Hex(Path.Combine(copies, Path.GetFileName(path), file)));
            }
        }

        found.Sort(StringComparer.Ordinal);
        expected.Sort(StringComparer.Ordinal);
        Assert.Equal(expected, found);
    }

    [PeerFact]
    public void Promtool_lists_analyses_and_dumps_our_blocks()
    {
        using var directory = new PeerDirectory();
        var random = new Random(3);
        var source = new MemorySource();
        for (int s = 0; s < 300; s++)
        {
            Labels labels = Labels.FromStrings("__name__", "m" + (s % 7), "instance", "host-" + s, "job", "j" + (s % 3), "zone", "ü€😀");
            for (int c = 0; c < 3; c++)
            {
                var samples = new (long, double)[40];
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = ((StartS * 1000) + (((c * 40) + i) * 15000L), i % 5 == 0 ? random.NextDouble() * 1e6 : i);
                }

                source.Add(labels, samples);
            }
        }

        BlockMeta meta = source.Write(directory.Path, StartS * 1000, (StartS * 1000) + (120 * 15000));
        using BlockReader block = BlockReader.Open(directory.Combine(meta.Ulid.ToString()));
        Assert.Equal(36000, block.Verify());

        Directory.CreateDirectory(directory.Combine("wal")); // Without one it refuses to dump.
        string list = PeerDirectory.Promtool("tsdb", "list", directory.Path);
        Assert.Matches($@"{meta.Ulid}\s+\d+\s+\d+\s+\S+\s+36000\s+900\s+300\s", list);
        string analysis = PeerDirectory.Promtool("tsdb", "analyze", directory.Path, meta.Ulid.ToString());
        Assert.Contains("Total Series: 300", analysis, StringComparison.Ordinal);
        Assert.Contains("Label names: 4", analysis, StringComparison.Ordinal);
        Assert.Contains("Postings entries (total label pairs): " + (4 * 300).ToString(CultureInfo.InvariantCulture), analysis, StringComparison.Ordinal);
        foreach (string match in (string[])["{__name__=\"m3\"}", "{job!=\"j1\",instance=~\"host-1.*\"}", "{zone=~\".+€.*\"}"])
        {
            string[] theirs = PeerDirectory.Promtool("tsdb", "dump", "--match=" + match, directory.Path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            List<string> ours = Dump.All(block, null, Matchers(match));
            Assert.NotEmpty(ours);
            Assert.Equal(theirs.Order(StringComparer.Ordinal), ours.Order(StringComparer.Ordinal));
        }
    }

    private static LabelMatcher[] Matchers(string match) => match switch
    {
        "{__name__=\"m3\"}" => [new(Model.MatchType.Equal, "__name__", "m3")],
        "{zone=~\".+€.*\"}" => [new(Model.MatchType.Regex, "zone", ".+€.*")],
        _ => [new(Model.MatchType.NotEqual, "job", "j1"), new(Model.MatchType.Regex, "instance", "host-1.*")],
    };

    private static List<string> MakeBlocks(PeerDirectory directory, out List<string> blocks)
    {
        var expected = new List<string>();
        var text = new StringBuilder("# TYPE m gauge\n");
        var random = new Random(1);
        for (int s = 0; s < 70; s++)
        {
            Labels labels = Labels.FromStrings("__name__", "m", "i", s.ToString(CultureInfo.InvariantCulture), "job", s % 2 == 0 ? "a" : "b");
            for (int i = 0; i < 400; i++)
            {
                double value = random.Next(3) switch { 0 => i, 1 => random.NextDouble(), _ => s };
                long time = StartS + (i * 30);
                text.Append(CultureInfo.InvariantCulture, $"m{{i=\"{s}\",job=\"{(s % 2 == 0 ? "a" : "b")}\"}} {value:R} {time}\n");
                expected.Add(string.Create(CultureInfo.InvariantCulture, $"{labels} {FloatFormat.FormatGeneral(value)} {time * 1000}"));
            }
        }

        File.WriteAllText(directory.Combine("in.txt"), text.Append("# EOF\n").ToString());
        PeerDirectory.Promtool("tsdb", "create-blocks-from", "openmetrics", directory.Combine("in.txt"), directory.Combine("data"));
        blocks = [.. Directory.GetDirectories(directory.Combine("data")).Order(StringComparer.Ordinal)];
        Directory.CreateDirectory(directory.Combine("copies"));
        return expected;
    }

    private static string Hex(string path) => Convert.ToHexString(File.ReadAllBytes(path));
}
