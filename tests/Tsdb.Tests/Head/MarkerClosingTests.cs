using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Memory;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Tests.Database;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>A staleness marker ends its series' chunk: memory is given back, and nothing else shows.</summary>
public sealed class MarkerClosingTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private const int StepMs = 15_000;
    private static readonly TsdbOptions s_options = new() { BlockReloadInterval = TimeSpan.FromDays(1), Retention = new RetentionLimits(TimeSpan.Zero) };
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-marker-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_series_that_ended_leaves_no_open_chunk_behind_unless_it_was_short()
    {
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(_root, s_options);
        HeadStorage head = database.Head;
        Append(database, "long", 0, 15, StaleNaN.Value);
        Assert.Equal((0u, 1), (Find(head, "long").OpenChunk, head.ClosedChunks.Count));
        int saved = 0;
        for (int count = 1; count < 15; count++)
        {
            Append(database, $"short{count}", 0, count, StaleNaN.Value);
            Append(database, $"live{count}", 0, count, double.NaN);
            SeriesState ended = Find(head, $"short{count}");
            Assert.Equal(SlabArena.UnitsFor(ended.Encoder.ByteCount), ended.OpenUnits);
            saved += Find(head, $"live{count}").OpenUnits - ended.OpenUnits;
        }

        Assert.True(saved > 0);
        Assert.Equal(1, head.ClosedChunks.Count);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(15)]
    [InlineData(119)]
    [InlineData(130)]
    public async Task A_series_goes_on_behind_its_marker(int count)
    {
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(_root, s_options);
        Append(database, "s", 0, count, StaleNaN.Value);
        Append(database, "s", count + 1, count, StaleNaN.Value);
        Assert.Equal(1, database.Head.StaleSeriesCount);
        Append(database, "s", (2 * count) + 2, 1, 7);
        Assert.Equal(0, database.Head.StaleSeriesCount);
        Assert.Equal(
            [.. Expected(0, count, StaleNaN.Value), .. Expected(count + 1, count, StaleNaN.Value), .. Expected((2 * count) + 2, 1, 7)],
            SampleLines.ReadAll(database));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    public async Task The_marker_once_more_is_no_error_and_another_value_is(int count)
    {
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(_root, s_options);
        Append(database, "s", 0, count, StaleNaN.Value);
        Assert.Equal((0, AppendError.None), Commit(database, count, StaleNaN.Value));
        Assert.Equal((0, AppendError.DuplicateTimestamp), Commit(database, count, 3));
        Assert.Equal((0, AppendError.OutOfOrder), Commit(database, count - 1, 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_stale_is_known_after_a_start(bool killed)
    {
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options);
        foreach (int count in (int[])[1, 5, 15, 40, 119, 120, 121, 200])
        {
            Append(database, $"stale{count}", 0, count, StaleNaN.Value);
            Append(database, $"live{count}", 0, count, 1);
            Append(database, $"back{count}", 0, count, StaleNaN.Value);
            Append(database, $"back{count}", count + 1, 1, 1);
        }

        Assert.True(database.Maintain());
        Assert.Equal(8, database.Head.StaleSeriesCount);
        List<string> samples = SampleLines.ReadAll(database);
        if (killed)
        {
            string copy = Path.Combine(_root, "copy");
            database.PauseMaintenance(() => ChunkFiles.HeadChunkWritingTests.CopyDirectory(data, copy));
            data = copy;
        }

        await database.DisposeAsync();
        database = await TsdbDatabaseTests.OpenAsync(data, s_options);
        Assert.Equal(8, database.Head.StaleSeriesCount);
        Assert.Equal(samples, SampleLines.ReadAll(database));
        Assert.Equal((0, AppendError.None), Commit(database, 200, StaleNaN.Value, "stale200"));
        await database.DisposeAsync();
    }

    private static IEnumerable<string> Expected(int first, int count, double last)
    {
        string labels = Labels.FromStrings("__name__", "s").ToString();
        return Enumerable.Range(first, count + 1).Select(i => SampleLines.Line(labels, StartMs + ((long)i * StepMs), i == first + count ? last : Math.Sqrt(i), null));
    }

    private static SeriesState Find(HeadStorage head, string name) =>
        Enumerable.Range(0, (int)head.Index.Count).Where(series => head.Index.GetLabels((uint)series).MetricName == name)
            .Select(series => head.CopySeries(head.Index.SlotOf((uint)series), default)).Single();

    private static void Append(TsdbDatabase database, string name, int first, int count, double last)
    {
        for (int i = first; i <= first + count; i++)
        {
            Assert.Equal((1, AppendError.None), Commit(database, i, i == first + count ? last : Math.Sqrt(i), name));
        }
    }

    private static (int Appended, AppendError Error) Commit(TsdbDatabase database, int step, double value, string name = "s")
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), StartMs + ((long)step * StepMs), value);
        var rejected = new List<RejectedSample>();
        CommitResult result = appender.Commit(rejected);
        return ((int)result.Appended, rejected.Count == 0 ? AppendError.None : rejected[0].Error);
    }
}
