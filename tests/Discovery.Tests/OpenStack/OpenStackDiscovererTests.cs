using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Narthex.Configuration;
using Narthex.Discovery.OpenStack;
using Narthex.HttpClients;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.OpenStack;

/// <summary>Recorded answers of OpenStack give the targets that upstream expects.</summary>
public sealed class OpenStackDiscovererTests
{
    private const string Token = "cbc36478b0bd8e67e89469c7749d4127";

    [ConformanceTheory]
    [InlineData("instance", "instance.TestOpenstackSDInstanceRefresh")]
    [InlineData("loadbalancer", "loadbalancer.TestOpenstackSDLoadBalancerRefresh")]
    public async Task Instances_and_load_balancers_become_targets(string role, string test) =>
        Assert.Equal(ExpectedTargets.Read("openstack", test), ExpectedTargets.Show(await DiscoverAsync(role)));

    [ConformanceFact]
    public async Task Hypervisors_become_targets()
    {
        string[] targets = ExpectedTargets.Show(await DiscoverAsync("hypervisor"));
        Assert.Equal(2, targets.Length);
        Assert.Equal(
            "__address__=172.16.70.14:0\n__meta_openstack_hypervisor_host_ip=172.16.70.14\n__meta_openstack_hypervisor_hostname=nc14.cloud.com\n"
            + "__meta_openstack_hypervisor_id=1\n__meta_openstack_hypervisor_state=up\n__meta_openstack_hypervisor_status=enabled\n"
            + "__meta_openstack_hypervisor_type=QEMU",
            targets[1]);
        Assert.StartsWith("__address__=172.16.70.13:0\n", targets[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","domain":{"name":"d"},"password":"p"}}},"scope":{"project":{"name":"pr","domain":{"name":"d"}}}}}""", "u", "", "pr", "")]
    [InlineData("""{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"7","password":"p"}}},"scope":{"project":{"id":"9"}}}}""", "", "7", "", "9")]
    [InlineData("""{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","domain":{"name":"d"},"password":"p"}}}}}""", "u", "", "", "")]
    public void A_login_with_a_password_names_user_and_project(string expected, string user, string userId, string project, string projectId)
    {
        var login = new OpenStackLogin
        {
            Endpoint = "http://k", UserName = user, UserId = userId, Password = "p", DomainName = "d", ProjectName = project, ProjectId = projectId,
        };
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), login.ToRequest()), login.ToRequest().ToJsonString());
    }

    [Fact]
    public void A_login_with_an_application_credential_needs_no_project()
    {
        var login = new OpenStackLogin { Endpoint = "http://k", CredentialName = "c", CredentialSecret = "s", UserName = "u", DomainId = "i", ProjectId = "9" };
        const string expected = """{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"secret":"s","name":"c","user":{"name":"u","domain":{"id":"i"}}}}}}""";
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), login.ToRequest()), login.ToRequest().ToJsonString());
    }

    [Fact]
    public void Without_an_endpoint_the_environment_says_everything()
    {
        var config = new OpenStackSdConfig { Role = "instance", Region = "r", Username = "ignored" };
        var environment = new Dictionary<string, string> { ["OS_AUTH_URL"] = "http://k/v3", ["OS_USERNAME"] = "u", ["OS_TENANT_NAME"] = "t", ["OS_PASSWORD"] = "p" };
        OpenStackLogin login = OpenStackLogin.Of(config, name => environment.GetValueOrDefault(name));
        Assert.Equal(("http://k/v3", "u", "t", "p"), (login.Endpoint, login.UserName, login.ProjectName, login.Password));
        Assert.Throws<DiscoveryException>(() => OpenStackLogin.Of(config, _ => null));
    }

    [Fact]
    public async Task Lists_are_read_page_by_page_and_the_token_stays_at_home()
    {
        string elsewhere = "";
        await using WebApplication server = await LocalServer.StartAsync(context => Answer(context, path => path switch
        {
            "/os-hypervisors/detail" => """{"hypervisors":[{"id":1,"host_ip":"10.0.0.1"}],"hypervisors_links":[{"rel":"next","href":"/page2"}]}""",
            "/page2" => $$"""{"hypervisors":[{"id":"2","host_ip":"::1"}],"hypervisors_links":[{"rel":"next","href":"{{elsewhere}}"}]}""",
            _ => throw new InvalidOperationException(path),
        }));
        await using var fixture = new DiscoveryFixture();
        OpenStackSdConfig config = Config(server.Urls.Single(), "hypervisor");
        fixture.Apply(("a", [config]));
        IReadOnlyList<TargetGroup> groups = await fixture.UntilAsync("a", groups => groups.Count == 1);
        Assert.Equal(["10.0.0.1:0", "[::1]:0"], groups[0].Targets.Select(target => target["__address__"]));

        elsewhere = "http://127.0.0.1:1/page3";
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await DiscoveryFixture.EventuallyAsync(() => fixture.Metrics.RefreshFailures.WithLabels("openstack", "a").Value == 1);
    }

    private static async Task<IReadOnlyList<Labels>> DiscoverAsync(string role)
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "discovery", "openstack", "inline");
        await using WebApplication server = await LocalServer.StartAsync(context => Answer(context, path => File.ReadAllText(Path.Combine(folder, path switch
        {
            "/os-hypervisors/detail" => "hypervisorListBody.json",
            "/servers/detail" => "serverListBody.json",
            "/v2.0/floatingips" => "listOutput.json",
            "/v2.0/ports" => "portsListBody.json",
            "/v2.0/lbaas/loadbalancers" => "lbListBody.json",
            "/v2.0/lbaas/listeners" => "listenerListBody.json",
            _ => throw new InvalidOperationException(path),
        }))));
        await using var fixture = new DiscoveryFixture();
        fixture.Apply(("a", [Config(server.Urls.Single(), role)]));
        IReadOnlyList<TargetGroup> groups = await fixture.UntilAsync("a", groups => groups.Count == 1);
        Assert.Equal("OS_RegionOne", groups[0].Source);
        return groups[0].Targets;
    }

    private static OpenStackSdConfig Config(string endpoint, string role) => new()
    {
        IdentityEndpoint = endpoint, Username = "test", Password = new Secret("test"), DomainName = "12345", Region = "RegionOne", Role = role, Port = 0,
    };

    private static async Task Answer(HttpContext context, Func<string, string> list)
    {
        string path = context.Request.Path.Value!;
        string root = $"http://{context.Request.Host}/";
        context.Response.ContentType = "application/json";
        switch (path)
        {
            case "/":
                await context.Response.WriteAsync($$$"""{"versions":{"values":[{"id":"v2.0","links":[]},{"status":"stable","id":"v3.0","links":[{"href":"{{{root}}}v3/","rel":"self"}]}]}}""");
                break;
            case "/v3/auth/tokens":
                using (JsonDocument request = await JsonDocument.ParseAsync(context.Request.Body))
                {
                    Assert.Equal("test", request.RootElement.GetProperty("auth").GetProperty("identity").GetProperty("password").GetProperty("user").GetProperty("password").GetString());
                }

                context.Response.StatusCode = 201;
                context.Response.Headers["X-Subject-Token"] = Token;
                string endpoints = $$"""[{"interface":"internal","region":"RegionOne","url":"http://127.0.0.1:1"},{"interface":"public","region":"RegionOne","url":"{{root}}"}]""";
                await context.Response.WriteAsync($$$"""{"token":{"catalog":[{"type":"compute","endpoints":{{{endpoints}}}},{"type":"network","endpoints":{{{endpoints}}}},{"type":"load-balancer","endpoints":{{{endpoints}}}}]}}""");
                break;
            default:
                Assert.Equal(Token, context.Request.Headers["X-Auth-Token"]);
                await context.Response.WriteAsync(list(path));
                break;
        }
    }
}
