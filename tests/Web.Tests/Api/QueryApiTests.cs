using System.IO.Compression;
using System.Net;
using System.Text;
using Narthex.Model;
using Narthex.PromQL;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.Web.Tests.Api;

public sealed class QueryApiTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    // The expected texts are the real Prometheus' answers to queries with these results.
    [Theory]
    [InlineData(1e25, "1e+25")]
    [InlineData(1e-9, "1e-09")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(-0.0, "-0")]
    [InlineData(123456789012345678901d, "123456789012345680000")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(1, "1")]
    public async Task A_vector_prints_numbers_as_upstream(double value, string printed)
    {
        Answer(new QueryResult { Type = ValueType.Vector, Vector = [new VectorSample(Labels.Empty, 1500, value)] });

        (int code, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal(200, code);
        Assert.Equal($$$"""{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.500,"{{{printed}}}"]}]}}""", body);
    }

    [Theory]
    [InlineData(1500, 1e25, "[1.5,\"10000000000000000000000000\"]")]
    [InlineData(1500, 1e-9, "[1.5,\"0.000000001\"]")]
    [InlineData(1435781451781, 1, "[1435781451.781,\"1\"]")]
    [InlineData(1795235433830, 1, "[1795235433.83,\"1\"]")]
    public async Task A_scalar_prints_its_number_without_exponent_and_its_time_shortest(long timestampMs, double value, string printed)
    {
        Answer(new QueryResult { Type = ValueType.Scalar, TimestampMs = timestampMs, Scalar = value });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal($$$"""{"status":"success","data":{"resultType":"scalar","result":{{{printed}}}}}""", body);
    }

    [Fact]
    public async Task A_text_escapes_what_html_could_mistake()
    {
        Answer(new QueryResult { Type = ValueType.String, TimestampMs = 1500, Text = "<&" });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal("""{"status":"success","data":{"resultType":"string","result":[1.5,"\u003c\u0026"]}}""", body);
    }

    [Fact]
    public async Task Labels_keep_their_characters_and_escape_only_what_json_must()
    {
        Answer(new QueryResult { Type = ValueType.Vector, Vector = [new VectorSample(Labels.FromStrings("a", "<é&\"\\\n\u0001"), 1500, 1)] });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Contains("""{"a":"<é&\"\\\n\u0001"}""", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_matrix_has_three_decimals_of_time_or_none()
    {
        Answer(new QueryResult
        {
            Type = ValueType.Matrix,
            Matrix = [new MatrixSeries { Labels = Labels.Empty, Timestamps = new long[] { 1500, 2000, 2500, 3000, 3001 }, Values = new[] { 1.5, 2, 2.5, 3, 4 } }],
        });

        (_, string body) = await _server.GetAsync("/api/v1/query_range?query=x&start=1.5&end=3&step=0.5");

        Assert.Equal(
            """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1.500,"1.5"],[2,"2"],[2.500,"2.5"],[3,"3"],[3.001,"4"]]}]}}""",
            body);
        Assert.Equal(new TimeRange(1500, 3000), _server.Engine.LastRange);
        Assert.Equal(500, _server.Engine.LastStepMs);
    }

    [Fact]
    public async Task Buckets_begin_where_the_zero_bucket_ends()
    {
        var histogram = new FloatHistogram
        {
            Schema = 0, Count = 9, Sum = 1, ZeroThreshold = 0.1, ZeroCount = 1,
            NegativeSpans = [new HistogramSpan(-3, 2)], NegativeBuckets = [2, 1],
            PositiveSpans = [new HistogramSpan(-3, 2)], PositiveBuckets = [3, 2],
        };
        Answer(new QueryResult { Type = ValueType.Vector, Vector = [new VectorSample(Labels.Empty, 1000, 0, histogram)] });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Contains(
            """"buckets":[[1,"-0.25","-0.125","1"],[1,"-0.125","-0.1","2"],[3,"-0.1","0.1","1"],[0,"0.1","0.125","3"],[0,"0.125","0.25","2"]]"""",
            body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ten_warnings_and_ten_notes_are_told()
    {
        string[] texts = [.. Enumerable.Range(0, 13).Select(number => $"text {number}")];
        Answer(new QueryResult { Type = ValueType.Vector, Warnings = texts, Infos = texts[..11] });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        string first = string.Join(',', texts[..10].Select(text => $"\"{text}\""));
        Assert.EndsWith($$""""warnings":[{{first}},"3 more warning annotations omitted"],"infos":[{{first}},"1 more info annotations omitted"]}"""", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Histograms_list_their_buckets_with_bounds()
    {
        // Sent to the real Prometheus by remote write, these two came back as the expected text.
        var exponential = new FloatHistogram
        {
            Schema = 1, Count = 10, Sum = 18.4, ZeroThreshold = 0.001, ZeroCount = 2,
            NegativeSpans = [new HistogramSpan(-1, 2)], NegativeBuckets = [1, 2],
            PositiveSpans = [new HistogramSpan(0, 2), new HistogramSpan(1, 2)], PositiveBuckets = [1, 2, 1, 1],
        };
        var custom = new FloatHistogram
        {
            Schema = FloatHistogram.CustomBucketsSchema, Count = 6, Sum = 3.5, CustomValues = [-1, 0, 2.5],
            PositiveSpans = [new HistogramSpan(0, 4)], PositiveBuckets = [1, 1, 2, 2],
        };
        Answer(new QueryResult
        {
            Type = ValueType.Matrix,
            Matrix =
            [
                new MatrixSeries { Labels = Labels.Empty, HistogramTimestamps = new long[] { 1000, 2000 }, Histograms = new[] { exponential, custom } },
            ],
        });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal(
            """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"10","sum":"18.4","buckets":[[1,"-1","-0.7071067811865475","2"],[1,"-0.7071067811865475","-0.5","1"],[3,"-0.001","0.001","2"],[0,"0.7071067811865475","1","1"],[0,"1","1.414213562373095","2"],[0,"2","2.82842712474619","1"],[0,"2.82842712474619","4","1"]]}],[2,{"count":"6","sum":"3.5","buckets":[[3,"-Inf","-1","1"],[0,"-1","0","1"],[0,"0","2.5","2"],[0,"2.5","+Inf","2"]]}]]}]}}""",
            body);
    }

    [Fact]
    public async Task A_limit_cuts_the_series_and_warns()
    {
        Answer(new QueryResult
        {
            Type = ValueType.Vector,
            Vector = [new VectorSample(Labels.FromStrings("a", "1"), 1000, 1), new VectorSample(Labels.FromStrings("a", "2"), 1000, 2)],
            Infos = ["note"],
        });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x&limit=1");

        Assert.Equal(
            """{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"1"]}]},"warnings":["results truncated due to limit"],"infos":["note"]}""",
            body);
    }

    [Fact]
    public async Task Statistics_come_when_asked_for()
    {
        Answer(new QueryResult
        {
            Type = ValueType.Vector,
            Statistics = new QueryStatistics
            {
                TotalQueryableSamples = 4, PeakSamples = 2, EvalTotalTime = TimeSpan.FromMilliseconds(1.5),
                TotalQueryableSamplesPerStep = [new(1000, 1), new(2500, 3)], SamplesRead = 3, SamplesReadPerStep = [new(1000, 1), new(2500, 2)],
            },
        });

        (_, string body) = await _server.GetAsync("/api/v1/query?query=x&stats=all");

        Assert.Equal(
            """{"status":"success","data":{"resultType":"vector","result":[],"stats":{"timings":{"evalTotalTime":0.0015,"resultSortTime":0,"queryPreparationTime":0,"innerEvalTime":0,"execQueueTime":0,"execTotalTime":0},"samples":{"totalQueryableSamplesPerStep":[[1,1],[2.500,3]],"totalQueryableSamples":4,"samplesReadPerStep":[[1,1],[2.500,2]],"samplesRead":3,"peakSamples":2}}}}""",
            body);
        Assert.True(_server.Engine.LastOptions.PerStepStatistics);
    }

    // Each answer was copied from the real Prometheus, asked the same.
    [Theory]
    [InlineData("query?query=up&time=abc", """invalid parameter \"time\": invalid time value for 'time': cannot parse \"abc\" to a valid timestamp""")]
    [InlineData("query_range?query=up&start=1&end=0&step=1", """invalid parameter \"end\": end timestamp must not be before start time""")]
    [InlineData("query_range?query=up&start=1&end=100&step=0", """invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer""")]
    [InlineData("query_range?query=up&start=1&end=100000&step=1", """exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)""")]
    [InlineData("query_range?query=up&start=x&end=100000&step=1", """invalid parameter \"start\": cannot parse \"x\" to a valid timestamp""")]
    [InlineData("query_range?query=up&start=1&end=2&step=x", """invalid parameter \"step\": cannot parse \"x\" to a valid duration""")]
    [InlineData("query?query=up&timeout=x", """invalid parameter \"timeout\": cannot parse \"x\" to a valid duration""")]
    [InlineData("query?query=up&limit=x", """invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax""")]
    [InlineData("query?query=up&limit=-1", """invalid parameter \"limit\": limit must be non-negative""")]
    [InlineData("query?query=up&lookback_delta=x", """error parsing lookback delta duration: cannot parse \"x\" to a valid duration""")]
    [InlineData("format_query?query=up%2B", """invalid parameter \"query\": 1:4: parse error: unexpected end of input""")]
    [InlineData("query_exemplars", "unknown position: parse error: no expression found in input")]
    public async Task Bad_parameters_get_upstreams_words(string path, string message)
    {
        (int code, string body) = await _server.GetAsync("/api/v1/" + path);

        Assert.Equal(400, code);
        Assert.Equal($$"""{"status":"error","errorType":"bad_data","error":"{{message}}"}""", body);
    }

    [Theory]
    [InlineData(QueryErrorKind.BadData, 400, "bad_data", "invalid parameter \\\"query\\\": boom")]
    [InlineData(QueryErrorKind.Execution, 422, "execution", "boom")]
    [InlineData(QueryErrorKind.Timeout, 503, "timeout", "boom")]
    [InlineData(QueryErrorKind.Canceled, 499, "canceled", "boom")]
    [InlineData(QueryErrorKind.Internal, 500, "internal", "boom")]
    public async Task Failures_of_the_engine_become_error_types(QueryErrorKind kind, int expectedCode, string type, string message)
    {
        _server.Engine.Answer = _ => throw new QueryException(kind, "boom");

        (int code, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal(expectedCode, code);
        Assert.Equal($$"""{"status":"error","errorType":"{{type}}","error":"{{message}}"}""", body);
    }

    [Fact]
    public async Task A_fault_of_the_server_shows_no_inner_workings()
    {
        _server.Engine.Answer = _ => throw new InvalidCastException("secret detail");

        (int code, string body) = await _server.GetAsync("/api/v1/query?query=x");

        Assert.Equal(500, code);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.StartsWith("""{"status":"error","errorType":"internal",""", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_wins_over_the_query_string_and_unknown_parameters_are_ignored()
    {
        using var form = new FormUrlEncodedContent([new("query", "sum by (a) (b{c=\"d+e\"})"), new("time", "4"), new("max_samples_processed_error_threshold", "5")]);

        using HttpResponseMessage response = await _server.Client.PostAsync("/api/v1/query?query=1", form);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("sum by (a) (b{c=\"d+e\"})", _server.Engine.LastQuery);
        Assert.Equal(4000, _server.Engine.LastTimestampMs);
    }

    [Fact]
    public async Task Without_a_time_it_is_now()
    {
        await _server.GetAsync("/api/v1/query?query=1");

        Assert.Equal(1435781451781, _server.Engine.LastTimestampMs);
    }

    [Fact]
    public async Task Who_asks_travels_with_the_query()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/query?query=1&timeout=30s&lookback_delta=1m");
        request.Headers.Add("X-Dashboard-UID", "d1");
        request.Headers.Add("X-Panel-Id", "7");

        using HttpResponseMessage response = await _server.Client.SendAsync(request);

        QueryOptions options = _server.Engine.LastOptions;
        Assert.Equal("api", options.Origin.Kind);
        Assert.Equal("d1", options.Origin.Details["X-Dashboard-UID"]);
        Assert.Equal("7", options.Origin.Details["X-Panel-Id"]);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Timeout);
        Assert.Equal(TimeSpan.FromMinutes(1), options.LookbackDelta);
    }

    [Fact]
    public async Task A_large_answer_comes_compressed_to_those_who_take_it()
    {
        Answer(new QueryResult
        {
            Type = ValueType.Vector,
            Vector = [.. Enumerable.Range(0, 20000).Select(i => new VectorSample(Labels.FromStrings("series", "number " + i), 1000, i))],
        });
        (_, string plain) = await _server.GetAsync("/api/v1/query?query=x");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/query?query=x");
        request.Headers.Add("Accept-Encoding", "deflate, gzip");

        using HttpResponseMessage response = await _server.Client.SendAsync(request);

        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using var decompressed = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(decompressed, Encoding.UTF8);
        Assert.Equal(plain, await reader.ReadToEndAsync());
        Assert.EndsWith("""{"metric":{"series":"number 19999"},"value":[1,"19999"]}]}}""", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grafanas_start_up_questions_are_answered()
    {
        (int code, string body) = await _server.GetAsync("/api/v1/query_exemplars?query=test&start=1600000000000&end=1600000001000");
        Assert.Equal((200, """{"status":"success","data":[]}"""), (code, body));
        Assert.Equal((200, """{"status":"success","data":{"groups":[]}}"""), await _server.GetAsync("/api/v1/rules"));
        (_, string build) = await _server.GetAsync("/api/v1/status/buildinfo");
        Assert.DoesNotContain("features", build, StringComparison.Ordinal);
    }

    private void Answer(QueryResult result) => _server.Engine.Answer = _ => Task.FromResult(result);
}
