using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>endpoints</c>: one target for each address and port behind a service, and the other ports of its pods.</summary>
internal static class EndpointsTargets
{
    public static TargetGroup Make(string source, JsonElement endpoints, MetadataLabels metadata)
    {
        string inNamespace = endpoints.Child("metadata").Text("namespace");
        var labels = new LabelsBuilder();
        labels.Set(MetadataLabels.Meta + "namespace", inNamespace);

        // A service and its endpoints have the same name.
        if (metadata.Find(KubernetesKind.Service, inNamespace, endpoints.Child("metadata").Text("name")) is { ValueKind: JsonValueKind.Object } service)
        {
            ServiceTargets.AddLabels(labels, service);
        }

        MetadataLabels.AddObject(labels, endpoints, "endpoints");
        metadata.AddNamespace(labels, inNamespace);
        var targets = new BackedTargets(metadata);
        foreach (JsonElement subset in endpoints.Items("subsets"))
        {
            foreach (JsonElement port in subset.Items("ports"))
            {
                Add(targets, subset.Items("addresses"), port, "true", metadata);
                Add(targets, subset.Items("notReadyAddresses"), port, "false", metadata);
            }
        }

        return new TargetGroup { Source = source, Labels = labels.ToLabels(), Targets = targets.Complete() };
    }

    private static void Add(BackedTargets targets, IEnumerable<JsonElement> addresses, JsonElement port, string ready, MetadataLabels metadata)
    {
        foreach (JsonElement address in addresses)
        {
            JsonElement reference = address.Child("targetRef");
            string node = address.Text("nodeName");
            var labels = new LabelsBuilder();
            labels.Set("__address__", MetaText.HostPort(address.Text("ip"), port.Number("port")))
                .Set(MetadataLabels.Meta + "endpoint_port_name", port.Text("name"))
                .Set(MetadataLabels.Meta + "endpoint_port_protocol", port.Text("protocol"))
                .Set(MetadataLabels.Meta + "endpoint_ready", ready)
                .Set(MetadataLabels.Meta + "endpoint_address_target_kind", reference.Text("kind"))
                .Set(MetadataLabels.Meta + "endpoint_address_target_name", reference.Text("name"))
                .Set(MetadataLabels.Meta + "endpoint_node_name", node)
                .Set(MetadataLabels.Meta + "endpoint_hostname", address.Text("hostname"));
            metadata.AddNode(labels, node.Length > 0 ? node : reference.Text("kind") == "Node" ? reference.Text("name") : "");
            targets.Add(labels, reference, port.Number("port"), port.Text("protocol"));
        }
    }
}
