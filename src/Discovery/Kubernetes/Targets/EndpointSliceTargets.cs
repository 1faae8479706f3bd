using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>endpointslice</c>: one target for each address and port of a part of a service, and the other ports of its pods.</summary>
internal static class EndpointSliceTargets
{
    private const string Prefix = MetadataLabels.Meta + "endpointslice_";

    public static TargetGroup Make(string source, JsonElement slice, MetadataLabels metadata)
    {
        string inNamespace = slice.Child("metadata").Text("namespace");
        var labels = new LabelsBuilder();
        labels.Set(MetadataLabels.Meta + "namespace", inNamespace).Set(Prefix + "address_type", slice.Text("addressType"));
        MetadataLabels.AddObject(labels, slice, "endpointslice");
        JsonElement service = FindService(slice, inNamespace, metadata);
        if (service.ValueKind == JsonValueKind.Object)
        {
            ServiceTargets.AddLabels(labels, service);
        }

        metadata.AddNamespace(labels, inNamespace);
        var targets = new BackedTargets(metadata);
        if (!IsSecondFamily(slice, service))
        {
            foreach (JsonElement endpoint in slice.Items("endpoints"))
            {
                foreach (JsonElement port in slice.Items("ports"))
                {
                    foreach (JsonElement address in endpoint.Items("addresses"))
                    {
                        Add(targets, address.AsText(), endpoint, port, metadata);
                    }
                }
            }
        }

        return new TargetGroup { Source = source, Labels = labels.ToLabels(), Targets = targets.Complete() };
    }

    private static JsonElement FindService(JsonElement slice, string inNamespace, MetadataLabels metadata) =>
        slice.Child("metadata").Child("labels").Text("kubernetes.io/service-name") is { Length: > 0 } name
            ? metadata.Find(KubernetesKind.Service, inNamespace, name)
            : default;

    // A service with addresses of both families has slices of both: the same pods would be scraped twice.
    private static bool IsSecondFamily(JsonElement slice, JsonElement service)
    {
        JsonElement spec = service.Child("spec");
        return spec.Text("ipFamilyPolicy") is "PreferDualStack" or "RequireDualStack"
            && spec.Items("ipFamilies").FirstOrDefault() is { ValueKind: JsonValueKind.String } first
            && first.AsText() != slice.Text("addressType");
    }

    private static void Add(BackedTargets targets, string address, JsonElement endpoint, JsonElement port, MetadataLabels metadata)
    {
        long? number = port.Child("port").ValueKind == JsonValueKind.Number ? port.Number("port") : null;
        JsonElement reference = endpoint.Child("targetRef");
        JsonElement conditions = endpoint.Child("conditions");
        var labels = new LabelsBuilder();
        labels.Set("__address__", number is { } known ? MetaText.HostPort(address, known) : address)
            .Set(Prefix + "port_name", port.Text("name"))
            .Set(Prefix + "port_protocol", port.Text("protocol"))
            .Set(Prefix + "port", number is null ? "" : port.NumberText("port"))
            .Set(Prefix + "port_app_protocol", port.Text("appProtocol"))
            .Set(Prefix + "endpoint_conditions_ready", Flag(conditions, "ready"))
            .Set(Prefix + "endpoint_conditions_serving", Flag(conditions, "serving"))
            .Set(Prefix + "endpoint_conditions_terminating", Flag(conditions, "terminating"))
            .Set(Prefix + "endpoint_hostname", endpoint.Text("hostname"))
            .Set(Prefix + "address_target_kind", reference.Text("kind"))
            .Set(Prefix + "address_target_name", reference.Text("name"))
            .Set(Prefix + "endpoint_node_name", endpoint.Text("nodeName"))
            .Set(Prefix + "endpoint_zone", endpoint.Text("zone"));
        foreach (JsonProperty topology in endpoint.Fields("deprecatedTopology"))
        {
            string name = MetaText.ToLabelName(topology.Name);
            labels.Set(Prefix + "endpoint_topology_" + name, topology.Value.AsText()).Set(Prefix + "endpoint_topology_present_" + name, "true");
        }

        metadata.AddNode(labels, reference.Text("kind") == "Node" ? reference.Text("name") : endpoint.Text("nodeName"));
        targets.Add(labels, reference, number, protocol: null);
    }

    private static string Flag(JsonElement conditions, string name) =>
        conditions.Child(name).ValueKind is JsonValueKind.True or JsonValueKind.False ? conditions.FlagText(name) : "";
}
