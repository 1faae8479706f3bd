using System.Net;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;
using Narthex.Notifications.Tests.Doubles;
using Narthex.Tests;

namespace Narthex.Notifications.Tests;

public sealed class NotifierManagerTests
{
    private const string A = "http://a:1/api/v2/alerts";
    private const string B = "http://b:1/api/v2/alerts";
    private const string Dropped = "prometheus_notifications_dropped_total";
    private const string Errors = "prometheus_notifications_errors_total";
    private const string Sent = "prometheus_notifications_sent_total";
    private const string Length = "prometheus_notifications_queue_length";

    [Fact]
    public async Task Alerts_reach_every_Alertmanager_as_JSON_and_are_counted()
    {
        await using var notifier = new RunningNotifier();
        notifier.Use("a:1", "b:1");
        notifier.Manager.Send(RunningNotifier.Alerts(3));
        ReceivedRequest[] requests = [await notifier.Servers.NextAsync(), await notifier.Servers.NextAsync()];
        Assert.Equal([A, B], requests.Select(request => request.Url).Order());
        Assert.All(requests, request => Assert.Equal(["a0", "a1", "a2"], request.AlertNames));
        Assert.All(requests, request => Assert.Equal("application/json", request.ContentType));
        await UntilAsync(() => notifier.Metric(Sent, A) == 3 && notifier.Metric(Sent, B) == 3);
        Assert.Equal(1, notifier.Metric("prometheus_notifications_latency_seconds", A));
        Assert.Equal(1, notifier.Metric("prometheus_notifications_latency_histogram_seconds", B));
        Assert.Equal(0, notifier.Metric(Errors, A));
        Assert.Equal(0, notifier.Metric(Dropped, A));
        Assert.Equal(0, notifier.Metric(Length, A));
        Assert.Equal(10_000, notifier.Metric("prometheus_notifications_queue_capacity"));
        Assert.Equal(2, notifier.Metric("prometheus_notifications_alertmanagers_discovered"));
    }

    [Fact]
    public async Task Counters_are_there_from_the_beginning_and_latencies_from_the_first_success()
    {
        await using var notifier = new RunningNotifier();
        notifier.Use("a:1");
        Assert.Equal(0, notifier.Metric(Sent, A));
        Assert.Equal(0, notifier.Metric(Errors, A));
        Assert.Equal(0, notifier.Metric(Dropped, A));
        Assert.Equal(0, notifier.Metric(Length, A));
        Assert.Null(notifier.Metric("prometheus_notifications_latency_seconds", A));
    }

