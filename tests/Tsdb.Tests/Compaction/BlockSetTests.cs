using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Tests;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Tests.Blocks;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Compaction;

public sealed class BlockSetTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void Three_blocks_become_one_and_a_parent_that_a_kill_left_behind_goes_at_the_next_start()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        List<string> before;
        string parent;
        using (BlockSet set = Open(data))
        {
            Fill(set);
            before = Dump.All(set);
            parent = set.Blocks[0].DirectoryPath;
            Dump.CopyDirectory(parent, directory.Combine("saved"));
            set.Compact();
            Assert.Equal([(0, 6 * Hour), (6 * Hour, 8 * Hour)], set.Blocks.Select(block => (block.Meta.MinTime, block.Meta.MaxTime)));
            Assert.Equal(2, set.Blocks[0].Meta.Compaction.Level);
            Assert.Equal(3, set.Blocks[0].Meta.Compaction.Parents!.Count);
            Assert.Equal(before, Dump.All(set));
        }

        Directory.Move(directory.Combine("saved"), parent);
        Directory.CreateDirectory(parent[..^1] + (parent[^1] == '0' ? "1" : "0") + ".tmp-for-creation");
        using BlockSet again = Open(data);
        Assert.Equal(before, Dump.All(again));
        Assert.Equal(2, Directory.GetDirectories(data).Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Overlapping_blocks_with_deletions_merge_as_a_slow_merge_would(int seed)
    {
        using var directory = new PeerDirectory();
        using BlockSet set = Open(directory.Path);
        var random = new Random(seed);
        var expected = new SortedDictionary<(Labels, long), double>();
        for (int b = 0; b < 3; b++)
        {
            var source = new MemorySource();
            var written = new Dictionary<(Labels, long), double>();
            for (int s = 0; s < 20; s++)
            {
                Labels labels = Labels.FromStrings("__name__", "m", "s", $"{s:D2}");
                long time = random.Next(100);
                for (int c = random.Next(0, 4); c > 0; c--)
                {
                    var samples = new (long, double)[random.Next(1, 200)];
                    for (int i = 0; i < samples.Length; i++)
                    {
                        samples[i] = (time += random.Next(1, 4) * 10, random.Next(1000) / 8.0);
                        written[(labels, time)] = samples[i].Item2;
                    }

                    source.Add(labels, samples);
                }
            }

            // Starts one apart, so that it is certain which block is the earlier one.
            BlockId id = set.WriteBlock(source, b - 3, 2 * Hour)!.Ulid;
            long from = random.Next(3000);
            set.Blocks.Single(block => block.Meta.Ulid == id).Delete([new LabelMatcher(MatchType.Regex, "s", "0.")], new TimeRange(from, from + 900));
            foreach (KeyValuePair<(Labels Labels, long Time), double> pair in written)
            {
                if (pair.Key.Labels["s"][0] != '0' || pair.Key.Time < from || pair.Key.Time > from + 900)
                {
                    expected.TryAdd(pair.Key, pair.Value);
                }
            }
        }

        List<string> lines = [.. expected.Select(pair => $"{pair.Key.Item1} {FloatFormat.FormatGeneral(pair.Value)} {pair.Key.Item2}")];
        Assert.True(lines.SequenceEqual(Dump.All(set)), $"seed {seed}: queries");
        set.Compact();
        Assert.Equal(lines.Count, (int)Assert.Single(set.Blocks).Meta.Stats.NumSamples);
        Assert.True(lines.SequenceEqual(Dump.All(set)), $"seed {seed}: after compaction");
    }

    [Fact]
    public void Broken_blocks_are_skipped_by_name_old_ones_deleted_and_deleted_samples_cleaned()
    {
        using var directory = new PeerDirectory();
        using BlockSet set = Open(directory.Path);
        Fill(set);
        set.Delete([Dump.Everything], new TimeRange(0, 3 * Hour));
        List<string> left = Dump.All(set);
        set.CleanTombstones();
        Assert.Equal(left, Dump.All(set));
        Assert.Equal(3, set.Blocks.Count);
        Assert.Equal(0, set.Blocks.Sum(block => block.Tombstones.Count));

        set.Options = set.Options with { RetentionTime = TimeSpan.FromHours(4) };
        set.Reload();
        Assert.Equal([4 * Hour, 6 * Hour], set.Blocks.Select(block => block.Meta.MinTime));
        string broken = set.Blocks[0].DirectoryPath;
        File.WriteAllBytes(Path.Combine(broken, "index"), [1, 2, 3]);
        using BlockSet again = Open(directory.Path);
        Assert.Single(again.Blocks);
        Assert.Contains(Path.GetFileName(broken), again.Broken[Path.GetFileName(broken)].Message, StringComparison.Ordinal);
    }

    [PeerFact]
    public void Promtool_dumps_our_compacted_blocks_and_tombstones_as_we_query_them()
    {
        using var directory = new PeerDirectory();
        using BlockSet set = Open(directory.Path);
        Fill(set);
        set.Compact();
        set.Delete([new LabelMatcher(MatchType.Equal, "s", "3")], new TimeRange(Hour, 3 * Hour));
        Directory.CreateDirectory(directory.Combine("wal"));
        string[] theirs = PeerDirectory.Promtool("tsdb", "dump", directory.Path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Dump.All(set).Order(StringComparer.Ordinal), theirs.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("0-20 20-40 40-60", "")]
    [InlineData("0-20 20-40 40-60 60-80", "0 1 2")]
    [InlineData("0-20 20-40 60-80 80-100", "0 1")]
    [InlineData("0-60 60-80 80-100 100-120 120-140", "1 2 3")]
    [InlineData("0-60 60-120 120-180 180-200", "0 1 2")]
    [InlineData("0-20 19-40 40-60", "0 1")]
    [InlineData("0-20 20-40 30-50 40-60 60-80", "1 2 3")]
    [InlineData("0-20f 20-40 40-60 60-80", "")]
    public void The_right_blocks_are_chosen(string blocks, string expected)
    {
        BlockMeta[] metas = [.. blocks.Split(' ').Select((text, i) => new BlockMeta
        {
            Ulid = new BlockId((UInt128)i),
            MinTime = long.Parse(text.Split('-')[0]),
            MaxTime = long.Parse(text.Split('-')[1].TrimEnd('f')),
            Compaction = new BlockCompaction { Failed = text.EndsWith('f') },
        })];
        Assert.Equal(expected, string.Join(' ', CompactionPlanner.Plan(metas, [20, 60, 180, 540]).Select(id => (int)id.Value)));
    }

    private static BlockSet Open(string directory) =>
        BlockSet.Open(directory, new BlockSetOptions { RetentionTime = TimeSpan.Zero }, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static void Fill(BlockSet set)
    {
        for (int b = 0; b < 4; b++)
        {
            var source = new MemorySource();
            for (int s = 0; s < 10; s++)
            {
                source.Add(Labels.FromStrings("__name__", "m", "s", s.ToString(), "b", s % 5 == 0 ? b.ToString() : "all"),
                    [.. Enumerable.Range(0, 200).Select(i => ((b * 2 * Hour) + (i * 30_000L), (double)(i * s % 17)))]);
            }

            set.WriteBlock(source, b * 2 * Hour, (b + 1) * 2 * Hour);
        }
    }
}
