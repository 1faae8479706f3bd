using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

public sealed class HeadAppenderTests
{
    [Fact]
    public void The_newest_sample_comes_without_the_chunk_that_it_is_in()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "x"));
        for (int i = 0; i < 50; i++)
        {
            appender.Append(series, 1_000_000 + (i * 15_000), i / 3.0);
        }

        appender.Commit();
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.Equal, "__name__", "x")], CancellationToken.None);
        using var samples = new SampleBuffer();

        selection.ReadLatest(0, 1_000_000 + (49 * 15_000), samples);

        Assert.Equal([1_000_000 + (49 * 15_000)], samples.Timestamps.ToArray());
        Assert.Equal([49 / 3.0], samples.Values.ToArray());
    }

    private const long StartMs = 1_700_000_000_000;
    private static readonly Labels Series = Labels.FromStrings("__name__", "a", "b", "c");

    [Fact]
    public void Nothing_is_visible_before_the_commit_and_nothing_after_a_rollback()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Series), StartMs, 1);
        Assert.Empty(HeadReading.ReadAll(head));

        appender.Rollback();
        Assert.Equal(new CommitResult(0, 0, 0), appender.Commit());
        Assert.Empty(HeadReading.ReadAll(head));
    }

    [Fact]
    public void A_reference_that_names_no_series_is_reported_by_row()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef known = appender.GetOrAddSeries(Series);
        appender.Append(default, StartMs, 1);
        appender.Append(known, StartMs, 1);
        appender.Append(new SeriesRef(77), StartMs, 1);
        appender.Append(new SeriesRef(known.Value | (1UL << 32)), StartMs + 1, 1);
        var rejected = new List<RejectedSample>();

        CommitResult result = appender.Commit(rejected);

        Assert.Equal(new CommitResult(1, 3, 0), result);
        Assert.Equal([(0, AppendError.UnknownSeries), (2, AppendError.UnknownSeries), (3, AppendError.UnknownSeries)], rejected.Select(row => (row.Row, row.Error)));
    }

    [Fact]
    public void Label_sets_that_are_none_are_refused_with_upstreams_words()
    {
        using IAppender appender = new HeadStorage().OpenAppender();
        Labels twice = new LabelsBuilder().Add("a"u8, "1"u8).Add("a"u8, "2"u8).ToLabels();

        Assert.Equal("empty labelset: invalid sample", Assert.Throws<StorageException>(() => appender.GetOrAddSeries(Labels.Empty)).Message);
        Assert.Equal("label name \"a\" is not unique: invalid sample", Assert.Throws<StorageException>(() => appender.GetOrAddSeries(twice)).Message);
    }

    [Fact]
    public void Labels_of_any_length_come_back()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        Labels[] sets = [.. new[] { 1, 127, 128, 1000, 70_000, 1_500_000 }.Select(length => Labels.FromStrings("__name__", "n", "v", new string('ü', length), "w", $"{length}"))];
        foreach (Labels set in sets)
        {
            appender.Append(appender.GetOrAddSeries(set), StartMs, 1);
        }

        appender.Commit();

        Assert.Equal(sets.Select(set => set.ToString()).Order(StringComparer.Ordinal), HeadReading.ReadAll(head).Keys);
    }

    [Fact]
    public void Chunks_are_cut_where_upstream_cuts_them()
    {
        // At 15 s: the estimate after 30 samples divides the rest of the two hours evenly into chunks of about 120 samples, and a range ends a chunk.
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Series);
        long start = StartMs / 7_200_000 * 7_200_000;
        for (int i = 0; i < 480; i++)
        {
            appender.Append(series, start + (i * 15_000), i);
            appender.Commit();
        }

        Assert.Equal(4, head.ChunkCount);
        appender.Append(series, start + 7_200_000, 1);
        appender.Commit();
        Assert.Equal(5, head.ChunkCount);

        // Incompressible values fill a chunk's bytes before it has its samples.
        var random = new Random(1);
        for (int i = 1; i <= 120; i++)
        {
            appender.Append(series, start + 7_200_000 + (i * 15_000), BitConverter.Int64BitsToDouble(random.NextInt64()));
            appender.Commit();
        }

        Assert.Equal(6, head.ChunkCount);
        Assert.Equal(601, HeadReading.ReadAll(head).Single().Value.Count);
    }

    [Fact]
    public void Native_histograms_stand_between_floats_and_repeat_silently()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Series);
        appender.Append(series, StartMs, 1);
        appender.Append(series, StartMs + 1, Histogram(2));
        appender.Append(series, StartMs + 2, 3);
        Assert.Equal(new CommitResult(3, 0, 0), appender.Commit());
        appender.Append(series, StartMs + 3, Histogram(4));
        appender.Append(series, StartMs + 3, Histogram(4));
        Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());
        var rejected = new List<RejectedSample>();
        appender.Append(series, StartMs + 3, Histogram(4));
        appender.Append(series, StartMs + 3, Histogram(5));
        appender.Append(series, StartMs + 3, 4);
        appender.Append(series, StartMs + 2, 3);
        Assert.Equal(new CommitResult(0, 3, 0), appender.Commit(rejected));
        Assert.Equal([AppendError.DuplicateTimestamp, AppendError.DuplicateTimestamp, AppendError.OutOfOrder], rejected.Select(row => row.Error));
        Assert.Equal([(null, null), (4.0, null), (3.0, null)], rejected.Select(row => (row.Value, row.Existing)));
        rejected.Clear();
        appender.Append(series, StartMs + 4, 1);
        appender.Commit();
        appender.Append(series, StartMs + 4, 9);
        appender.Append(series, StartMs + 4, Histogram(1));
        appender.Commit(rejected);
        Assert.Equal([(9.0, 1.0), (null, 1.0)], rejected.Select(row => (row.Value, row.Existing)));

        using IQuerier view = head.OpenQuerier(new TimeRange(StartMs + 1, StartMs + 3));
        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.Equal, "b", "c")], CancellationToken.None);
        using var samples = new SampleBuffer();
        selection.ReadSamples(0, samples);
        Assert.Equal([StartMs + 1, StartMs + 2, StartMs + 3], samples.Timestamps);
        Assert.Equal([2.0, null, 4.0], samples.Histograms.ToArray().Select(histogram => histogram?.Sum));
        Assert.Equal(3, samples.Values[1]);
    }

    internal static FloatHistogram Histogram(double sum) => new()
    {
        Schema = 1,
        Count = 3,
        Sum = sum,
        PositiveSpans = [new HistogramSpan(0, 2)],
        PositiveBuckets = [1, 2],
    };
}
