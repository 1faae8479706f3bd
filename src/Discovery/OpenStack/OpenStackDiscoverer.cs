using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.OpenStack;

/// <summary>Asks OpenStack for its hypervisors, instances or load balancers at every refresh interval.</summary>
internal sealed class OpenStackDiscoverer : IDiscoverer, IDisposable
{
    private const string Prefix = "__meta_openstack_";
    private const string Address = "__address__";

    private readonly OpenStackSdConfig _config;
    private readonly OpenStackClient _client;
    private readonly RefreshLoop _loop;

    public OpenStackDiscoverer(OpenStackSdConfig config, HttpClientFactory clients, RefreshLoop loop, Func<string, string?> environment)
    {
        _config = config;
        _client = new OpenStackClient(config, clients, environment);
        _loop = loop;
    }

    public Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken) =>
        _loop.RunAsync(RefreshAsync, UrlPlace.WithoutCredentials(_config.IdentityEndpoint), updates, onFailure: null, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<TargetGroup>> RefreshAsync(CancellationToken cancellationToken)
    {
        OpenStackSession session = await _client.LogInAsync(cancellationToken);
        var targets = new List<Labels>();
        await (_config.Role switch
        {
            "hypervisor" => ReadHypervisorsAsync(session, targets, cancellationToken),
            "instance" => ReadInstancesAsync(session, targets, cancellationToken),
            _ => ReadLoadBalancersAsync(session, targets, cancellationToken),
        });
        return [new TargetGroup { Source = "OS_" + _config.Region, Targets = targets }];
    }

    private Task ReadHypervisorsAsync(OpenStackSession session, List<Labels> targets, CancellationToken cancellationToken) =>
        session.ReadComputeAsync(
            "os-hypervisors/detail",
            "hypervisors",
            hypervisor => targets.Add(new MetaLabels
            {
                [Address] = MetaText.HostPort(hypervisor.Text("host_ip"), _config.Port),
                [Prefix + "hypervisor_id"] = hypervisor.Child("id").ValueKind == JsonValueKind.Number ? hypervisor.NumberText("id") : hypervisor.Text("id"),
                [Prefix + "hypervisor_hostname"] = hypervisor.Text("hypervisor_hostname"),
                [Prefix + "hypervisor_host_ip"] = hypervisor.Text("host_ip"),
                [Prefix + "hypervisor_status"] = hypervisor.Text("status"),
                [Prefix + "hypervisor_state"] = hypervisor.Text("state"),
                [Prefix + "hypervisor_type"] = hypervisor.Text("hypervisor_type"),
            }.ToLabels()),
            cancellationToken);

    private async Task ReadInstancesAsync(OpenStackSession session, List<Labels> targets, CancellationToken cancellationToken)
    {
        // A floating address belongs to a port, and the port to an instance.
        var deviceOfPort = new Dictionary<string, string>(StringComparer.Ordinal);
        await session.ReadNetworkAsync("ports", "ports", port => deviceOfPort[port.Text("id")] = port.Text("device_id"), cancellationToken);

        var floating = new Dictionary<(string Device, string Fixed), string>();
        await session.ReadNetworkAsync(
            "floatingips",
            "floatingips",
            ip =>
            {
                if (ip.Text("fixed_ip_address") is { Length: > 0 } address && deviceOfPort.TryGetValue(ip.Text("port_id"), out string? device))
                {
                    floating[(device, address)] = ip.Text("floating_ip_address");
                }
            },
            cancellationToken);
        HashSet<string> floatingAddresses = [.. floating.Values];

        await session.ReadComputeAsync(
            "servers/detail" + (_config.AllTenants ? "?all_tenants=true" : ""),
            "servers",
            server =>
            {
                if (Instance(server) is not { } labels)
                {
                    return;
                }

                foreach (JsonProperty pool in server.Fields("addresses"))
                {
                    foreach (string address in pool.Value.AsItems().Select(one => one.Text("addr")).Where(address => address.Length > 0 && !floatingAddresses.Contains(address)))
                    {
                        targets.Add(new MetaLabels(labels)
                        {
                            [Address] = MetaText.HostPort(address, _config.Port),
                            [Prefix + "address_pool"] = pool.Name,
                            [Prefix + "private_ip"] = address,
                            [Prefix + "public_ip"] = floating.GetValueOrDefault((server.Text("id"), address), ""),
                        }.ToLabels());
                    }
                }
            },
            cancellationToken);
    }

    // Null for one whose flavor is not told.
    private static MetaLabels? Instance(JsonElement server)
    {
        JsonElement flavor = server.Child("flavor");
        JsonElement name = flavor.Child("original_name").ValueKind == JsonValueKind.String ? flavor.Child("original_name") : flavor.Child("id");
        if (name.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var labels = new MetaLabels
        {
            [Prefix + "instance_id"] = server.Text("id"),
            [Prefix + "instance_status"] = server.Text("status"),
            [Prefix + "instance_name"] = server.Text("name"),
            [Prefix + "project_id"] = server.Text("tenant_id"),
            [Prefix + "user_id"] = server.Text("user_id"),
            [Prefix + "instance_flavor"] = name.AsText(),
            [Prefix + "instance_image"] = server.Child("image").Text("id"),
        };
        foreach (JsonProperty tag in server.Fields("metadata"))
        {
            labels[Prefix + "tag_" + MetaText.ToLabelName(tag.Name)] = tag.Value.AsText();
        }

        return labels;
    }

    private static async Task ReadLoadBalancersAsync(OpenStackSession session, List<Labels> targets, CancellationToken cancellationToken)
    {
        var balancers = new List<(string Id, string PortId, MetaLabels Labels)>();
        await session.ReadLoadBalancerAsync(
            "lbaas/loadbalancers",
            "loadbalancers",
            balancer => balancers.Add((balancer.Text("id"), balancer.Text("vip_port_id"), Balancer(balancer))),
            cancellationToken);

        // Only those count that have a listener for us.
        var listenerPorts = new Dictionary<string, long>(StringComparer.Ordinal);
        await session.ReadLoadBalancerAsync(
            "lbaas/listeners",
            "listeners",
            listener =>
            {
                foreach (JsonElement balancer in listener.Text("protocol") == "PROMETHEUS" ? listener.Items("loadbalancers") : [])
                {
                    listenerPorts.TryAdd(balancer.Text("id"), listener.Number("protocol_port"));
                }
            },
            cancellationToken);

        var floating = new Dictionary<string, string>(StringComparer.Ordinal);
        await session.ReadNetworkAsync("floatingips", "floatingips", ip => floating[ip.Text("port_id")] = ip.Text("floating_ip_address"), cancellationToken);
        foreach ((string id, string portId, MetaLabels labels) in balancers)
        {
            if (listenerPorts.TryGetValue(id, out long port))
            {
                labels[Address] = MetaText.HostPort(labels[Prefix + "loadbalancer_vip"], port);
                labels[Prefix + "loadbalancer_floating_ip"] = portId.Length > 0 ? floating.GetValueOrDefault(portId, "") : "";
                targets.Add(labels.ToLabels());
            }
        }
    }

    private static MetaLabels Balancer(JsonElement balancer) => new()
    {
        [Prefix + "loadbalancer_id"] = balancer.Text("id"),
        [Prefix + "loadbalancer_name"] = balancer.Text("name"),
        [Prefix + "loadbalancer_operating_status"] = balancer.Text("operating_status"),
        [Prefix + "loadbalancer_provisioning_status"] = balancer.Text("provisioning_status"),
        [Prefix + "loadbalancer_availability_zone"] = balancer.Text("availability_zone"),
        [Prefix + "loadbalancer_vip"] = balancer.Text("vip_address"),
        [Prefix + "loadbalancer_provider"] = balancer.Text("provider"),
        [Prefix + "loadbalancer_tags"] = string.Join(',', balancer.Items("tags").Select(JsonFields.AsText)),
        [Prefix + "project_id"] = balancer.Text("project_id"),
    };
}
