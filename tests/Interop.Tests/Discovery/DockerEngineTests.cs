using System.Text.Json.Nodes;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Discovery;

/// <summary>Containers and a swarm of a real Docker daemon: both servers find the same targets.</summary>
public sealed class DockerEngineTests
{
    // Targets that differ in nothing but what was discovered stay apart.
    private const string ConfigForm = """
        scrape_configs:
          - {job_name: containers, docker_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: all-networks, docker_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, match_first_network: false, host_networking_host: node.example, port: 777}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: filtered, docker_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, filters: [{name: label, values: [team/name=shop]}]}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: services, dockerswarm_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, role: services}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: some-services, dockerswarm_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, role: services, filters: [{name: name, values: [overlaid]}]}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: tasks, dockerswarm_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, role: tasks, port: 9323}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
          - {job_name: nodes, dockerswarm_sd_configs: [{host: 'unix://SOCKET', refresh_interval: 1s, role: nodes, port: 9100}], relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}
        """;

    // 3.14 has them, the peer here does not.
    private static readonly string[] s_since35 = ["__meta_docker_container_image", "__meta_docker_container_image_id"];

    [DockerFact]
    public async Task Both_servers_find_the_same_targets()
    {
        using var directory = new TemporaryDirectory();
        using DockerEngine engine = await DockerEngine.StartAsync(directory.Path);
        await RunContainersAsync(engine);
        await RunSwarmAsync(engine);

        string config = directory.Write("prometheus.yml", ConfigForm.Replace("SOCKET", engine.Socket, StringComparison.Ordinal));
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        string[] expected = await FindTargetsAsync(real);
        string[] found = await FindTargetsAsync(ours);
        Assert.Contains(expected, target => target.Contains("__meta_docker_container_network_mode=container:", StringComparison.Ordinal));
        Assert.Contains(expected, target => target.Contains("__meta_docker_port_public=8080", StringComparison.Ordinal));
        Assert.Equal(expected, found);

        string images = await ours.GetAsync("api/v1/targets?scrapePool=filtered");
        Assert.Equal(DockerEngine.Image, (string?)Targets(images).First()["discoveredLabels"]!["__meta_docker_container_image"]);
        await engine.ClearAsync();
    }

    private static async Task RunContainersAsync(DockerEngine engine)
    {
        await engine.PostAsync("networks/create", JsonNode.Parse("""{"Name":"front","Labels":{"zone":"a"}}"""));
        await engine.PostAsync("networks/create", JsonNode.Parse("""{"Name":"back","Internal":true}"""));
        await engine.CreateContainerAsync("web", "front", Object("""{"Labels":{"team/name":"shop"},"ExposedPorts":{"80/tcp":{},"9100/tcp":{},"53/udp":{}}}"""),
            Object("""{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}}"""));
        await engine.PostAsync("networks/back/connect", JsonNode.Parse("""{"Container":"web"}"""));
        await engine.PostAsync("containers/web/start");
        await engine.RunContainerAsync("beside-web", "container:web", Object("""{"Labels":{"team/name":"shop","other":""}}"""));
        await engine.RunContainerAsync("on-host", "host");
        await engine.RunContainerAsync("alone", "none");
        await engine.CreateContainerAsync("never-started", "front");
    }

    private static async Task RunSwarmAsync(DockerEngine engine)
    {
        await engine.PostAsync("swarm/init", JsonNode.Parse("""{"ListenAddr":"127.0.0.1:2377","AdvertiseAddr":"127.0.0.1"}"""));
        await engine.PostAsync("networks/create", JsonNode.Parse("""{"Name":"over","Driver":"overlay","Labels":{"kind":"overlay"}}"""));
        await engine.CreateServiceAsync("shop", Object("""
            {"Labels":{"team":"shop"},"Mode":{"Replicated":{"Replicas":2}},
             "EndpointSpec":{"Ports":[{"Name":"web","Protocol":"tcp","TargetPort":80,"PublishedPort":8099},{"Protocol":"udp","TargetPort":53,"PublishedPort":8053}]}}
            """), Object("""{"Labels":{"role":"frontend"},"Hostname":"shop-host"}"""));
        await engine.CreateServiceAsync("everywhere", Object("""
            {"Mode":{"Global":{}},"EndpointSpec":{"Ports":[{"Protocol":"tcp","TargetPort":9200,"PublishedPort":19200,"PublishMode":"host"}]}}
            """));
        await engine.CreateServiceAsync("overlaid", Object("""{"Mode":{"Replicated":{"Replicas":1}}}"""), networks: [new JsonObject { ["Target"] = "over" }]);
        await engine.CreateServiceAsync("by-name", Object("""{"Mode":{"Replicated":{"Replicas":1}},"EndpointSpec":{"Mode":"dnsrr"}}"""), networks: [new JsonObject { ["Target"] = "over" }]);
        await engine.UntilAsync("tasks", answer => JsonNode.Parse(answer)!.AsArray().Count(task => (string?)task!["Status"]!["State"] == "running") == 5);
    }

    /// <summary>What was discovered of all targets, once there are some of each kind.</summary>
    private static async Task<string[]> FindTargetsAsync(ServerProcess server)
    {
        string answer = await server.WaitForAsync(
            "api/v1/targets?state=active",
            text => Targets(text).Select(target => (string?)target["scrapePool"]).Distinct().Count() == 7);
        return [.. Targets(answer).Select(target => target["scrapePool"] + " " + Discovered(target)).Order(StringComparer.Ordinal)];
    }

    private static string Discovered(JsonNode target) => string.Join(',', target["discoveredLabels"]!.AsObject()
        .Where(label => label.Key == "__address__" || label.Key.StartsWith("__meta_", StringComparison.Ordinal))
        .Where(label => !s_since35.Contains(label.Key))
        .Select(label => label.Key + "=" + label.Value));

    private static IEnumerable<JsonNode> Targets(string answer) => JsonNode.Parse(answer)!["data"]!["activeTargets"]!.AsArray().Select(target => target!);

    private static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();
}
