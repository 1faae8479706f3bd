using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Tests.Execution;

public sealed class QueryEngineTests : IDisposable
{
    private readonly MemoryStorage _storage = new();
    private readonly List<QueryEngine> _engines = [];

    public QueryEngineTests()
    {
        for (int series = 0; series < 20; series++)
        {
            for (int i = 0; i < 100; i++)
            {
                _storage.Append(Labels.FromStrings("__name__", "requests_total", "instance", $"i{series:D2}"), i * 15_000, i * series);
            }
        }
    }

    public void Dispose() => _engines.ForEach(e => e.Dispose());

    [Fact]
    public async Task Names_are_dropped_by_functions_when_delayed_removal_is_off()
    {
        using QueryResult result = await Instant("rate(requests_total{instance='i01'}[1m])", new QueryEngineOptions());

        VectorSample sample = Assert.Single(result.Vector);
        Assert.Equal(Labels.FromStrings("instance", "i01"), sample.Labels);
        Assert.Equal(1 / 15.0, sample.Value, 12);
        Assert.Equal(ValueType.Vector, result.Type);
    }

    [Fact]
    public async Task Two_names_that_become_one_series_are_an_error()
    {
        _storage.Append(Labels.FromStrings("__name__", "other_total", "instance", "i01"), 600_000, 1);

        QueryException error = await Assert.ThrowsAsync<QueryException>(() => Instant("abs({instance='i01'})", new QueryEngineOptions()));

        Assert.Equal(QueryErrorKind.Execution, error.Kind);
        Assert.Equal("vector cannot contain metrics with the same labelset", error.Message);
    }

    [Fact]
    public async Task Range_result_is_ordered_by_labels_and_has_every_step()
    {
        using QueryResult result = await Range("requests_total", new QueryEngineOptions());

        Assert.Equal(20, result.Matrix.Count);
        Assert.Equal(result.Matrix.Select(s => s.Labels).Order(), result.Matrix.Select(s => s.Labels));
        Assert.All(result.Matrix, s => Assert.Equal([300_000L, 360_000, 420_000, 480_000, 540_000, 600_000], s.Timestamps.ToArray()));
        Assert.Equal(20 * 6, result.Statistics.TotalQueryableSamples);
    }

    [Fact]
    public async Task Labels_are_replaced_from_the_series_own_value_however_many_there_are()
    {
        var storage = new HugeStorage(40_000);
        using QueryResult result = await Engine(new QueryEngineOptions()).QueryInstantAsync(
            storage, "label_replace(label_replace(x_total, 'last', 'L$1', 'i', '.*(.)'), 'rest', '$1', 'i', '0*(.*[^3])')", 0, QueryOptions.Default, default);

        Assert.Equal(40_000, result.Vector.Count);
        Assert.All(result.Vector, sample =>
        {
            string value = sample.Labels["i"];
            Assert.Equal("L" + value[^1], sample.Labels["last"]);
            Assert.Equal(value.EndsWith('3') ? "" : value.TrimStart('0') is { Length: > 0 } rest ? rest : "0", sample.Labels["rest"]);
        });
    }

    [Fact]
    public async Task More_samples_than_allowed_end_the_query()
    {
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => Range("requests_total", new QueryEngineOptions { MaxSamples = 100 }));

