using System.Buffers;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>Matchers against a walk over all label sets.</summary>
public sealed class SeriesSelectorTests
{
    private const long StartMs = 1_700_000_000_000;
    private static readonly string[] Names = ["__name__", "job", "instance", "code", "missing"];
    private static readonly string[] Values = ["", "a", "b", "ab", "a.*", ".*", ".+", "a|b", "b|nope", "(a|b)?", "[a-c]+", "^$", "nope", "i1.", "i(1|2|3)7"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_matchers_find_what_a_walk_over_all_series_finds(int seed)
    {
        var random = new Random(seed);
        (HeadStorage head, Labels[] all) = Fill(random);
        var walk = new LabelsWalk(all);
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        int found = 0;
        for (int i = 0; i < 600; i++)
        {
            LabelMatcher[] matchers = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => RandomMatcher(random))];
            string context = $"seed {seed}: {{{string.Join(",", matchers.Select(matcher => matcher.ToString()))}}}";
            int[] matching = walk.Find(matchers);
            Labels[] expected = [.. matching.Select(index => walk.All[index])];
            using ISeriesSelection selection = view.Select(new SelectHints { Sorted = true }, matchers, CancellationToken.None);
            Labels[] actual = [.. Enumerable.Range(0, selection.Count).Select(selection.GetLabels)];
            Assert.True(expected.SequenceEqual(actual), $"{context}: {actual.Length} series, expected {expected.Length}");
            found += expected.Length;

            string name = Names[random.Next(Names.Length)];
            Assert.Equal(walk.NamesOf(matching), view.GetLabelNames(matchers, 0, CancellationToken.None).Values);
            Assert.Equal(walk.ValuesOf(matching, name), view.GetLabelValues(name, matchers, 0, CancellationToken.None).Values);
        }

