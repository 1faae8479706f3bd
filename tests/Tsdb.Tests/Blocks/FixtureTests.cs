using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Tests.Peers;
using Microsoft.Extensions.Logging.Abstractions;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Blocks;

/// <summary>Upstream's own block fixtures.</summary>
public sealed class FixtureTests
{
    private static string Fixtures => Path.Combine(RepositoryPaths.Conformance!, "tsdb");

    [ConformanceFact]
    public void A_block_with_an_index_of_version_1_is_read_complete()
    {
        using BlockReader block = BlockReader.Open(Path.Combine(Fixtures, "index_format_v1"));
        Assert.Equal(1, block.Index.Version);
        Assert.Equal(102, block.Verify());
        var everything = new LabelMatcher(MatchType.NotEqual, "absent", "x");
        Assert.Equal(102, Dump.All(block, null, everything).Count);
        Assert.Equal(["{foo=\"bar\"} 2 1"], Dump.All(block, null, new LabelMatcher(MatchType.Equal, "foo", "bar")));
        Assert.Equal(["{foo=\"bar\"} 2 1", "{foo=\"baz\"} 4 3"], Dump.All(block, null, new LabelMatcher(MatchType.NotRegex, "foo", "^.?$")));
        using IQuerier querier = block.OpenQuerier(TimeRange.All);
        Assert.Equal(["bar", "baz"], querier.GetLabelValues("foo", [], 0, default).Values);
        Assert.Equal(["bar", "foo"], querier.GetLabelNames([], 0, default).Values);
    }

    [ConformanceFact]
    public void A_block_of_version_1_is_rewritten_as_version_2_with_the_same_samples()
    {
        using var directory = new PeerDirectory();
        var everything = new LabelMatcher(MatchType.NotEqual, "absent", "x");
        using BlockReader old = BlockReader.Open(Path.Combine(Fixtures, "index_format_v1"));
        BlockWriter.Write(directory.Path, old.Meta, new CompactionSource([old], old.Meta.Range));
        using BlockReader block = BlockReader.Open(directory.Combine(old.Meta.Ulid.ToString()));
        Assert.Equal(2, block.Index.Version);
        Assert.Equal(Dump.All(old, null, everything), Dump.All(block, null, everything));
    }

    [ConformanceFact]
    public void A_block_with_the_wrong_index_version_fails_as_it_is_and_opening_the_database_repairs_it()
    {
        const string name = "01BZJ9WJQPWHGNC2W4J9TA62KC";
        using var directory = new PeerDirectory();
        string path = directory.Combine(name);
        Dump.CopyDirectory(Path.Combine(Fixtures, "repair_index_version", name), path);
        var error = Assert.Throws<BlockCorruptionException>(() => BlockReader.Open(path));
        Assert.Equal(name, error.Block);
        Assert.Contains("unexpected meta file version 2", error.Message, StringComparison.Ordinal);

        using BlockSet set = BlockSet.Open(directory.Path, new BlockSetOptions { RetentionTime = TimeSpan.Zero }, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
        BlockReader block = Assert.Single(set.Blocks);
        Assert.Equal(1, block.Meta.Version);
        Assert.Equal(88910u, block.Meta.Stats.NumSeries);
        Labels[] found = [.. block.Index.GetPostings("b"u8, "1"u8) is var list ? Enumerable.Range(0, list.Count).Select(i => At(block, i)) : []];
        Assert.Equal([Labels.FromStrings("a", "1", "b", "1"), Labels.FromStrings("a", "2", "b", "1")], found);
    }

    private static Labels At(BlockReader block, int index) => block.Index.ReadLabels(block.Index.GetPostings("b"u8, "1"u8)[index]);
}
