using System.Globalization;
using System.Text.Json.Nodes;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Discovery;

/// <summary>Logging in to a real Keystone, whose catalog leads to recorded answers of the other services. (Debian's Prometheus is built without OpenStack.)</summary>
public sealed class KeystoneTests
{
    // This server of Keystone's, made for trying things out, now and then ends a connection without an answer when the machine is busy.
    private const int Attempts = 3;

    [KeystoneFact]
    public async Task Targets_are_found_with_passwords_and_application_credentials()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await FindTargetsAsync();
                return;
            }
            catch (HttpRequestException) when (attempt < Attempts)
            {
                // Once more, with a Keystone of its own.
            }
        }
    }

    private static async Task FindTargetsAsync()
    {
        using var directory = new TemporaryDirectory();
        using Keystone keystone = await Keystone.StartAsync(directory.Path);
        using var cloud = new RecordedCloud(keystone);
        foreach (string type in (string[])["compute", "network", "load-balancer"])
        {
            await keystone.AddServiceAsync(type, ("public", cloud.Url), ("internal", cloud.Url + "internal/"), ("admin", "http://127.0.0.1:1/"));
        }

        JsonNode credential = await keystone.CreateAsync(
            "application_credential", $"users/{keystone.UserId}/application_credentials", new JsonObject { ["name"] = "prometheus", ["secret"] = "other" });
        string common = $"region: RegionOne, identity_endpoint: '{keystone.Endpoint}', port: 0, refresh_interval: 20s";
        string root = $"region: RegionOne, identity_endpoint: '{new Uri(keystone.Endpoint, "/")}', port: 0, refresh_interval: 20s";
        string config = directory.Write("prometheus.yml", $$"""
            scrape_configs:
              - job_name: by-names
                openstack_sd_configs: [{role: instance, {{common}}, username: admin, password: {{Keystone.Password}}, project_name: admin, domain_name: Default}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
              - job_name: by-ids
                openstack_sd_configs: [{role: loadbalancer, {{root}}, userid: {{keystone.UserId}}, password: {{Keystone.Password}}, project_id: {{keystone.ProjectId}}}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
              - job_name: by-credential-name
                openstack_sd_configs: [{role: instance, {{common}}, username: admin, domain_id: default, application_credential_name: prometheus, application_credential_secret: other, availability: internal}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
              - job_name: by-credential-id
                openstack_sd_configs: [{role: hypervisor, {{common}}, application_credential_id: {{credential["id"]}}, application_credential_secret: other}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
              - job_name: refused
                openstack_sd_configs: [{role: instance, {{common}}, username: admin, password: wrong, project_name: admin, domain_name: Default}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
              - job_name: nowhere
                openstack_sd_configs: [{role: instance, {{common.Replace("RegionOne", "RegionTwo", StringComparison.Ordinal)}}, username: admin, password: {{Keystone.Password}}, project_name: admin, domain_name: Default}]
                relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]
            """);
        using ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("data"));
        string answer = await server.WaitForAsync("api/v1/targets?state=active", text => Targets(text).Select(Pool).Distinct().Count() == 4, timeoutSeconds: 180);
        ILookup<string, string> found = Targets(answer).ToLookup(Pool, Discovered);
        string[] instances = Expected("instance.TestOpenstackSDInstanceRefresh");
        Assert.NotEmpty(instances);
        Assert.Equal(instances, found["by-names"].Order(StringComparer.Ordinal));
        Assert.Equal(instances, found["by-credential-name"].Order(StringComparer.Ordinal));
        Assert.Equal(Expected("loadbalancer.TestOpenstackSDLoadBalancerRefresh"), found["by-ids"].Order(StringComparer.Ordinal));
        Assert.Equal(2, found["by-credential-id"].Count());

        // The others have failed, for the reason that is theirs.
        foreach (string job in (string[])["refused", "nowhere"])
        {
            await server.WaitForAsync("metrics", text => Failures(text, job) > 0, timeoutSeconds: 180);
        }

        Assert.Contains("config=refused url=" + keystone.Endpoint + " err=\"could not authenticate to OpenStack: 401", server.Log, StringComparison.Ordinal);
        Assert.Contains("No suitable endpoint could be found in the service catalog", server.Log, StringComparison.Ordinal);
    }

    private static string Pool(JsonNode target) => (string)target["scrapePool"]!;

    private static IEnumerable<JsonNode> Targets(string answer) => JsonNode.Parse(answer)!["data"]!["activeTargets"]!.AsArray().Select(target => target!);

    private static string Discovered(JsonNode target) => Show(target["discoveredLabels"]!.AsObject()
        .Where(label => label.Key == "__address__" || label.Key.StartsWith("__meta_", StringComparison.Ordinal)));

    private static string[] Expected(string test) =>
    [
        .. JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "discovery", "openstack", "expected.json")))!["expected"]![test]!.AsArray()
            .Select(labels => Show(labels!.AsObject().Where(label => (string?)label.Value != ""))).Order(StringComparer.Ordinal),
    ];

    private static string Show(IEnumerable<KeyValuePair<string, JsonNode?>> labels) =>
        string.Join('\n', labels.Select(label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal));

    private static double Failures(string metrics, string job) => metrics.Split('\n')
        .Where(line => line.StartsWith("prometheus_sd_refresh_failures_total{", StringComparison.Ordinal) && line.Contains($"config=\"{job}\"", StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
