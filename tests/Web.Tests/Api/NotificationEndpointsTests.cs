using System.Text;
using Narthex.Notifications;
using Narthex.Web.Live;

namespace Narthex.Web.Tests.Api;

public sealed class NotificationEndpointsTests
{
    private const string Date = "2015-07-01T20:10:51.781Z";

    [Fact]
    public async Task Alertmanagers_are_listed_with_the_URLs_that_alerts_are_posted_to()
    {
        await using TestServer server = await TestServer.StartAsync(alertmanagers: new Alertmanagers());

        // The answer of the real server with the same configuration, but for its random order of entries.
        Assert.Equal(
            (200, """{"status":"success","data":{"activeAlertmanagers":[{"url":"http://127.0.0.1:19972/api/v2/alerts"},{"url":"http://[::1]:9/pre/api/v2/alerts"}],"droppedAlertmanagers":[{"url":"http://gone:9093/api/v2/alerts"}]}}"""),
            await server.GetAsync("/api/v1/alertmanagers"));
    }

    [Fact]
    public async Task Without_Alertmanagers_both_lists_are_empty()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal((200, """{"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}}"""), await server.GetAsync("/api/v1/alertmanagers"));
    }

    [Fact]
    public async Task What_holds_is_listed_also_while_the_server_starts()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Status.Phase = ServerPhase.Starting;
        Assert.Equal((200, """{"status":"success","data":[]}"""), await server.GetAsync("/api/v1/notifications"));
        server.Live.Add(LiveNotifications.StartingUp);
        server.Live.Add(LiveNotifications.ReloadFailed);
        server.Live.Add(LiveNotifications.StartingUp);
        Assert.Equal(
            (200, $$"""{"status":"success","data":[{"text":"Prometheus is starting and replaying the write-ahead log (WAL).","date":"{{Date}}","active":true},{"text":"Configuration reload has failed.","date":"{{Date}}","active":true}]}"""),
            await server.GetAsync("/api/v1/notifications"));
        server.Live.Remove(LiveNotifications.StartingUp);
        server.Live.Remove("never said");
        Assert.Equal(["Configuration reload has failed."], server.Live.Current.Select(notification => notification.Text));
    }

    [Fact]
    public async Task A_subscriber_gets_what_holds_and_then_each_change_as_events()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Live.Add("first");
        using HttpResponseMessage response = await server.Client.GetAsync("/api/v1/notifications/live", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        Assert.Equal($$"""data: {"text":"first","date":"{{Date}}","active":true}""", await reader.ReadLineAsync());
        Assert.Equal("", await reader.ReadLineAsync());
        server.Live.Remove("first");
        Assert.Equal($$"""data: {"text":"first","date":"{{Date}}","active":false}""", await reader.ReadLineAsync());
        Assert.Equal("", await reader.ReadLineAsync());

        // The end of the server ends the stream.
        server.Live.Close();
        Assert.Null(await reader.ReadLineAsync());
    }

    [Fact]
    public async Task One_subscriber_too_many_gets_no_content()
    {
        await using TestServer server = await TestServer.StartAsync();
        var first = server.Live.TrySubscribe();
        var second = server.Live.TrySubscribe();
        Assert.NotNull(first);
        Assert.NotNull(second);
        using (HttpResponseMessage response = await server.Client.GetAsync("/api/v1/notifications/live"))
        {
            Assert.Equal(204, (int)response.StatusCode);
        }

        server.Live.Unsubscribe(first);
        Assert.NotNull(server.Live.TrySubscribe());
    }

    [Fact]
    public async Task A_subscriber_that_does_not_read_loses_updates_and_they_are_counted()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.NotNull(server.Live.TrySubscribe());
        for (int i = 0; i < 12; i++)
        {
            server.Live.Add("same");
        }

        (_, string metrics) = await server.GetAsync("/metrics");
        Assert.Contains("\nprometheus_api_notification_active_subscribers 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nprometheus_api_notification_updates_sent_total 12\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nprometheus_api_notification_updates_dropped_total 2\n", metrics, StringComparison.Ordinal);
    }

    private sealed class Alertmanagers : IAlertmanagerSource
    {
        public IReadOnlyList<string> GetActiveAlertmanagers() => ["http://127.0.0.1:19972/api/v2/alerts", "http://[::1]:9/pre/api/v2/alerts"];

        public IReadOnlyList<string> GetDroppedAlertmanagers() => ["http://gone:9093/api/v2/alerts"];
    }
}