    [Fact]
    public async Task What_waits_is_sent_in_batches_in_its_order()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 4 });
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(1, "first"));
        Assert.Equal(["first0"], (await notifier.Servers.NextAsync()).AlertNames);
        notifier.Manager.Send(RunningNotifier.Alerts(3, "x"));
        notifier.Manager.Send(RunningNotifier.Alerts(3, "y"));
        Assert.Equal(6, notifier.Metric(Length, A));
        notifier.Servers.Release(A);
        Assert.Equal(["x0", "x1", "x2", "y0"], (await notifier.Servers.NextAsync()).AlertNames);
        Assert.Equal(["y1", "y2"], (await notifier.Servers.NextAsync()).AlertNames);
        await UntilAsync(() => notifier.Metric(Sent, A) == 7);
    }

    [Fact]
    public async Task A_full_queue_loses_its_oldest_alerts_and_counts_them()
    {
        await using var notifier = new RunningNotifier(options => options with { QueueCapacity = 5 });
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(1, "first"));
        await notifier.Servers.NextAsync();
        notifier.Manager.Send(RunningNotifier.Alerts(4, "old"));
        notifier.Manager.Send(RunningNotifier.Alerts(3, "new"));
        Assert.Equal(2, notifier.Metric(Dropped, A));
        Assert.Equal(5, notifier.Metric(Length, A));
        notifier.Manager.Send(RunningNotifier.Alerts(8, "flood"));
        Assert.Equal(2 + 3 + 5, notifier.Metric(Dropped, A));
        Assert.Contains(notifier.Log, line => line.StartsWith("Alert notification queue full, dropping alerts", StringComparison.Ordinal));
        Assert.Contains(notifier.Log, line => line.StartsWith("Alert batch larger than queue capacity, dropping alerts", StringComparison.Ordinal));
        notifier.Servers.Release(A);
        Assert.Equal(["flood3", "flood4", "flood5", "flood6", "flood7"], (await notifier.Servers.NextAsync()).AlertNames);
    }

    [Fact]
    public async Task An_Alertmanager_that_hangs_does_not_delay_another()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 1 });
        notifier.Use("a:1", "b:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(5));
        await UntilAsync(() => notifier.Metric(Sent, B) == 5);
        Assert.Equal(0, notifier.Metric(Sent, A));
        Assert.Equal(4, notifier.Metric(Length, A));
        notifier.Servers.Release(A);
        await UntilAsync(() => notifier.Metric(Sent, A) == 5);
    }

    [Fact]
    public async Task A_batch_that_is_refused_is_given_up_counted_and_logged_and_the_next_one_is_sent()
    {
        await using var notifier = new RunningNotifier();
        notifier.Use("a:1");
        notifier.Servers.Answer(A, HttpStatusCode.InternalServerError);
        notifier.Manager.Send(RunningNotifier.Alerts(2));
        await UntilAsync(() => notifier.Metric(Dropped, A) == 2);
        Assert.Equal(2, notifier.Metric(Errors, A));
        Assert.Equal(0, notifier.Metric(Sent, A));
        Assert.Null(notifier.Metric("prometheus_notifications_latency_seconds", A));
        await UntilAsync(() => notifier.LogText.Contains("bad response status 500 Internal Server Error", StringComparison.Ordinal));

        notifier.Servers.Answer(A, HttpStatusCode.Accepted);
        notifier.Manager.Send(RunningNotifier.Alerts(1));
        await UntilAsync(() => notifier.Metric(Sent, A) == 1);
    }

    [Fact]
    public async Task A_request_ends_at_its_timeout()
    {
        var time = new ManualTime();
        await using var notifier = new RunningNotifier(time: time);
        notifier.Use(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig { Timeout = TimeSpan.FromSeconds(3) } }.ToEquatableList() }, "a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(1));
        await notifier.Servers.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, notifier.Metric(Errors, A));
        time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => notifier.LogText.Contains($"Post \"{A}\": context deadline exceeded", StringComparison.Ordinal));
        Assert.Equal(1, notifier.Metric(Errors, A));
    }

    [Fact]
    public async Task A_URL_that_cannot_be_used_fails_like_a_dead_server()
    {
        await using var notifier = new RunningNotifier();
        notifier.Use("");
        notifier.Manager.Send(RunningNotifier.Alerts(1));
        await UntilAsync(() => notifier.Metric(Errors, "http:///api/v2/alerts") == 1);
    }

    [Fact]
    public async Task Stopping_sends_what_waits()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 2 });
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(5));
        await notifier.Servers.NextAsync();
        ValueTask stopping = notifier.Manager.DisposeAsync();
        notifier.Manager.Send(RunningNotifier.Alerts(1, "late"));
        notifier.Servers.Release(A);
        await stopping;
        Assert.Equal(["a2", "a3"], (await notifier.Servers.NextAsync()).AlertNames);
        Assert.Equal(["a4"], (await notifier.Servers.NextAsync()).AlertNames);
        Assert.False(notifier.Servers.HasMore);
        Assert.True(notifier.Servers.IsDisposed);
        Assert.Null(notifier.Metric(Sent, A));
    }

    [Fact]
    public async Task Stopping_without_draining_drops_what_waits_and_says_so()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 2, DrainOnStop = false });
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(5));
        await notifier.Servers.NextAsync();
        ValueTask stopping = notifier.Manager.DisposeAsync();
        Assert.Equal(3, notifier.Metric(Dropped, A));
        notifier.Servers.Release(A);
        await stopping;
        Assert.False(notifier.Servers.HasMore);
        Assert.Contains(notifier.Log, line => line == $"Alert notification queue not drained on shutdown, dropping alerts {A} 3");
    }

    [Fact]
    public async Task Draining_is_given_up_when_the_Alertmanager_does_not_answer_in_time()
    {
        var time = new ManualTime();
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 1 }, time);
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(50));
        await notifier.Servers.NextAsync();
        ValueTask stopping = notifier.Manager.DisposeAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        await stopping;
        Assert.False(notifier.Servers.HasMore);
        Assert.Contains(notifier.Log, line => line.EndsWith($" {A} 49", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reload_keeps_queue_and_targets_of_an_entry_that_stayed_as_it_was()
    {
        var kept = new AlertmanagerConfig { PathPrefix = "/kept" };
        const string Kept = "http://a:1/kept/api/v2/alerts";
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 1 });
        notifier.Use(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig(), kept }.ToEquatableList() }, ["b:1"], ["a:1"]);
        notifier.Servers.Hold(Kept);
        notifier.Manager.Send(RunningNotifier.Alerts(3));
        await UntilAsync(() => notifier.Metric(Sent, B) == 3 && notifier.Metric(Length, Kept) == 2);

        // The other entry goes, so that this one moves up; an equal record, not the same one.
        notifier.Manager.ApplyConfig(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig { PathPrefix = "/kept" } }.ToEquatableList() }, Labels.Empty);
        Assert.Equal([Kept], notifier.Manager.GetActiveAlertmanagers());
        Assert.Equal(2, notifier.Metric(Length, Kept));
        notifier.Find(["a:1"]);
        notifier.Servers.Release(Kept);
        await UntilAsync(() => notifier.Metric(Sent, Kept) == 3);
        await UntilAsync(() => notifier.Metric(Sent, B) is null);
    }

    [Fact]
    public async Task A_changed_entry_starts_anew_and_the_former_one_is_drained()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 1 });
        notifier.Use("a:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(2, "old"));
        await notifier.Servers.NextAsync();
        notifier.Use(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig { PathPrefix = "/new" } }.ToEquatableList() }, "a:1");
        Assert.Equal(["http://a:1/new/api/v2/alerts"], notifier.Manager.GetActiveAlertmanagers());
        notifier.Manager.Send(RunningNotifier.Alerts(1, "new"));
        Assert.Equal("http://a:1/new/api/v2/alerts", (await notifier.Servers.NextAsync()).Url);
        notifier.Servers.Release(A);
        Assert.Equal(["old1"], (await notifier.Servers.NextAsync()).AlertNames);
        await UntilAsync(() => notifier.Metric(Sent, A) is null);
    }

    [Fact]
    public async Task An_Alertmanager_that_discovery_does_not_name_any_more_is_drained_and_forgotten()
    {
        await using var notifier = new RunningNotifier(options => options with { BatchSize = 1 });
        notifier.Use("a:1", "b:1");
        notifier.Servers.Hold(A);
        notifier.Manager.Send(RunningNotifier.Alerts(2));
        await UntilAsync(() => notifier.Metric(Sent, B) == 2);
        notifier.Find(["b:1"]);
        notifier.Manager.Send(RunningNotifier.Alerts(1, "later"));
        await UntilAsync(() => notifier.Metric(Sent, B) == 3);
        notifier.Servers.Release(A);
        await UntilAsync(() => notifier.Metric(Sent, A) is null);
        Assert.Equal([B], notifier.Manager.GetActiveAlertmanagers());
    }

    [Fact]
    public async Task Two_entries_with_the_same_Alertmanager_send_twice_and_share_its_metrics()
    {
        await using var notifier = new RunningNotifier();
        var both = new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig(), new AlertmanagerConfig() }.ToEquatableList() };
        notifier.Use(both, ["a:1"], ["a:1"]);
        notifier.Manager.Send(RunningNotifier.Alerts(1));
        await UntilAsync(() => notifier.Metric(Sent, A) == 2);
        Assert.Equal([A, A], notifier.Manager.GetActiveAlertmanagers());
        notifier.Use("a:1");
        await UntilAsync(() => notifier.Metric(Sent, A) == 2);
        notifier.Manager.Send(RunningNotifier.Alerts(1));
        await UntilAsync(() => notifier.Metric(Sent, A) == 3);
    }

    [Fact]
    public async Task Alerts_are_relabelled_for_all_and_then_for_each_entry()
    {
        static EquatableList<RelabelConfig> Drop(string name) => new[]
        {
            new RelabelConfig { SourceLabels = new[] { "alertname" }.ToEquatableList(), Regex = RelabelRegex.Parse(name), Action = RelabelAction.Drop },
        }.ToEquatableList();
        await using var notifier = new RunningNotifier();
        var config = new AlertingConfig
        {
            AlertRelabelConfigs = Drop("none"),
            Alertmanagers = new[] { new AlertmanagerConfig { AlertRelabelConfigs = Drop("only-b") }, new AlertmanagerConfig() }.ToEquatableList(),
        };
        notifier.Manager.ApplyConfig(config, Labels.FromStrings("region", "eu"));
        notifier.Find(["a:1"], ["b:1"]);
        notifier.Manager.Send([RunningNotifier.Alert("none"), RunningNotifier.Alert("only-b"), RunningNotifier.Alert("all")]);
        ReceivedRequest[] requests = [.. new[] { await notifier.Servers.NextAsync(), await notifier.Servers.NextAsync() }.OrderBy(request => request.Url)];
        Assert.Equal(["all"], requests[0].AlertNames);
        Assert.Equal(["only-b", "all"], requests[1].AlertNames);
        Assert.All(requests, request => Assert.Contains("\"region\":\"eu\"", request.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_entry_whose_client_cannot_be_made_does_not_take_others_with_it()
    {
        var broken = new AlertmanagerConfig { PathPrefix = "/broken" };
        await using var notifier = new RunningNotifier(options => options with
        {
            CreateClient = config => config == broken ? throw new IOException("open ca.pem: no such file or directory") : options.CreateClient(config),
        });
        notifier.Use(new AlertingConfig { Alertmanagers = new[] { broken, new AlertmanagerConfig() }.ToEquatableList() }, ["a:1"], ["b:1"]);
        Assert.Equal([B], notifier.Manager.GetActiveAlertmanagers());
        Assert.Contains(notifier.Log, line => line.Contains("config-0 open ca.pem", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_whose_client_cannot_be_made_is_found_out_before_it_is_in_force()
    {
        var broken = new AlertmanagerConfig { PathPrefix = "/broken" };
        await using var notifier = new RunningNotifier(options => options with
        {
            CreateClient = config => config == broken ? throw new HttpClientConfigException("unable to use specified CA cert file ca.pem") : options.CreateClient(config),
        });
        notifier.Manager.Check(new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig() }.ToEquatableList() });
        var config = new AlertingConfig { Alertmanagers = new[] { new AlertmanagerConfig(), broken }.ToEquatableList() };
        Assert.Equal("unable to use specified CA cert file ca.pem", Assert.Throws<ConfigurationException>(() => notifier.Manager.Check(config)).Message);
        Assert.Empty(notifier.Manager.GetActiveAlertmanagers());
    }

    [Fact]
    public async Task Alerts_from_many_threads_are_all_accounted_for()
    {
        await using var notifier = new RunningNotifier(options => options with { QueueCapacity = 500, BatchSize = 7 });
        notifier.Use("a:1", "b:1");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                notifier.Manager.Send(RunningNotifier.Alerts(3, $"t{thread}-{i}-"));
            }
        })));
        foreach (string url in (string[])[A, B])
        {
            await UntilAsync(() => notifier.Metric(Sent, url) + notifier.Metric(Dropped, url) == 2400 && notifier.Metric(Length, url) == 0);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
