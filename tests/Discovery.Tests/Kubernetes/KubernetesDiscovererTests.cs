using Narthex.Configuration;
using Narthex.Discovery.Kubernetes;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Tests.Kubernetes;

public sealed class KubernetesDiscovererTests
{
    private const string Endpoints = """{"metadata":{"name":"web","namespace":"shop"},"subsets":[{"addresses":[{"ip":"10.0.0.1","targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}}],"ports":[{"port":8080,"protocol":"TCP"}]}]}""";

    [Fact]
    public async Task Objects_that_come_change_and_go_are_followed()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await DiscoveryFixture.EventuallyAsync(() => run.Reports == 1);
        Assert.Empty(run.Groups);

        kubernetes.Put(Cluster.Services, Service("a", 1));
        await run.UntilAsync(groups => groups.ContainsKey("svc/shop/a"));
        kubernetes.Put(Cluster.Services, Service("a", 2));
        await run.UntilAsync(groups => groups["svc/shop/a"].Targets[0]["__address__"] == "a.shop.svc:2");
        kubernetes.Put(Cluster.Services, Service("b", 3));
        await run.UntilAsync(groups => groups.Count == 2);
        kubernetes.Delete(Cluster.Services, "shop", "a");
        await run.UntilAsync(groups => groups.Count == 1);
        Assert.Equal((2, 1, 1), (Events(run, "add"), Events(run, "update"), Events(run, "delete")));
        Assert.Single(kubernetes.Asked, asked => asked.StartsWith(Cluster.Services + "?limit=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_waits_to_be_made_into_targets_is_measured()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.Put(Cluster.Services, Service("a", 1));
        kubernetes.Put(Cluster.Services, Service("b", 1));
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await run.UntilAsync(groups => groups.Count == 2);
        kubernetes.Put(Cluster.Services, Service("c", 1));
        await run.UntilAsync(groups => groups.Count == 3);
        Assert.Equal((3, 3, 3, 0), (Queue("items_total"), Queue("latency_seconds"), Queue("work_duration_seconds"), Queue("depth")));

        double Queue(string name) => KubernetesMetricsReader.Read(run.Registry, "prometheus_sd_kubernetes_workqueue_" + name, "service");
    }

    [Fact]
    public async Task A_stream_that_ends_is_taken_up_again_where_it_ended()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.Put(Cluster.Services, Service("a", 1));
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await run.UntilAsync(groups => groups.Count == 1);
        kubernetes.Put(Cluster.Services, Service("b", 1));
        await run.UntilAsync(groups => groups.Count == 2);
        kubernetes.Bookmark(Cluster.Services);
        int version = kubernetes.Version;
        kubernetes.Bookmark(Cluster.Pods);
        await Watching(kubernetes, 1);
        kubernetes.EndStreams();
        await Watching(kubernetes, 2);
        kubernetes.Put(Cluster.Services, Service("c", 1));
        await run.UntilAsync(groups => groups.Count == 3);
        string[] asked = [.. kubernetes.Asked];
        Assert.Single(asked, question => question.Contains("limit=", StringComparison.Ordinal));
        Assert.Contains($"resourceVersion={version}&", asked[^1], StringComparison.Ordinal);
        Assert.Contains("allowWatchBookmarks=true", asked[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_is_gone_leads_to_a_new_list_which_also_removes()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.Put(Cluster.Services, Service("a", 1));
        kubernetes.Put(Cluster.Services, Service("b", 1));
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await run.UntilAsync(groups => groups.Count == 2);
        await Watching(kubernetes, 1);

        // While the server is away an object goes and another comes, and the history of that is lost.
        kubernetes.Fail(1);
        kubernetes.EndStreams();
        await DiscoveryFixture.EventuallyAsync(() => run.Metrics.Failures.Value == 1);
        kubernetes.Delete(Cluster.Services, "shop", "a");
        kubernetes.Put(Cluster.Services, Service("c", 1));
        kubernetes.Compact();
        await run.UntilAsync(groups => groups.ContainsKey("svc/shop/c"));
        Assert.Equal(["svc/shop/b", "svc/shop/c"], run.Groups.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((3, 1, 1), (Events(run, "add"), Events(run, "update"), Events(run, "delete")));
        Assert.Equal(1, run.Metrics.Requests.WithLabels("410").Value);
        Assert.Equal(1, run.Metrics.Requests.WithLabels("500").Value);
    }

    [Fact]
    public async Task Targets_follow_the_objects_beside_their_own()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.Put(Cluster.Endpoints, Endpoints);
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "endpoints") with
        {
            AttachMetadata = new KubernetesMetadata { Node = true, Namespace = true, Deployment = true },
        });
        await run.UntilAsync(groups => groups.Count == 1);
        Assert.DoesNotContain("pod_name", run.Targets[0], StringComparison.Ordinal);

        kubernetes.Put(Cluster.Services, """{"metadata":{"name":"web","namespace":"shop","labels":{"svc":"1"}}}""");
        await Has("__meta_kubernetes_service_label_svc=\"1\"");
        kubernetes.Put(Cluster.Pods, Cluster.WebPod);
        await Has("__meta_kubernetes_pod_name=\"web-1\"");
        kubernetes.Put(Cluster.ReplicaSets, """{"metadata":{"name":"web-abc","namespace":"shop","ownerReferences":[{"kind":"Deployment","name":"web","controller":true}]}}""");
        await Has("__meta_kubernetes_pod_deployment_name=\"web\"");
        kubernetes.Put(Cluster.Namespaces, """{"metadata":{"name":"shop","labels":{"team":"red"}}}""");
        await Has("__meta_kubernetes_namespace_label_team=\"red\"");
        kubernetes.Put(Cluster.Pods, Cluster.WebPod.Replace("\"phase\":\"Running\"", "\"phase\":\"Failed\"", StringComparison.Ordinal));
        await Has("__meta_kubernetes_pod_phase=\"Failed\"");
        kubernetes.Delete(Cluster.Pods, "shop", "web-1");
        await run.UntilAsync(_ => !run.Targets[0].Contains("pod_name", StringComparison.Ordinal));

        Task Has(string label) => run.UntilAsync(_ => run.Targets[0].Contains(label, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Jobs_and_cron_jobs_of_a_pod_are_named_where_that_is_asked_for()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "pod") with
        {
            Namespaces = new[] { "other" }.ToEquatableList(),
            AttachMetadata = new KubernetesMetadata { Job = true, CronJob = true },
        });
        await run.UntilAsync(groups => groups.Count == 1);
        Assert.Contains("__meta_kubernetes_pod_job_name=\"nightly-1\"", run.Targets[0], StringComparison.Ordinal);
        Assert.Contains("__meta_kubernetes_pod_cronjob_name=\"nightly\"", run.Targets[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_addresses_that_a_load_balancer_has_win_over_the_one_it_was_to_have()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.Put(Cluster.Services, """{"metadata":{"name":"b","namespace":"n"},"spec":{"type":"LoadBalancer","loadBalancerIP":"5.5.5.5","ports":[{"port":1}]},"status":{"loadBalancer":{"ingress":[{"ip":"6.6.6.6"},{"hostname":"h"},{"ip":"7.7.7.7"}]}}}""");
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await run.UntilAsync(groups => groups.Count == 1);
        Assert.Contains("__meta_kubernetes_service_loadbalancer_ip=\"6.6.6.6,7.7.7.7\"", run.Targets[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_on_nodes_that_selectors_leave_out_are_left_out_too()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "pod") with { AttachMetadata = new KubernetesMetadata { Node = true } });
        await run.UntilAsync(groups => groups.Count == 2);
        kubernetes.Delete(Cluster.Nodes, "", "node-2");
        await run.UntilAsync(groups => groups.Count == 1);
        Assert.Contains("pod/shop/web-1", run.Groups.Keys);
    }

    [Fact]
    public async Task A_change_that_targets_do_not_show_is_counted_and_not_reported()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "node"));
        await run.UntilAsync(groups => groups.Count == 2);
        Assert.Contains("__meta_kubernetes_node_condition_diskpressure=\"false\", __meta_kubernetes_node_condition_ready=\"true\"", run.Targets.Single(labels => labels.Contains("node-1", StringComparison.Ordinal)), StringComparison.Ordinal);
        const string Heartbeat = """{"metadata":{"name":"node-2"},"status":{"addresses":[{"type":"Hostname","address":"host-2"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}},"images":["TIME"]}}""";
        kubernetes.Put(Cluster.Nodes, Heartbeat.Replace("TIME", "1", StringComparison.Ordinal));
        kubernetes.Put(Cluster.Nodes, Heartbeat.Replace("TIME", "2", StringComparison.Ordinal));
        await DiscoveryFixture.EventuallyAsync(() => Events(run, "update", "node") == 2);
        Assert.Equal(1, run.Reports);
    }

    [Fact]
    public async Task Long_lists_come_in_pages()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        kubernetes.PageSize = 2;
        for (int i = 0; i < 5; i++)
        {
            kubernetes.Put(Cluster.Services, Service("s" + i, i));
        }

        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "service"));
        await run.UntilAsync(groups => groups.Count == 5);
        Assert.Equal(1, run.Reports);
        Assert.Equal(3, kubernetes.Asked.Count(asked => asked.Contains("limit=500", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Namespaces_selectors_and_credentials_reach_the_questions()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "endpointslice") with
        {
            Namespaces = new[] { "a", "b", "a" }.ToEquatableList(),
            Selectors = new[] { new KubernetesSelector("pod", "app=web", ""), new KubernetesSelector("endpointslice", "", "metadata.name!=x") }.ToEquatableList(),
            AttachMetadata = new KubernetesMetadata { Node = true },
            HttpClient = new HttpClientConfig { Authorization = new AuthorizationConfig { Credentials = new Secret("t0ken") } },
        });
        await DiscoveryFixture.EventuallyAsync(() => run.Reports == 1);
        Assert.Equal(
            [
                "/api/v1/namespaces/a/pods?limit=500&labelSelector=app=web",
                "/api/v1/namespaces/a/services?limit=500",
                "/api/v1/namespaces/b/pods?limit=500&labelSelector=app=web",
                "/api/v1/namespaces/b/services?limit=500",
                "/api/v1/nodes?limit=500",
                "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices?limit=500&fieldSelector=metadata.name!=x",
                "/apis/discovery.k8s.io/v1/namespaces/b/endpointslices?limit=500&fieldSelector=metadata.name!=x",
            ],
            kubernetes.Asked.Where(asked => asked.Contains("limit=", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.All(kubernetes.Credentials, credentials => Assert.Equal("Bearer t0ken", credentials));
    }

    [Fact]
    public async Task A_server_that_fails_is_asked_again_and_nothing_is_reported_before_all_lists_are_there()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        kubernetes.Fail(1);
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "endpoints"));
        await run.UntilAsync(groups => groups.Count == 2);
        Assert.Equal(1, run.Reports);
        Assert.Equal(1, run.Metrics.Failures.Value);
    }

    private static string Service(string name, int port) =>
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"shop"},"spec":{"type":"ClusterIP","ports":[{"port":{{{port}}},"protocol":"TCP"}]}}""";

    private static double Events(KubernetesRun run, string change, string role = "service") => KubernetesMetricsReader.Events(run.Registry, role, change);

    private static Task Watching(FakeKubernetes kubernetes, int times) => DiscoveryFixture.EventuallyAsync(
        () => kubernetes.Asked.Count(asked => asked.Contains("watch=true", StringComparison.Ordinal)) >= times);
}
