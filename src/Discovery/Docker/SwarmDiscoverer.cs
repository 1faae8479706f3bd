using System.Net;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Docker;

/// <summary>Asks a manager of a Docker swarm for its services, tasks or nodes at every refresh interval.</summary>
internal sealed class SwarmDiscoverer : IDiscoverer, IDisposable
{
    private const string Prefix = "__meta_dockerswarm_";
    private const string NodeAddress = Prefix + "node_address";

    private readonly DockerSwarmSdConfig _config;
    private readonly DockerClient _client;
    private readonly RefreshLoop _loop;

    public SwarmDiscoverer(DockerSwarmSdConfig config, HttpClientFactory clients, RefreshLoop loop)
    {
        _config = config;
        _client = new DockerClient(config.Host, config.HttpClient, config.RefreshInterval, clients);
        _loop = loop;
    }

    public Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken) =>
        _loop.RunAsync(RefreshAsync, UrlPlace.WithoutCredentials(_config.Host), updates, onFailure: null, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<TargetGroup>> RefreshAsync(CancellationToken cancellationToken)
    {
        List<Labels> targets = _config.Role switch
        {
            "services" => await ReadServicesAsync(cancellationToken),
            "tasks" => await ReadTasksAsync(cancellationToken),
            _ => await ReadNodesAsync(cancellationToken),
        };
        return [new TargetGroup { Source = "DockerSwarm", Targets = targets }];
    }

    private async Task<List<Labels>> ReadNodesAsync(CancellationToken cancellationToken)
    {
        using JsonDocument nodes = await _client.ListAsync("nodes", _config.Filters, cancellationToken);
        var targets = new List<Labels>();
        foreach (JsonElement node in nodes.RootElement.AsItems())
        {
            MetaLabels labels = Node(node);
            labels[Prefix + "node_engine_version"] = node.Child("Description").Child("Engine").Text("EngineVersion");
            JsonElement manager = node.Child("ManagerStatus");
            if (manager.ValueKind == JsonValueKind.Object)
            {
                labels[Prefix + "node_manager_leader"] = manager.FlagText("Leader");
                labels[Prefix + "node_manager_reachability"] = manager.Text("Reachability");
                labels[Prefix + "node_manager_address"] = manager.Text("Addr");
            }

            labels["__address__"] = MetaText.HostPort(labels[NodeAddress], _config.Port);
            targets.Add(labels.ToLabels());
        }

        return targets;
    }

    private async Task<List<Labels>> ReadServicesAsync(CancellationToken cancellationToken)
    {
        using JsonDocument services = await _client.ListAsync("services", _config.Filters, cancellationToken);
        Dictionary<string, MetaLabels> networks = await DockerNetworks.ReadAsync(_client, Prefix, cancellationToken);
        var targets = new List<Labels>();
        foreach (JsonElement service in services.RootElement.AsItems())
        {
            MetaLabels common = Service(service);
            JsonElement container = service.Child("Spec").Child("TaskTemplate").Child("ContainerSpec");
            common[Prefix + "service_task_container_hostname"] = container.Text("Hostname");
            common[Prefix + "service_task_container_image"] = container.Text("Image");
            common[Prefix + "service_updating_status"] = service.Child("UpdateStatus").Text("State");
            foreach (JsonElement address in service.Child("Endpoint").Items("VirtualIPs"))
            {
                string ip = HostOf(address.Text("Addr"));
                MetaLabels inNetwork = new MetaLabels(common).Add(networks.GetValueOrDefault(address.Text("NetworkID")));
                bool hasPort = false;
                foreach (JsonElement port in TcpPorts(service.Child("Endpoint").Items("Ports")))
                {
                    targets.Add(new MetaLabels(inNetwork)
                    {
                        ["__address__"] = MetaText.HostPort(ip, port.Number("PublishedPort")),
                        [Prefix + "service_endpoint_port_name"] = port.Text("Name"),
                        [Prefix + "service_endpoint_port_publish_mode"] = port.Text("PublishMode"),
                    }.ToLabels());
                    hasPort = true;
                }

                if (!hasPort)
                {
                    inNetwork["__address__"] = MetaText.HostPort(ip, _config.Port);
                    targets.Add(inNetwork.ToLabels());
                }
            }
        }

        return targets;
    }

    private async Task<List<Labels>> ReadTasksAsync(CancellationToken cancellationToken)
    {
        using JsonDocument tasks = await _client.ListAsync("tasks", _config.Filters, cancellationToken);
        using JsonDocument services = await _client.ListAsync("services", [], cancellationToken);
        using JsonDocument nodes = await _client.ListAsync("nodes", [], cancellationToken);
        Dictionary<string, MetaLabels> networks = await DockerNetworks.ReadAsync(_client, Prefix, cancellationToken);
        Dictionary<string, JsonElement> serviceById = ById(services);
        Dictionary<string, JsonElement> nodeById = ById(nodes);
        var targets = new List<Labels>();
        foreach (JsonElement task in tasks.RootElement.AsItems())
        {
            MetaLabels common = Task(task);
            JsonElement service = serviceById.GetValueOrDefault(task.Text("ServiceID"));
            common.Add(service.ValueKind == JsonValueKind.Object ? Service(service) : null);
            common.Add(nodeById.TryGetValue(task.Text("NodeID"), out JsonElement node) ? Node(node) : null);

            // Ports that the task has on its node, and those that its service has in each network.
            foreach (JsonElement port in TcpPorts(task.Child("Status").Child("PortStatus").Items("Ports")))
            {
                targets.Add(WithPort(common, common[NodeAddress], port).ToLabels());
            }

            foreach (JsonElement attachment in task.Items("NetworksAttachments"))
            {
                MetaLabels inNetwork = new MetaLabels(common).Add(networks.GetValueOrDefault(attachment.Child("Network").Text("ID")));
                foreach (JsonElement address in attachment.Items("Addresses"))
                {
                    AddAddress(inNetwork, HostOf(address.AsText()), service, targets);
                }
            }
        }

        return targets;
    }

    private void AddAddress(MetaLabels inNetwork, string ip, JsonElement service, List<Labels> targets)
    {
        bool hasPort = false;
        foreach (JsonElement port in TcpPorts(service.Child("Endpoint").Items("Ports")))
        {
            targets.Add(WithPort(inNetwork, ip, port).ToLabels());
            hasPort = true;
        }

        if (!hasPort)
        {
            targets.Add(new MetaLabels(inNetwork) { ["__address__"] = MetaText.HostPort(ip, _config.Port) }.ToLabels());
        }
    }

    private static MetaLabels WithPort(MetaLabels labels, string ip, JsonElement port) => new(labels)
    {
        ["__address__"] = MetaText.HostPort(ip, port.Number("PublishedPort")),
        [Prefix + "task_port_publish_mode"] = port.Text("PublishMode"),
    };

    private static MetaLabels Task(JsonElement task)
    {
        JsonElement status = task.Child("Status");
        return DockerNetworks.AddLabels(
            new MetaLabels
            {
                [Prefix + "task_id"] = task.Text("ID"),
                [Prefix + "task_desired_state"] = task.Text("DesiredState"),
                [Prefix + "task_state"] = status.Text("State"),
                [Prefix + "task_slot"] = task.NumberText("Slot"),
                [Prefix + "task_container_id"] = status.Child("ContainerStatus").Text("ContainerID"),
            },
            Prefix + "container_label_",
            task.Child("Spec").Child("ContainerSpec"));
    }

    private static MetaLabels Service(JsonElement service)
    {
        JsonElement spec = service.Child("Spec");
        return DockerNetworks.AddLabels(
            new MetaLabels
            {
                [Prefix + "service_id"] = service.Text("ID"),
                [Prefix + "service_name"] = spec.Text("Name"),
                [Prefix + "service_mode"] = Has(spec.Child("Mode"), "Global") ? "global" : Has(spec.Child("Mode"), "Replicated") ? "replicated" : "",
            },
            Prefix + "service_label_",
            spec);
    }

    private static MetaLabels Node(JsonElement node)
    {
        JsonElement spec = node.Child("Spec");
        JsonElement description = node.Child("Description");
        return DockerNetworks.AddLabels(
            new MetaLabels
            {
                [Prefix + "node_id"] = node.Text("ID"),
                [Prefix + "node_role"] = spec.Text("Role"),
                [Prefix + "node_availability"] = spec.Text("Availability"),
                [Prefix + "node_hostname"] = description.Text("Hostname"),
                [Prefix + "node_platform_architecture"] = description.Child("Platform").Text("Architecture"),
                [Prefix + "node_platform_os"] = description.Child("Platform").Text("OS"),
                [Prefix + "node_status"] = node.Child("Status").Text("State"),
                [NodeAddress] = node.Child("Status").Text("Addr"),
            },
            Prefix + "node_label_",
            spec);
    }

    private static bool Has(JsonElement element, string name) => element.Child(name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    private static IEnumerable<JsonElement> TcpPorts(IEnumerable<JsonElement> ports) => ports.Where(port => port.Text("Protocol") == "tcp");

    private static Dictionary<string, JsonElement> ById(JsonDocument list)
    {
        var byId = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonElement item in list.RootElement.AsItems())
        {
            byId[item.Text("ID")] = item;
        }

        return byId;
    }

    // Addresses come with the length of their network behind a slash. One that is none fails the refresh, which keeps the former targets.
    private static string HostOf(string address)
    {
        int slash = address.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && IPAddress.TryParse(address.AsSpan(0, slash), out IPAddress? ip)
            ? ip.ToString()
            : throw new HttpRequestException($"error while parsing address {address}: invalid CIDR address: {address}");
    }
}
