using System.Net;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Web.Tests.Api;

// Each answer was copied from the real Prometheus, asked the same.
public sealed class AdminApiTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(new WebOptions { EnableAdminApi = true });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("delete_series?match[]=up&match[]={job%3D~%22a.*%22}&start=1&end=2.5", """delete __name__="up" 1000 2500|delete job=~"a.*" 1000 2500""")]
    [InlineData("delete_series?match[]=up", """delete __name__="up" -9223372036854775808 9223372036854775807""")]
    [InlineData("delete_series?match[]={}", "delete  -9223372036854775808 9223372036854775807")]
    [InlineData("clean_tombstones", "clean")]
    public async Task Deleting_and_cleaning_are_done_and_answered_without_content(string path, string calls)
    {
        foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Post, HttpMethod.Put])
        {
            _server.Administration.Calls.Clear();
            using var request = new HttpRequestMessage(method, "/api/v1/admin/tsdb/" + path);
            using HttpResponseMessage response = await _server.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            Assert.Null(response.Content.Headers.ContentType);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
            Assert.Equal(calls, string.Join('|', _server.Administration.Calls));
        }
    }

    [Theory]
    [InlineData("snapshot", "snapshot True")]
    [InlineData("snapshot?skip_head=false", "snapshot True")]
    [InlineData("snapshot?skip_head=1", "snapshot False")]
    [InlineData("snapshot?skip_head=TRUE", "snapshot False")]
    public async Task A_snapshot_is_told_by_its_name(string path, string call)
    {
        Assert.Equal(
            (200, """{"status":"success","data":{"name":"20260101T000000Z-0123456789abcdef"}}"""), await PostAsync("/api/v1/admin/tsdb/" + path));
        Assert.Equal([call], _server.Administration.Calls);
    }

    [Theory]
    [InlineData("delete_series", "no match[] parameter provided")]
    [InlineData("delete_series?match[]=foo{", """invalid parameter \"match[]\": 1:5: parse error: unexpected end of input inside braces""")]
    [InlineData("delete_series?match[]=up&match[]=foo{", """invalid parameter \"match[]\": 1:5: parse error: unexpected end of input inside braces""")]
    [InlineData("delete_series?match[]=foo&start=a", """invalid parameter \"start\": invalid time value for 'start': cannot parse \"a\" to a valid timestamp""")]
    [InlineData("snapshot?skip_head=bla", """invalid parameter \"skip_head\": unable to parse boolean: strconv.ParseBool: parsing \"bla\": invalid syntax""")]
    public async Task Bad_parameters_get_upstreams_words_and_nothing_is_done(string path, string message)
    {
        Assert.Equal((400, $$"""{"status":"error","errorType":"bad_data","error":"{{message}}"}"""), await PostAsync("/api/v1/admin/tsdb/" + path));
        Assert.Empty(_server.Administration.Calls);
    }

    [Theory]
    [InlineData("delete_series")]
    [InlineData("clean_tombstones")]
    [InlineData("snapshot?skip_head=bla")]
    public async Task Nothing_is_done_where_it_is_not_enabled(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/api/v1/admin/tsdb/" + path, UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("""{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}""", await response.Content.ReadAsStringAsync());
        Assert.Empty(server.Administration.Calls);
    }

    [Fact]
    public async Task What_the_storage_cannot_do_is_an_internal_error_with_its_reason()
    {
        _server.Administration.Failure = new StorageException("create snapshot: no space left on device");
        Assert.Equal(
            (500, """{"status":"error","errorType":"internal","error":"create snapshot: no space left on device"}"""),
            await PostAsync("/api/v1/admin/tsdb/snapshot"));
    }

    [Fact]
    public async Task Asking_with_get_is_refused()
    {
        using HttpResponseMessage response = await _server.Client.GetAsync(new Uri("/api/v1/admin/tsdb/snapshot", UriKind.Relative));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("OPTIONS, POST, PUT", string.Join(", ", response.Content.Headers.Allow));
        Assert.Empty(_server.Administration.Calls);
    }

    [Fact]
    public async Task Exemplars_are_printed_with_their_series()
    {
        _server.Administration.Exemplars.Add(new SeriesExemplars(
            Labels.FromStrings("__name__", "om_jobs_total", "queue", "a"),
            [
                new Exemplar(Labels.FromStrings("trace_id", "abc"), 1, 1795245158134),
                new Exemplar(Labels.Empty, 0.05, 1795245158500),
                new Exemplar(Labels.Empty, double.PositiveInfinity, 1795245159000),
            ]));
        _server.Administration.Exemplars.Add(new SeriesExemplars(Labels.FromStrings("a", "b"), [new Exemplar(Labels.Empty, 1e25, -1)]));
        Assert.Equal(
            (200, """{"status":"success","data":[{"seriesLabels":{"__name__":"om_jobs_total","queue":"a"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"1","timestamp":1795245158.134},{"labels":{},"value":"0.05","timestamp":1795245158.500},{"labels":{},"value":"+Inf","timestamp":1795245159}]},{"seriesLabels":{"a":"b"},"exemplars":[{"labels":{},"value":"1e+25","timestamp":-0.001}]}]}"""),
            await _server.GetAsync("/api/v1/query_exemplars?query=sum(rate(a{b%3D\"c\"}[5m]))%2Bon()+quantile_over_time(scalar(d),(-e)[5m:1m])&start=1&end=2"));
        Assert.Equal(["exemplars b=\"c\",__name__=\"a\" or __name__=\"d\" or __name__=\"e\" 1000 2000"], _server.Administration.Calls);
    }

    [Fact]
    public async Task A_query_that_reads_nothing_has_no_exemplars_to_tell_of()
    {
        Assert.Equal((204, ""), await _server.GetAsync("/api/v1/query_exemplars?query=1"));
    }

    [Theory]
    [InlineData("query=sum(", "1:5: parse error: unclosed left parenthesis")]
    [InlineData("query=up&start=5&end=2", "end timestamp must not be before start timestamp")]
    [InlineData("query=up&start=x", """invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp""")]
    public async Task Bad_questions_for_exemplars_get_upstreams_words(string query, string message)
    {
        Assert.Equal((400, $$"""{"status":"error","errorType":"bad_data","error":"{{message}}"}"""), await _server.GetAsync("/api/v1/query_exemplars?" + query));
    }

    private async Task<(int Code, string Body)> PostAsync(string path)
    {
        using HttpResponseMessage response = await _server.Client.PostAsync(new Uri(path, UriKind.Relative), null);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
