using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Discovery.Tests.Http;

public sealed class HttpDiscovererTests
{
    [Fact]
    public async Task Targets_come_from_the_answer_and_a_failure_keeps_them()
    {
        string answer = """[{"targets": ["127.0.0.1:9"], "labels": {"__meta_datacenter": "bru1"}}, {"targets": ["h:2"]}]""";
        int status = 200;
        await using WebApplication server = await LocalServer.StartAsync(async context =>
        {
            Assert.Equal("60", context.Request.Headers["X-Prometheus-Refresh-Interval-Seconds"]);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.WriteAsync(answer);
        });
        await using var fixture = new DiscoveryFixture();
        string url = server.Urls.Single() + "/sd";
        fixture.Apply(("a", [new HttpSdConfig { Url = url }]));

        IReadOnlyList<TargetGroup> groups = await fixture.UntilAsync("a", groups => groups.Count == 2);
        status = 500;
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await DiscoveryFixture.EventuallyAsync(() => fixture.Metrics.HttpFailures.Value == 1);
        fixture.Apply(("a", [new HttpSdConfig { Url = url }]));

        Assert.Equal([url + ":0", url + ":1"], groups.Select(group => group.Source));
        Assert.Equal(Labels.FromStrings("__meta_datacenter", "bru1", "__meta_url", url), groups[0].Labels);
        Assert.Equal(2, (await fixture.NextAsync())["a"].Count);
    }
}
