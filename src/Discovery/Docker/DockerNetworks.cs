using System.Text.Json;
using Narthex.Discovery.Refreshing;

namespace Narthex.Discovery.Docker;

/// <summary>What is shared by the containers of a daemon and the services of a swarm: labels and networks.</summary>
internal static class DockerNetworks
{
    /// <summary>The labels of each network, by its id.</summary>
    public static async Task<Dictionary<string, MetaLabels>> ReadAsync(DockerClient client, string prefix, CancellationToken cancellationToken)
    {
        using JsonDocument networks = await client.ListAsync("networks", [], cancellationToken);
        var labels = new Dictionary<string, MetaLabels>(StringComparer.Ordinal);
        foreach (JsonElement network in networks.RootElement.AsItems())
        {
            labels[network.Text("Id")] = AddLabels(
                new MetaLabels
                {
                    [prefix + "network_id"] = network.Text("Id"),
                    [prefix + "network_name"] = network.Text("Name"),
                    [prefix + "network_scope"] = network.Text("Scope"),
                    [prefix + "network_internal"] = network.FlagText("Internal"),
                    [prefix + "network_ingress"] = network.FlagText("Ingress"),
                },
                prefix + "network_label_",
                network);
        }

        return labels;
    }

    /// <summary>Adds the field <c>Labels</c> of an object.</summary>
    public static MetaLabels AddLabels(MetaLabels labels, string prefix, JsonElement owner)
    {
        foreach (JsonProperty label in owner.Fields("Labels"))
        {
            labels[prefix + MetaText.ToLabelName(label.Name)] = label.Value.AsText();
        }

        return labels;
    }
}
