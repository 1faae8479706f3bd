using System.Text.Json;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Logs;

public sealed class QueryLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-query-log-").FullName;
    private readonly MemoryStorage _storage = new();
    private readonly MetricRegistry _registry = new();
    private readonly QueryEngine _engine;

    public QueryLogTests()
    {
        _engine = new QueryEngine(new QueryEngineOptions { EnablePerStepStatistics = true, MaxSamples = 1000 }, TimeProvider.System, _registry);
        for (int i = 0; i < 10; i++)
        {
            _storage.Append(Labels.FromStrings("__name__", "up"), i * 1000, i);
        }
    }

    private string LogPath => Path.Combine(_directory, "query.log");

    public void Dispose()
    {
        _engine.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_range_query_is_logged_with_upstreams_keys()
    {
        _engine.SetQueryLog(QueryLog.Open(LogPath, TimeProvider.System));
        var options = new QueryOptions
        {
            PerStepStatistics = true,
            Origin = new QueryOrigin("api", new Dictionary<string, string>()) { Request = new QueryHttpRequest("127.0.0.1", "GET", "/api/v1/query_range") },
        };
        using QueryResult result = await _engine.QueryRangeAsync(_storage, "sum(up) < 5 # <ü>", new TimeRange(1000, 3000), 1000, options, default);

        JsonElement line = Assert.Single(ReadLines());
        Assert.Equal(
            ["time", "level", "source", "msg", "params", "stats", "spanID", "traceID", "httpRequest"],
            line.EnumerateObject().Select(property => property.Name));
        Assert.Equal("INFO", line.GetProperty("level").GetString());
        Assert.Equal("promql query logged", line.GetProperty("msg").GetString());
        Assert.Equal(
            """{"end":"1970-01-01T00:00:03.000Z","query":"sum(up) < 5 # <ü>","start":"1970-01-01T00:00:01.000Z","step":1}""",
            line.GetProperty("params").GetRawText());
        Assert.Equal(
            """{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query_range"}""", line.GetProperty("httpRequest").GetRawText());
        JsonElement samples = line.GetProperty("stats").GetProperty("samples");
        Assert.Equal("[[1,1],[2,1],[3,1]]", samples.GetProperty("totalQueryableSamplesPerStep").GetRawText());
        Assert.Equal(3, samples.GetProperty("totalQueryableSamples").GetInt64());
        Assert.Equal(
            ["evalTotalTime", "resultSortTime", "queryPreparationTime", "innerEvalTime", "execQueueTime", "execTotalTime"],
            line.GetProperty("stats").GetProperty("timings").EnumerateObject().Select(property => property.Name));
        Assert.True(line.GetProperty("stats").GetProperty("timings").GetProperty("execTotalTime").GetDouble() > 0);
    }

    [Fact]
    public async Task A_query_that_fails_while_it_runs_is_logged_with_its_error_and_one_that_cannot_be_parsed_is_not()
    {
        _engine.SetQueryLog(QueryLog.Open(LogPath, TimeProvider.System));
        await Assert.ThrowsAsync<QueryException>(() => _engine.QueryInstantAsync(_storage, "sum(", 0, QueryOptions.Default, default));
        QueryException failed = await Assert.ThrowsAsync<QueryException>(
            () => _engine.QueryInstantAsync(_storage, "sum_over_time(up[3000s:1s])", 5000, QueryOptions.Default, default));

        JsonElement line = Assert.Single(ReadLines());
        Assert.Equal(failed.Message, line.GetProperty("error").GetString());
        Assert.Equal(0, line.GetProperty("params").GetProperty("step").GetInt32());
        Assert.False(line.TryGetProperty("httpRequest", out _));
    }

    [Fact]
    public async Task The_log_can_be_changed_and_ended()
    {
        _engine.SetQueryLog(QueryLog.Open(LogPath, TimeProvider.System));
        Assert.Contains("prometheus_engine_query_log_enabled 1", Metrics(), StringComparison.Ordinal);
        (await _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, default)).Dispose();
        File.Move(LogPath, LogPath + ".1");
        _engine.SetQueryLog(QueryLog.Open(LogPath, TimeProvider.System));
        (await _engine.QueryInstantAsync(_storage, "up + 1", 0, QueryOptions.Default, default)).Dispose();
        _engine.SetQueryLog(null);
        (await _engine.QueryInstantAsync(_storage, "up + 2", 0, QueryOptions.Default, default)).Dispose();

        Assert.Equal("up + 1", Assert.Single(ReadLines()).GetProperty("params").GetProperty("query").GetString());
        Assert.Contains("prometheus_engine_query_log_enabled 0", Metrics(), StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_query_log_failures_total 0", Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_cannot_be_written_is_counted_and_harms_no_query()
    {
        // Opening succeeds and every write says that the disk is full.
        _engine.SetQueryLog(QueryLog.Open("/dev/full", TimeProvider.System));
        using QueryResult result = await _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, default);
        Assert.Single(result.Vector);
        Assert.Contains("prometheus_engine_query_log_failures_total 1", Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Running_queries_are_in_the_active_log_and_no_longer()
    {
        using ActiveQueryLog active = ActiveQueryLog.Open(_directory, 20, TimeProvider.System);
        _engine.ActiveQueries = active;
        string path = Path.Combine(_directory, ActiveQueryLog.FileName);
        string during = "";
        _storage.OnRead = () => during = Read(path);
        (await _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, default)).Dispose();
        Assert.Contains("\"query\":\"up\"", during, StringComparison.Ordinal);
        Assert.Equal("[", Read(path));

        _storage.OnRead = () => throw new InvalidOperationException("broken");
        await Assert.ThrowsAsync<QueryException>(() => _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, default));
        Assert.Equal("[", Read(path));
    }

    [Fact]
    public async Task Slices_are_observed_once_for_each_query_that_got_so_far()
    {
        (await _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, default)).Dispose();
        (await _engine.QueryRangeAsync(_storage, "up", new TimeRange(0, 3000), 1000, QueryOptions.Default, default)).Dispose();
        await Assert.ThrowsAsync<QueryException>(
            () => _engine.QueryRangeAsync(_storage, "vector(1)", new TimeRange(0, 1_500_000), 1000, QueryOptions.Default, default));
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Assert.ThrowsAsync<QueryException>(() => _engine.QueryInstantAsync(_storage, "up", 0, QueryOptions.Default, canceled.Token));

        string metrics = Metrics();
        Assert.Contains("prometheus_engine_query_duration_seconds_count{slice=\"queue_time\"} 4", metrics, StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_query_duration_seconds_count{slice=\"prepare_time\"} 3", metrics, StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_query_duration_seconds_count{slice=\"inner_eval\"} 3", metrics, StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_query_duration_seconds_count{slice=\"result_sort\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_query_duration_histogram_seconds_bucket{slice=\"inner_eval\",le=\"10\"} 3", metrics, StringComparison.Ordinal);
        Assert.Contains("prometheus_engine_queries 0", metrics, StringComparison.Ordinal);
    }

    private static string Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Replace("\0", "", StringComparison.Ordinal);
    }

    private List<JsonElement> ReadLines() =>
        [.. Read(LogPath).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.Clone())];

    private string Metrics()
    {
        var sink = new TextSink();
        _registry.Collect(sink);
        return sink.ToString();
    }
}
