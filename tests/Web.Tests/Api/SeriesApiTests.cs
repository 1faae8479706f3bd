using System.Net;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Web.Tests.Api;

public sealed class SeriesApiTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _server.Storage
            .Add(Labels.FromStrings("__name__", "up", "job", "b"), (1000, 1))
            .Add(Labels.FromStrings("__name__", "up", "job", "a"), (1000, 1))
            .Add(Labels.FromStrings("__name__", "down", "http.code", "200"), (1000, 1));
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("series?match[]=up", """[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]""")]
    [InlineData("series?match[]=up&match[]={job%3D%22a%22}&match[]=down", """[{"__name__":"down","http.code":"200"},{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]""")]
    [InlineData("series?match[]=nope", "[]")]
    [InlineData("labels", """["__name__","http.code","job"]""")]
    [InlineData("labels?match[]=up", """["__name__","job"]""")]
    [InlineData("labels?match[]=up&match[]=down", """["__name__","http.code","job"]""")]
    [InlineData("label/job/values", """["a","b"]""")]
    [InlineData("label/job/values?match[]=down", "[]")]
    [InlineData("label/U__http_2e_code/values", """["200"]""")]
    [InlineData("label/http.code/values", """["200"]""")]
    [InlineData("label/http%2Ecode/values", """["200"]""")]
    public async Task Names_values_and_series_are_found(string path, string data)
    {
        Assert.Equal((200, $$"""{"status":"success","data":{{data}}}"""), await _server.GetAsync("/api/v1/" + path));
    }

    [Theory]
    [InlineData("series?match[]=up&limit=1", """[{"__name__":"up","job":"a"}]""")]
    [InlineData("labels?limit=1", """["__name__"]""")]
    [InlineData("labels?limit=1&match[]=up&match[]=down", """["__name__"]""")]
    [InlineData("label/job/values?limit=1", """["a"]""")]
    public async Task A_limit_cuts_and_warns(string path, string data)
    {
        Assert.Equal(
            (200, $$"""{"status":"success","data":{{data}},"warnings":["results truncated due to limit"]}"""),
            await _server.GetAsync("/api/v1/" + path));
    }

    // Each answer was copied from the real Prometheus, asked the same.
    [Theory]
    [InlineData("series", "no match[] parameter provided")]
    [InlineData("series?match[]=up&start=x", """invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp""")]
    [InlineData("series?match[]=up[1m]", "invalid parameter \\\"match[]\\\": 1:3: parse error: unexpected \\\"[\\\"")]
    [InlineData("series?match[]={a%3D~%22.*%22}", """invalid parameter \"match[]\": match[] must contain at least one non-empty matcher""")]
    [InlineData("label/a%FFb/values", "invalid label name: \\\"a\\\\xffb\\\"")]
    [InlineData("label/job/values?limit=-1", """invalid parameter \"limit\": limit must be non-negative""")]
    public async Task Bad_parameters_get_upstreams_words(string path, string message)
    {
        Assert.Equal((400, $$"""{"status":"error","errorType":"bad_data","error":"{{message}}"}"""), await _server.GetAsync("/api/v1/" + path));
    }

    [Fact]
    public async Task The_range_reaches_the_storage_and_is_all_of_time_otherwise()
    {
        await _server.GetAsync("/api/v1/labels?start=1.5&end=2015-07-01T20:10:51.781Z");
        Assert.Equal(new TimeRange(1500, 1435781451781), _server.Storage.LastRange);

        await _server.GetAsync("/api/v1/labels");
        Assert.Equal(TimeRange.All, _server.Storage.LastRange);
    }

    [Fact]
    public async Task A_form_asks_the_same()
    {
        using var form = new FormUrlEncodedContent([new("match[]", "up"), new("limit", "0")]);
        using HttpResponseMessage response = await _server.Client.PostAsync("/api/v1/series", form);
        Assert.Equal(
            """{"status":"success","data":[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]}""",
            await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_failing_storage_is_an_execution_error()
    {
        _server.Storage.Failure = new StorageException("disk on fire");
        Assert.Equal(
            (422, """{"status":"error","errorType":"execution","error":"disk on fire"}"""), await _server.GetAsync("/api/v1/labels"));
    }

    [Fact]
    public async Task Federation_hands_on_the_latest_samples_with_the_external_labels()
    {
        long now = 1435781451781;
        _server.Storage.Series.Clear();
        _server.Storage
            .Add(Labels.FromStrings("__name__", "up", "job", "a\"b", "instance", "i"), (now - 1000, 1), (now, 0.5))
            .Add(Labels.FromStrings("__name__", "up", "job", "old"), (now - 301_000, 1))
            .Add(Labels.FromStrings("__name__", "up", "job", "stale"), (now, StaleNaN.Value))
            .Add(Labels.FromStrings("__name__", "a_total", "job", "x", "region", "us"), (now, 7));

        (int code, string body) = await _server.GetAsync("/federate?match[]=up&match[]={job%3D~%22.%2B%22}");

        Assert.Equal(200, code);
        Assert.Equal(
            $$"""
            # TYPE a_total untyped
            a_total{job="x",region="us",instance=""} 7 {{now}}
            # TYPE up untyped
            up{instance="i",job="a\"b",region="eu"} 0.5 {{now}}

            """,
            body);
    }

    [Fact]
    public async Task A_wrong_selector_for_federation_is_refused()
    {
        Assert.Equal((400, "1:3: parse error: unexpected \"[\"\n"), await _server.GetAsync("/federate?match[]=up[1m]"));
    }
}