        Assert.True(found > 4_000, $"seed {seed}: only {found} series were found in all");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Some_labels_are_what_is_picked_of_all(int seed)
    {
        var random = new Random(seed);
        (HeadStorage head, _) = Fill(random);
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.NotEqual, "x", "y")], CancellationToken.None);
        var written = new ArrayBufferWriter<byte>();
        for (int i = 0; i < 200; i++)
        {
            string[] names = [.. Names.Where(_ => random.Next(2) == 0)];
            LabelProjection projection = random.Next(2) == 0 ? LabelProjection.Only(names) : LabelProjection.Without(names);
            for (int series = random.Next(50); series < selection.Count; series += 50)
            {
                Assert.True(
                    projection.Of(selection.GetLabels(series)) == selection.GetLabels(series, projection),
                    $"seed {seed}: {projection.KeepsNamed} {string.Join(",", names)} of {selection.GetLabels(series)}");
                written.ResetWrittenCount();
                selection.WriteLabels(series, projection, written);
                Assert.True(written.WrittenSpan.SequenceEqual(selection.GetLabels(series, projection).Encoded), $"seed {seed}");
                written.ResetWrittenCount();
                selection.WriteLabels(series, written);
                Assert.True(written.WrittenSpan.SequenceEqual(selection.GetLabels(series).Encoded), $"seed {seed}");
            }
        }

        Assert.True(selection.MayHaveLabel("code"u8));
        Assert.False(selection.MayHaveLabel("missing"u8));
        Assert.False(selection.MayHaveLabel("ab"u8));
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(6, 4)]
    [InlineData(7, 30)]
    public void Selections_are_sorted_by_their_labels_however_many_there_are(int seed, int labelsMax)
    {
        // Thirty labels with hundreds of values do not fit into one number: what is equal so far is told apart by the rest.
        var random = new Random(seed);
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        for (int i = 0; i < 2000; i++)
        {
            var builder = new LabelsBuilder();
            builder.Set("__name__", "m" + random.Next(seed == 7 ? 1 : 3)).Set("a", "the same everywhere");
            for (int label = random.Next(labelsMax + 1); label > 0; label--)
            {
                builder.Set("l" + random.Next(labelsMax + 5), "v" + random.Next(random.Next(2) == 0 ? 2 : 400));
            }

            builder.Set("z", "a" + i);
            appender.Append(appender.GetOrAddSeries(builder.ToLabels()), StartMs, i);
        }

        appender.Commit();
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        foreach (string pattern in (ReadOnlySpan<string>)["a.*", "a1.*", "a19.*", "a7", "none"])
        {
            LabelMatcher matcher = new(MatchType.Regex, "z", pattern);
            using ISeriesSelection sorted = view.Select(new SelectHints { Sorted = true }, [matcher], CancellationToken.None);
            using ISeriesSelection unsorted = view.Select(default, [matcher], CancellationToken.None);
            Labels[] expected = [.. Enumerable.Range(0, unsorted.Count).Select(unsorted.GetLabels).Order()];
            Assert.True(expected.SequenceEqual(Enumerable.Range(0, sorted.Count).Select(sorted.GetLabels)), $"seed {seed}: {pattern}");
        }
    }

    [Fact]
    public void Label_names_and_values_are_sorted_and_limited()
    {
        (HeadStorage head, Labels[] all) = Fill(new Random(7));
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        string[] instances = [.. all.Select(labels => labels["instance"]).Where(value => value.Length > 0).Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(["__name__", "code", "instance", "job"], view.GetLabelNames([], 0, CancellationToken.None).Values);
        Assert.Equal(instances, view.GetLabelValues("instance", [], 0, CancellationToken.None).Values);
        LabelQueryResult limited = view.GetLabelValues("instance", [], 3, CancellationToken.None);
        Assert.Equal((true, 3), (limited.Truncated, limited.Values.Count));
        Assert.Equal(instances[..3], limited.Values);
        Assert.False(view.GetLabelValues("instance", [], instances.Length, CancellationToken.None).Truncated);
        Assert.Empty(view.GetLabelValues("missing", [], 0, CancellationToken.None).Values);
        Assert.Empty(view.GetLabelValues("ab", [], 0, CancellationToken.None).Values);
    }

    [Fact]
    public void Series_without_samples_in_the_range_are_not_listed()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        for (int i = 0; i < 4; i++)
        {
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "s" + i));
            for (int j = 0; j < 300 && i < 3; j++)
            {
                appender.Append(series, StartMs + (i * 100) + (j * 10_000), j);
                appender.Commit();
            }
        }

        string[] List(long from, long to)
        {
            using IQuerier view = head.OpenQuerier(new TimeRange(from, to));
            return [.. view.GetLabelValues("__name__", [new LabelMatcher(MatchType.NotEqual, "x", "y")], 0, CancellationToken.None).Values];
        }

        Assert.Equal(["s0", "s1", "s2"], List(long.MinValue, long.MaxValue));
        Assert.Equal(["s0"], List(StartMs - 10, StartMs));
        Assert.Equal(["s0", "s1"], List(StartMs, StartMs + 100));
        Assert.Equal(["s2"], List(StartMs + 200 + (299 * 10_000), long.MaxValue));
        Assert.Empty(List(0, StartMs - 1));
    }

    [Fact]
    public void Series_and_labels_newer_than_the_view_are_not_in_it()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "old", "a", "1")), StartMs, 1);
        appender.Commit();
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "new", "a", "1", "b", "2")), StartMs, 1);
        appender.Commit();

        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.Equal, "a", "1")], CancellationToken.None);
        Assert.Equal(1, selection.Count);
        Assert.Equal(["__name__", "a"], view.GetLabelNames([], 0, CancellationToken.None).Values);
        Assert.Equal(["old"], view.GetLabelValues("__name__", [], 0, CancellationToken.None).Values);
    }

    private static (HeadStorage Head, Labels[] All) Fill(Random random)
    {
        var head = new HeadStorage();
        var all = new HashSet<Labels>();
        using IAppender appender = head.OpenAppender();
        for (int i = 0; i < 3000; i++)
        {
            var builder = new LabelsBuilder();
            builder.Set("__name__", random.Next(2) == 0 ? "a" : "ab" + random.Next(4));
            builder.Set("job", random.Next(4) switch { 0 => "", 1 => "a", 2 => "b", _ => "c" });
            builder.Set("instance", random.Next(8) == 0 ? "" : "i" + random.Next(60));
            builder.Set("code", random.Next(3) == 0 ? "" : "" + (char)('a' + random.Next(3)));
            Labels labels = builder.ToLabels();
            if (all.Add(labels))
            {
                appender.Append(appender.GetOrAddSeries(labels), StartMs, i);
            }
        }

        appender.Commit();
        return (head, [.. all]);
    }

    private static LabelMatcher RandomMatcher(Random random)
    {
        var type = (MatchType)random.Next(4);
        string value = Values[random.Next(Values.Length)];
        return new LabelMatcher(type, Names[random.Next(Names.Length)], random.Next(3) == 0 && type is MatchType.Equal or MatchType.NotEqual ? "a" : value);
    }
}
