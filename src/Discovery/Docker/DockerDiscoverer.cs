using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Docker;

/// <summary>Asks a Docker daemon for its containers at every refresh interval: a target for each network and published TCP port.</summary>
internal sealed class DockerDiscoverer : IDiscoverer, IDisposable
{
    private const string Prefix = "__meta_docker_";
    private const string ContainerMode = "container:";

    private readonly DockerSdConfig _config;
    private readonly DockerClient _client;
    private readonly RefreshLoop _loop;

    public DockerDiscoverer(DockerSdConfig config, HttpClientFactory clients, RefreshLoop loop)
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
        using JsonDocument containers = await _client.ListAsync("containers/json", _config.Filters, cancellationToken);
        Dictionary<string, MetaLabels> networks = await DockerNetworks.ReadAsync(_client, Prefix, cancellationToken);
        JsonElement root = containers.RootElement;
        var targets = new List<Labels>();
        foreach (JsonElement container in root.AsItems().Where(container => container.Items("Names").Any()))
        {
            AddTargets(container, root, networks, targets);
        }

        return [new TargetGroup { Source = "Docker", Targets = targets }];
    }

    private void AddTargets(JsonElement container, JsonElement all, Dictionary<string, MetaLabels> networkLabels, List<Labels> targets)
    {
        string mode = container.Child("HostConfig").Text("NetworkMode");
        MetaLabels common = DockerNetworks.AddLabels(
            new MetaLabels
            {
                [Prefix + "container_id"] = container.Text("Id"),
                [Prefix + "container_name"] = container.Items("Names").First().AsText(),
                [Prefix + "container_network_mode"] = mode,
                [Prefix + "container_image"] = container.Text("Image"),
                [Prefix + "container_image_id"] = container.Text("ImageID"),
            },
            Prefix + "container_label_",
            container);

        foreach (JsonElement network in ChooseNetworks(container, all))
        {
            string ip = network.Text("IPAddress") is { Length: > 0 } v4 ? v4 : network.Text("GlobalIPv6Address");
            MetaLabels inNetwork = new MetaLabels(common) { [Prefix + "network_ip"] = ip }.Add(networkLabels.GetValueOrDefault(network.Text("NetworkID")));
            bool hasPort = false;
            foreach (JsonElement port in container.Items("Ports").Where(port => port.Text("Type") == "tcp"))
            {
                targets.Add(WithPort(inNetwork, ip, port).ToLabels());
                hasPort = true;
            }

            if (!hasPort)
            {
                inNetwork["__address__"] = mode == "host" ? _config.HostNetworkingHost : MetaText.HostPort(ip, _config.Port);
                targets.Add(inNetwork.ToLabels());
            }
        }
    }

    private static MetaLabels WithPort(MetaLabels inNetwork, string ip, JsonElement port)
    {
        var labels = new MetaLabels(inNetwork)
        {
            ["__address__"] = MetaText.HostPort(ip, port.Number("PrivatePort")),
            [Prefix + "port_private"] = port.NumberText("PrivatePort"),
        };
        if (port.Number("PublicPort") > 0)
        {
            labels[Prefix + "port_public"] = port.NumberText("PublicPort");
            labels[Prefix + "port_public_ip"] = port.Text("IP");
        }

        return labels;
    }

    private IEnumerable<JsonElement> ChooseNetworks(JsonElement container, JsonElement all)
    {
        JsonProperty[] networks = NetworksOf(container);
        string mode = container.Child("HostConfig").Text("NetworkMode");

        // A container may share the network of another one, which may share it in turn; a circle must end.
        for (int steps = 0; networks.Length == 0 && steps < 16 && mode.StartsWith(ContainerMode, StringComparison.Ordinal); steps++)
        {
            string other = mode[ContainerMode.Length..];
            JsonElement owner = all.AsItems().FirstOrDefault(candidate => candidate.Text("Id") == other);
            networks = NetworksOf(owner);
            mode = owner.Child("HostConfig").Text("NetworkMode");
        }

        IEnumerable<JsonProperty> usable = networks.Where(network => network.Value.ValueKind == JsonValueKind.Object);
        return (_config.MatchFirstNetwork ? usable.OrderBy(network => network.Name, StringComparer.Ordinal).Take(1) : usable).Select(network => network.Value);
    }

    private static JsonProperty[] NetworksOf(JsonElement container) => [.. container.Child("NetworkSettings").Fields("Networks")];
}
