using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>node</c>: one target, the kubelet.</summary>
internal static class NodeTargets
{
    // The first kind of address that a node has is the one that is asked.
    private static readonly string[] s_addressTypes = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

    public static TargetGroup Make(string source, JsonElement node)
    {
        JsonElement status = node.Child("status");
        var addresses = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement address in status.Items("addresses"))
        {
            addresses.TryAdd(address.Text("type"), address.Text("address"));
        }

        if (s_addressTypes.FirstOrDefault(addresses.ContainsKey) is not { } type)
        {
            return new TargetGroup { Source = source };
        }

        var labels = new LabelsBuilder();
        labels.Set(MetadataLabels.Meta + "node_provider_id", node.Child("spec").Text("providerID"));
        foreach (JsonElement condition in status.Items("conditions"))
        {
            labels.Set(
                MetadataLabels.Meta + "node_condition_" + MetaText.ToLabelName(condition.Text("type").ToLowerInvariant()),
                condition.Text("status").ToLowerInvariant());
        }

        MetadataLabels.AddObject(labels, node, "node");
        var target = new LabelsBuilder();
        target.Set("__address__", MetaText.HostPort(addresses[type], status.Child("daemonEndpoints").Child("kubeletEndpoint").Number("Port")));
        target.Set(LabelNames.Instance, node.Child("metadata").Text("name"));
        foreach ((string kind, string address) in addresses)
        {
            target.Set(MetaText.ToLabelName(MetadataLabels.Meta + "node_address_" + kind), address);
        }

        return new TargetGroup { Source = source, Labels = labels.ToLabels(), Targets = [target.ToLabels()] };
    }
}
