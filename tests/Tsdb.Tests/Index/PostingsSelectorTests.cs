using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Tests.Blocks;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Index;

public sealed class PostingsSelectorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_matchers_find_what_looking_at_every_series_finds(int seed)
    {
        using var directory = new PeerDirectory();
        var random = new Random(seed);
        var source = new MemorySource();
        var all = new SortedSet<Labels>();
        while (all.Count < 1500)
        {
            LabelsBuilder builder = new LabelsBuilder().Set("__name__", "m" + random.Next(5));
            for (int i = 0; i < 4; i++)
            {
                builder.Set("l" + i, random.Next(3) == 0 ? "" : (random.Next(2) == 0 ? "x" : "yé") + random.Next(i == 0 ? 300 : 6));
            }

            all.Add(builder.ToLabels());
        }

        foreach (Labels labels in all)
        {
            source.Series.Add((labels, [MemorySource.Encode((1000, 1))]));
        }

        var walk = new LabelsWalk(all);
        BlockMeta meta = source.Write(directory.Path, 0, 7_200_000);
        using BlockReader block = BlockReader.Open(directory.Combine(meta.Ulid.ToString()));
        using IQuerier querier = block.OpenQuerier(TimeRange.All);
        string[] values = ["x1", "m1", "", "yé3", "zz"];
        string[] patterns = ["x1", "x.*", "x[12]|yé3", "x1|x2|", ".*", ".+", "", "yé.*", "x1.", "(x|y).*3", "nothing", "m[0-3]", "m1|m2|m9", "x2?"];
        string[] names = ["__name__", "l0", "l1", "l2", "l3", "absent"];
        for (int round = 0; round < 400; round++)
        {
            var matchers = new List<LabelMatcher>();
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                var type = (MatchType)random.Next(4);
                matchers.Add(new LabelMatcher(type, names[random.Next(6)], type < MatchType.Regex ? values[random.Next(5)] : patterns[random.Next(patterns.Length)]));
            }

            int[] expected = walk.Find(matchers);
            using ISeriesSelection selection = querier.Select(default, matchers, default);
            string what = $"seed {seed}: {string.Join(",", matchers)}";
            Assert.True(expected.Select(index => walk.All[index]).SequenceEqual(Enumerable.Range(0, selection.Count).Select(selection.GetLabels)), what);
            Assert.True(walk.ValuesOf(expected, "l0").SequenceEqual(querier.GetLabelValues("l0", matchers, 0, default).Values), what);
            Assert.True(walk.NamesOf(expected).SequenceEqual(querier.GetLabelNames(matchers, 0, default).Values), what);
        }

        LabelQueryResult limited = querier.GetLabelValues("l0", [], 7, default);
        Assert.Equal(Values(all).Take(7), limited.Values);
        Assert.True(limited.Truncated);
    }

    private static string[] Values(IEnumerable<Labels> series) =>
        [.. series.Select(labels => labels["l0"]).Where(value => value.Length > 0).Distinct().Order(StringComparer.Ordinal)];
}
