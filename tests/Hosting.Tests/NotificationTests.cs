using System.Text.Json;
using Narthex.Configuration;
using Narthex.Hosting.Tests.Doubles;
using Narthex.Model;
using Narthex.Notifications;

namespace Narthex.Hosting.Tests;

public sealed class NotificationTests
{
    [Fact]
    public async Task Alerts_go_to_the_Alertmanagers_of_the_configuration_also_after_a_reload()
    {
        var alertmanager = new FakeAlertmanager();
        await using RunningServer server = await RunningServer.StartAsync(
            configuration: new FakeConfiguration { Current = WithAlertmanagers("am:1") }, alertmanager: alertmanager);
        Assert.Equal("http://am:1/api/v2/alerts", await ActiveAsync(server, 1));
        server.Server.Notifier.Send([Alert("before")]);
        (string url, string body) = await alertmanager.NextAsync();
        Assert.Equal("http://am:1/api/v2/alerts", url);
        Assert.Contains("\"labels\":{\"alertname\":\"before\",\"region\":\"eu\"}", body, StringComparison.Ordinal);

        server.Configuration.Current = WithAlertmanagers("am:1", "am:2");
        Assert.True(await server.Server.ReloadAsync(CancellationToken.None));
        Assert.Equal("http://am:2/api/v2/alerts", await ActiveAsync(server, 2));
        server.Server.Notifier.Send([Alert("after")]);
        string[] urls = [(await alertmanager.NextAsync()).Url, (await alertmanager.NextAsync()).Url];
        Assert.Equal(["http://am:1/api/v2/alerts", "http://am:2/api/v2/alerts"], urls.Order());
    }

    [Fact]
    public async Task A_stopping_server_sends_what_waits()
    {
        var alertmanager = new FakeAlertmanager();
        await using RunningServer server = await RunningServer.StartAsync(
            options => options with { NotificationBatchSize = 1 }, new FakeConfiguration { Current = WithAlertmanagers("am:1") }, alertmanager: alertmanager);
        await ActiveAsync(server, 1);
        server.Server.Notifier.Send([Alert("a"), Alert("b"), Alert("c")]);
        await server.Server.StopAsync(CancellationToken.None);
        Assert.Equal(3, alertmanager.Count);
    }

    [Fact]
    public async Task A_failed_reload_is_a_notification_until_one_works()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal(0, (await server.GetDataAsync("notifications")).GetArrayLength());
        server.Configuration.Fault = "bad";
        Assert.False(await server.Server.ReloadAsync(CancellationToken.None));
        JsonElement notification = (await server.GetDataAsync("notifications"))[0];
        Assert.Equal("Configuration reload has failed.", notification.GetProperty("text").GetString());
        Assert.True(notification.GetProperty("active").GetBoolean());
        server.Configuration.Fault = null;
        Assert.True(await server.Server.ReloadAsync(CancellationToken.None));
        Assert.Equal(0, (await server.GetDataAsync("notifications")).GetArrayLength());
    }

    [Fact]
    public async Task A_stop_ends_open_subscriptions_and_says_why()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using HttpResponseMessage live = await server.Client.GetAsync("/api/v1/notifications/live", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await live.Content.ReadAsStreamAsync());
        Task stopping = server.Server.StopAsync(CancellationToken.None);
        Assert.Contains("Prometheus is shutting down and gracefully stopping all operations.", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        await stopping;
    }

    private static PrometheusConfig WithAlertmanagers(params string[] addresses) => RunningServer.OneJob() with
    {
        Global = new GlobalConfig { ExternalLabels = Labels.FromStrings("region", "eu") },
        Alerting = new AlertingConfig
        {
            Alertmanagers = new[]
            {
                new AlertmanagerConfig { ServiceDiscovery = new SdConfig[] { new StaticSdConfig { Targets = addresses.ToEquatableList() } }.ToEquatableList() },
            }.ToEquatableList(),
        },
    };

    private static AlertNotification Alert(string name) =>
        new(Labels.FromStrings("alertname", name), Labels.Empty, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddMinutes(4), "http://x/graph");

    private static async Task<string> ActiveAsync(RunningServer server, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            JsonElement active = (await server.GetDataAsync("alertmanagers")).GetProperty("activeAlertmanagers");
            if (active.GetArrayLength() == count)
            {
                return active[count - 1].GetProperty("url").GetString()!;
            }

            deadline.Token.ThrowIfCancellationRequested();
        }
    }
}
