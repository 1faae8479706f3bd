using Narthex.Configuration;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Docker;

/// <summary>Recorded answers of Docker daemons give the targets that upstream expects.</summary>
public sealed class DockerDiscovererTests
{
    [ConformanceTheory]
    [InlineData("dockerprom", true, "docker.TestDockerSDRefresh")]
    [InlineData("dockerprom", false, "docker.TestDockerSDRefreshMatchAllNetworks")]
    [InlineData("dockeripv6", true, "docker.TestDockerSDRefreshIPv6Only")]
    public async Task Containers_become_targets(string daemon, bool matchFirstNetwork, string test) =>
        await CheckAsync(daemon, test, host => new DockerSdConfig { Host = host, MatchFirstNetwork = matchFirstNetwork });

    [ConformanceTheory]
    [InlineData("swarmprom", "nodes", "nodes.TestDockerSwarmNodesSDRefresh")]
    [InlineData("swarmprom", "services", "services.TestDockerSwarmSDServicesRefresh")]
    [InlineData("swarmprom", "tasks", "tasks.TestDockerSwarmTasksSDRefresh")]
    [InlineData("swarmprom-plugin", "services", "services.TestDockerSwarmSDServicesRefreshNoContainerSpec")]
    public async Task A_swarm_becomes_targets(string daemon, string role, string test) =>
        await CheckAsync(daemon, test, host => new DockerSwarmSdConfig { Host = host, Role = role });

    [ConformanceFact]
    public async Task Filters_are_sent_in_the_form_that_daemons_know() =>
        await CheckAsync("swarmprom", "services.TestDockerSwarmSDServicesRefreshWithFilters", host => new DockerSwarmSdConfig
        {
            Host = host,
            Role = "services",
            Filters = [new DockerFilter { Name = "name", Values = ["mon_node-exporter", "mon_grafana"] }],
        });

    [ConformanceFact]
    public async Task A_daemon_behind_a_Unix_socket_is_asked_through_it()
    {
        await using var fixture = new DiscoveryFixture();
        string socket = Path.Combine(fixture.Folder, "docker.sock");
        await using RecordedDaemon daemon = await RecordedDaemon.StartAsync("dockeripv6", socket);
        fixture.Apply(("a", [new DockerSdConfig { Host = "unix://" + socket }]));
        Assert.Single((await fixture.UntilAsync("a", groups => groups.Count == 1))[0].Targets);
    }

    [ConformanceFact]
    public async Task A_daemon_that_fails_keeps_its_targets()
    {
        await using RecordedDaemon daemon = await RecordedDaemon.StartAsync("dockerprom");
        await using var fixture = new DiscoveryFixture();
        var config = new DockerSdConfig { Host = daemon.Address };
        fixture.Apply(("a", [config]));
        await fixture.UntilAsync("a", groups => groups is [{ Targets.Count: 8 }]);

        daemon.Forget();
        daemon.IsBroken = true;
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await DiscoveryFixture.EventuallyAsync(() => fixture.Metrics.RefreshFailures.WithLabels("docker", "a").Value == 1);
        fixture.Apply(("a", [config]));
        Assert.Equal(8, (await fixture.NextAsync())["a"].Single().Targets.Count);
    }

    private static async Task CheckAsync(string daemonName, string test, Func<string, SdConfig> config)
    {
        await using RecordedDaemon daemon = await RecordedDaemon.StartAsync(daemonName);
        await using var fixture = new DiscoveryFixture();

        // tcp:// is plain HTTP too.
        string host = test.Contains("Swarm", StringComparison.Ordinal) ? daemon.Address : daemon.Address.Replace("http://", "tcp://", StringComparison.Ordinal);
        fixture.Apply(("a", [config(host)]));
        IReadOnlyList<TargetGroup> groups = await fixture.UntilAsync("a", groups => groups.Count == 1);
        Assert.Equal(ExpectedTargets.Read("moby", test), ExpectedTargets.Show(groups[0].Targets));
    }
}
