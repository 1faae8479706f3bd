using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Tests.Consul;

public sealed class ConsulDiscovererTests
{
    private const string Node = """{"Node": "node-1", "Address": "10.0.0.9", "Meta": {"rack-name": "2304"}, "TaggedAddresses": {"lan": "10.0.0.9", "wan": "198.51.100.4"}}""";

    private const string Instances = "[{\"Node\": " + Node + """
        , "Service": {"ID": "web-1", "Service": "web", "Tags": ["a", "b"], "Meta": {"version": "1.0"}, "Address": "", "Port": 3341, "Namespace": "ns1", "Partition": "p1"},
          "Checks": [{"CheckID": "c", "Status": "passing"}, {"CheckID": "d", "Status": "warning"}]}]
        """;

    [Fact]
    public async Task Instances_carry_all_labels()
    {
        await using FakeConsul consul = await FakeConsul.StartAsync();
        consul.Set("/v1/catalog/services", """{"web": ["a", "b"]}""", 5);
        consul.Set("/v1/health/service/web", Instances, 7);
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [new ConsulSdConfig { Server = consul.Address }]));

        TargetGroup group = Assert.Single(await fixture.UntilAsync("a", groups => groups.Count == 1));

        Assert.Equal("web", group.Source);
        Assert.Equal(Labels.FromStrings("__meta_consul_dc", "test-dc", "__meta_consul_service", "web"), group.Labels);
        Assert.Equal(
            Labels.FromStrings(
                "__address__", "10.0.0.9:3341", "__meta_consul_address", "10.0.0.9", "__meta_consul_health", "warning",
                "__meta_consul_metadata_rack_name", "2304", "__meta_consul_namespace", "ns1", "__meta_consul_node", "node-1",
                "__meta_consul_partition", "p1", "__meta_consul_service_id", "web-1", "__meta_consul_service_metadata_version", "1.0",
                "__meta_consul_service_port", "3341", "__meta_consul_tagged_address_lan", "10.0.0.9",
                "__meta_consul_tagged_address_wan", "198.51.100.4", "__meta_consul_tags", ",a,b,"),
            Assert.Single(group.Targets));
    }

    [Theory]
    [InlineData("""[]""", "passing")]
    [InlineData("""[{"CheckID": "a", "Status": "critical"}, {"CheckID": "b", "Status": "warning"}]""", "critical")]
    [InlineData("""[{"CheckID": "a", "Status": "critical"}, {"CheckID": "_service_maintenance:web", "Status": "critical"}]""", "maintenance")]
    [InlineData("""[{"CheckID": "_node_maintenance", "Status": "critical"}]""", "maintenance")]
    public async Task Health_is_the_worst_check_and_the_own_address_of_a_service_wins(string checks, string expected)
    {
        await using FakeConsul consul = await FakeConsul.StartAsync();
        consul.Set("/v1/health/service/web", "[{\"Node\": " + Node + """, "Service": {"Address": "fd00::2", "Port": 80}, "Checks": """ + checks + "}]", 7);
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [new ConsulSdConfig { Server = consul.Address, Services = ["web"] }]));

        string target = (await fixture.UntilAsync("a", groups => groups.Count == 1))[0].Targets.Single().ToString();

        Assert.Contains($"__meta_consul_health=\"{expected}\"", target, StringComparison.Ordinal);
        Assert.Contains("__address__=\"[fd00::2]:80\"", target, StringComparison.Ordinal);
        Assert.DoesNotContain(consul.Asked, asked => asked.StartsWith("/v1/catalog", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_setting_reaches_the_questions()
    {
        await using FakeConsul consul = await FakeConsul.StartAsync();
        consul.Set("/consul/v1/catalog/services", """{"web": ["a", "b"], "db": ["a", "b"], "untagged": []}""", 5);
        consul.Set("/consul/v1/health/service/web", Instances, 7);
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [new ConsulSdConfig
        {
            Server = consul.Address, PathPrefix = "/consul/", Token = new Secret("t0ken"), Datacenter = "dc2", Namespace = "n", Partition = "p",
            Services = ["web", "untagged"], Tags = ["a", "b"], Filter = "Node == \"x\"", HealthFilter = "Service.Port == 1",
            NodeMeta = new EquatableMap<string>([KeyValuePair.Create("rack", "1")]), AllowStale = false,
        }]));

        IReadOnlyList<TargetGroup> groups = await fixture.UntilAsync("a", groups => groups.Count == 1);

        Assert.Contains("__meta_consul_dc=\"dc2\"", groups[0].Labels.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            [
                "/consul/v1/catalog/services?dc=dc2&ns=n&partition=p&filter=Node == \"x\"&node-meta=rack:1&wait=120000ms",
                "/consul/v1/health/service/web?dc=dc2&ns=n&partition=p&filter=Service.Port == 1&tag=a&tag=b&node-meta=rack:1&wait=120000ms",
            ],
            consul.Asked);
        Assert.All(consul.Tokens, token => Assert.Equal("t0ken", token));
    }

    [Fact]
    public async Task A_change_answers_the_waiting_question_and_a_service_that_is_gone_loses_its_targets()
    {
        await using FakeConsul consul = await FakeConsul.StartAsync();
        consul.Set("/v1/catalog/services", """{"web": []}""", 5);
        consul.Set("/v1/health/service/web", Instances, 7);
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [new ConsulSdConfig { Server = consul.Address }]));
        await fixture.UntilAsync("a", groups => groups.Count == 1);

        fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await DiscoveryFixture.EventuallyAsync(() => consul.Asked.Count(asked => asked.Contains("index=", StringComparison.Ordinal)) == 2);
        Assert.Contains("/v1/catalog/services?index=5&wait=120000ms&stale=", consul.Asked);
        consul.Set("/v1/catalog/services", "{}", 8);

        Assert.Empty(await WhileTimePassesAsync(fixture, fixture.UntilAsync("a", groups => groups.Count == 0)));
    }

    [Fact]
    public async Task A_failure_is_counted_and_asked_again_after_a_while()
    {
        await using FakeConsul consul = await FakeConsul.StartAsync();
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [new ConsulSdConfig { Server = consul.Address, Services = ["web"] }]));
        await DiscoveryFixture.EventuallyAsync(() => fixture.Metrics.ConsulRpcFailures.Value == 1);

        consul.Set("/v1/health/service/web", Instances, 7);

        Assert.Single(await WhileTimePassesAsync(fixture, fixture.UntilAsync("a", groups => groups.Count == 1)));
    }

    private static async Task<T> WhileTimePassesAsync<T>(DiscoveryFixture fixture, Task<T> task)
    {
        await DiscoveryFixture.EventuallyAsync(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(5));
            return task.IsCompleted;
        });
        return await task;
    }
}