        Assert.Equal(QueryErrorKind.Execution, error.Kind);
        Assert.Equal("query processing would load too many samples into memory in query execution", error.Message);
    }

    [Theory]
    [InlineData("count_over_time(vector(1)[100y:1ms])")]
    [InlineData("max_over_time(requests_total[100y:1s])")]
    public async Task Subquery_with_too_many_steps_ends_before_it_takes_memory(string query)
    {
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => Instant(query, new QueryEngineOptions()));

        Assert.Equal("query processing would load too many samples into memory in query execution", error.Message);
    }

    [Fact]
    public async Task Aggregation_needs_memory_for_its_groups_only()
    {
        using QueryResult result = await Range("sum(rate(requests_total[1m]))", new QueryEngineOptions { MaxSamples = 50 });

        Assert.Equal(6, Assert.Single(result.Matrix).Values.Length);
        Assert.InRange(result.Statistics.PeakSamples, 6, 50);
    }

    [Theory]
    [InlineData("histogram_quantile(0.5, x_bucket)", 50, 2.5)]
    [InlineData("histogram_fraction(0, 1, x_bucket)", 50, 0.2)]
    [InlineData("sum(histogram_quantile(0.5, x_bucket))", 1, 125)]
    public async Task Buckets_need_memory_until_their_histogram_is_complete(string query, int series, double value)
    {
        const int Histograms = 50;
        const int Buckets = 10;
        const int Steps = 6;
        for (int histogram = 0; histogram < Histograms; histogram++)
        {
            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                string bound = bucket == Buckets - 1 ? "+Inf" : $"{bucket + 1}";
                for (int i = 0; i < 50; i++)
                {
                    _storage.Append(Labels.FromStrings("__name__", "x_bucket", "instance", $"i{histogram:D2}", "le", bound), i * 15_000, Math.Min(bucket + 1, 5));
                }
            }
        }

        using QueryResult result = await Range(query, new QueryEngineOptions());
        Assert.Equal(series, result.Matrix.Count);
        Assert.All(result.Matrix, s => Assert.All(s.Values.ToArray(), v => Assert.Equal(value, v, 9)));

        // The results, and a batch of the selector's ahead; all buckets together would be 3000.
        Assert.InRange(result.Statistics.PeakSamples, Histograms * Steps, Histograms * Buckets * Steps / 2);
    }

    [Fact]
    public async Task Caller_that_gives_up_ends_the_query()
    {
        using var source = new CancellationTokenSource();
        _storage.OnRead = source.Cancel;

        QueryException error = await Assert.ThrowsAsync<QueryException>(
            () => Engine(new QueryEngineOptions()).QueryInstantAsync(_storage, "sum(requests_total)", 600_000, QueryOptions.Default, source.Token));

        Assert.Equal(QueryErrorKind.Canceled, error.Kind);
        Assert.Equal("query was canceled in expression evaluation", error.Message);
    }

    [Fact]
    public async Task Query_that_takes_too_long_ends_at_its_timeout()
    {
        var time = new ManualTime();
        _storage.OnRead = () => time.Advance(TimeSpan.FromSeconds(3));

        QueryException error = await Assert.ThrowsAsync<QueryException>(
            () => Engine(new QueryEngineOptions(), time).QueryInstantAsync(
                _storage, "sum(requests_total)", 600_000, new QueryOptions { Timeout = TimeSpan.FromSeconds(2) }, default));

        Assert.Equal(QueryErrorKind.Timeout, error.Kind);
        Assert.Equal("query timed out in expression evaluation", error.Message);
    }

    [Fact]
    public async Task Query_waits_for_a_free_place_and_times_out_there()
    {
        var time = new ManualTime();
        QueryEngine engine = Engine(new QueryEngineOptions { MaxConcurrency = 1 }, time);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        _storage.OnRead = () =>
        {
            entered.Set();
            release.Wait();
        };
        Task<QueryResult> first = engine.QueryInstantAsync(_storage, "requests_total", 600_000, QueryOptions.Default, default);
        entered.Wait();
        Task<QueryResult> second = engine.QueryInstantAsync(_storage, "requests_total", 600_000, new QueryOptions { Timeout = TimeSpan.FromSeconds(1) }, default);

        time.Advance(TimeSpan.FromSeconds(2));
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => second);
        release.Set();
        using QueryResult result = await first;

        Assert.Equal("query timed out in query queue", error.Message);
        Assert.Equal(20, result.Vector.Count);
    }

    [Theory]
    [InlineData("requests_total[5m]", "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector")]
    [InlineData("'text'", "invalid expression type \"string\" for range query, must be Scalar or instant Vector")]
    [InlineData("sum(", "1:5: parse error: unclosed left parenthesis")]
    public async Task Query_that_makes_no_sense_is_bad_data(string query, string message)
    {
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => Range(query, new QueryEngineOptions()));

        Assert.Equal(QueryErrorKind.BadData, error.Kind);
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public async Task Selector_reads_nothing_outside_its_window()
    {
        // The double drops what lies outside the querier's range: a window planned too small would lose the sample at its left edge.
        using QueryResult result = await Instant("count_over_time(requests_total{instance='i03'}[1m] offset 2m)", new QueryEngineOptions());

        Assert.Equal(4, Assert.Single(result.Vector).Value);
        Assert.Equal(4, result.Statistics.TotalQueryableSamples);
    }

    [Fact]
    public async Task Metrics_of_the_engine_are_registered()
    {
        var registry = new MetricRegistry();
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, registry);
        using QueryResult result = await engine.QueryInstantAsync(_storage, "1", 0, QueryOptions.Default, default);

        Assert.Equal(1, result.Scalar);
        Assert.True(registry.Contains("prometheus_engine_queries"));
        Assert.True(registry.Contains("prometheus_engine_queries_concurrent_max"));
        Assert.True(registry.Contains("prometheus_engine_query_duration_seconds"));
        Assert.True(registry.Contains("prometheus_engine_query_samples_total"));
    }

    [Fact]
    public async Task A_query_that_was_short_runs_where_it_is_asked_and_another_one_in_the_pool()
    {
        var places = new List<bool>();
        _storage.OnRead = () => places.Add(Thread.CurrentThread.IsThreadPoolThread);
        QueryEngine engine = Engine(new QueryEngineOptions());
        PreparedQuery query = engine.Prepare("requests_total{instance='i01'}");

        await AskOnThreadOfItsOwnAsync(engine, query);
        Assert.True(Assert.Single(places));
        query.Record(1, 1);
        await AskOnThreadOfItsOwnAsync(engine, query);
        Assert.Equal([true, false], places);

        // Writing to a log may take long.
        query.Record(1, 1);
        string directory = Directory.CreateTempSubdirectory("narthex-engine-").FullName;
        try
        {
            engine.SetQueryLog(QueryLog.Open(Path.Combine(directory, "query.log"), TimeProvider.System));
            await AskOnThreadOfItsOwnAsync(engine, query);
            engine.SetQueryLog(null);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        Assert.Equal([true, false, true], places);
    }

    [Fact]
    public async Task A_query_that_has_become_long_begins_again_in_the_pool()
    {
        for (int i = 0; i < 500; i++)
        {
            _storage.Append(Labels.FromStrings("__name__", "many", "i", i.ToString(System.Globalization.CultureInfo.InvariantCulture)), 600_000, 1);
        }

        var time = new ManualTime();
        int inPool = 0;
        int elsewhere = 0;
        _storage.OnRead = () =>
        {
            if (Thread.CurrentThread.IsThreadPoolThread)
            {
                Interlocked.Increment(ref inPool);
                return;
            }

            // The time that it gets there is over at the first series.
            elsewhere++;
            time.Advance(TimeSpan.FromMilliseconds(10));
        };
        QueryEngine engine = Engine(new QueryEngineOptions { MaxHelperThreads = 0 }, time);
        PreparedQuery query = engine.Prepare("sum(many)");
        query.Record(1, 1);

        Assert.Equal(500, await AskOnThreadOfItsOwnAsync(engine, query));
        Assert.InRange(elsewhere, 1, 499);
        Assert.Equal(500, inPool);
    }

    // The value of the one series of the result.
    private Task<double> AskOnThreadOfItsOwnAsync(QueryEngine engine, PreparedQuery query)
    {
        var result = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => _ = AskAsync());
        thread.Start();
        return result.Task;

        async Task AskAsync()
        {
            try
            {
                using QueryResult answer = await engine.QueryInstantAsync(_storage, query, 600_000, QueryOptions.Default, default);
                result.SetResult(Assert.Single(answer.Vector).Value);
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        }
    }

    private QueryEngine Engine(QueryEngineOptions options, TimeProvider? time = null)
    {
        var engine = new QueryEngine(options, time ?? TimeProvider.System, new MetricRegistry());
        _engines.Add(engine);
        return engine;
    }

    private Task<QueryResult> Instant(string query, QueryEngineOptions options) =>
        Engine(options).QueryInstantAsync(_storage, query, 600_000, QueryOptions.Default, default);

    private Task<QueryResult> Range(string query, QueryEngineOptions options) =>
        Engine(options).QueryRangeAsync(_storage, query, new TimeRange(300_000, 600_000), 60_000, QueryOptions.Default, default);

    private sealed class ManualTime : TimeProvider
    {
        private readonly List<ManualTimer> _timers = [];
        private readonly Lock _lock = new();

        public void Advance(TimeSpan time)
        {
            ManualTimer[] timers;
            lock (_lock)
            {
                timers = [.. _timers];
            }

            foreach (ManualTimer timer in timers)
            {
                timer.Advance(time);
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ManualTimer(callback, state, dueTime);
            lock (_lock)
            {
                _timers.Add(timer);
            }

            return timer;
        }

        private sealed class ManualTimer(TimerCallback callback, object? state, TimeSpan due) : ITimer
        {
            private TimeSpan _left = due;
            private bool _done;

            public void Advance(TimeSpan time)
            {
                _left -= time;
                if (_left <= TimeSpan.Zero && !_done)
                {
                    _done = true;
                    callback(state);
                }
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                _left = dueTime;
                return true;
            }

            public void Dispose() => _done = true;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
