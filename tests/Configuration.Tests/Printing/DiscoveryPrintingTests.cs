namespace Narthex.Configuration.Tests.Printing;

public sealed class DiscoveryPrintingTests
{
    // What prometheus 3.5 shows under status/config for this file.
    [Fact]
    public void Dns_and_docker_are_shown_as_the_real_server_shows_them()
    {
        const string yaml = """
            scrape_configs:
            - job_name: a
              dns_sd_configs:
              - names: [x.y, z]
              - {names: [x.y], type: a, port: 5}
              docker_sd_configs:
              - host: unix:///var/run/docker.sock
              - {host: 'tcp://h:1', filters: [{name: a, values: [b]}], host_networking_host: hh, match_first_network: false, port: 3}
              dockerswarm_sd_configs:
              - {host: 'http://h:1', role: tasks}
            """;
        const string expected = """
              dns_sd_configs:
              - names:
                - x.y
                - z
                refresh_interval: 30s
                type: SRV
                port: 0
              - names:
                - x.y
                refresh_interval: 30s
                type: a
                port: 5
              docker_sd_configs:
              - follow_redirects: true
                enable_http2: true
                host: unix:///var/run/docker.sock
                port: 80
                filters: []
                host_networking_host: localhost
                refresh_interval: 1m
                match_first_network: true
              - follow_redirects: true
                enable_http2: true
                host: tcp://h:1
                port: 3
                filters:
                - name: a
                  values:
                  - b
                host_networking_host: hh
                refresh_interval: 1m
                match_first_network: false
              dockerswarm_sd_configs:
              - follow_redirects: true
                enable_http2: true
                host: http://h:1
                role: tasks
                port: 80
                filters: []
                refresh_interval: 1m
            """;

        string printed = ConfigPrinter.Print(ConfigurationLoader.Load(yaml, ""));

        Assert.Contains(expected + "\n", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dns_sd_configs: [{names: [a], type: MX}]", "a port is required in DNS-SD configs for all record types except SRV")]
    [InlineData("dns_sd_configs: [{names: [a], type: X}]", "invalid DNS-SD records type X")]
    [InlineData("dns_sd_configs: [{names: []}]", "DNS-SD config must contain at least one SRV record name")]
    [InlineData("docker_sd_configs: [{}]", "host missing")]
    [InlineData("docker_sd_configs: [{host: '::'}]", "parse \"::\": missing protocol scheme")]
    [InlineData("dockerswarm_sd_configs: [{host: a}]", "role missing (one of: tasks, services, nodes)")]
    [InlineData("dockerswarm_sd_configs: [{host: a, role: b}]", "invalid role b, expected tasks, services, or nodes")]
    [InlineData("consul_sd_configs: [{server: ' '}]", "consul SD configuration requires a server address")]
    [InlineData("consul_sd_configs: [{username: a, basic_auth: {username: b}}]", "at most one of consul SD configuration username and password and basic auth can be configured")]
    [InlineData("consul_sd_configs: [{token: a, authorization: {credentials: b}}]", "at most one of consul SD token, authorization, or oauth2 can be configured")]
    public void Settings_without_sense_are_refused_with_upstreams_reason(string settings, string reason)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(
            () => ConfigurationLoader.Load($"scrape_configs:\n- job_name: a\n  {settings}\n", ""));

        Assert.EndsWith(reason, e.Message, StringComparison.Ordinal);
    }
}
