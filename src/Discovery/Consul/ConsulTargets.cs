using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Consul;

/// <summary>Makes targets of the instances of a service.</summary>
internal static class ConsulTargets
{
    private const string Meta = "__meta_consul_";

    public static TargetGroup Group(string service, string datacenter, JsonElement instances, string tagSeparator) => new()
    {
        Source = service,
        Labels = new LabelsBuilder().Set(Meta + "service", service).Set(Meta + "dc", datacenter).ToLabels(),
        Targets = [.. instances.AsItems().Select(instance => Target(instance, tagSeparator))],
    };

    private static Labels Target(JsonElement instance, string tagSeparator)
    {
        JsonElement node = instance.Child("Node");
        JsonElement service = instance.Child("Service");
        string nodeAddress = node.Text("Address");
        string serviceAddress = service.Text("Address");

        // A service may be registered through a node that it does not run on; its own address comes first.
        string address = MetaText.HostPort(serviceAddress.Length > 0 ? serviceAddress : nodeAddress, service.Number("Port"));

        // Separators also stand at both ends: an expression then needs no cases for the first and the last tag.
        string tags = tagSeparator + string.Join(tagSeparator, service.Items("Tags").Select(JsonFields.AsText)) + tagSeparator;
        LabelsBuilder labels = new LabelsBuilder()
            .Set("__address__", address)
            .Set(Meta + "address", nodeAddress)
            .Set(Meta + "node", node.Text("Node"))
            .Set(Meta + "namespace", service.Text("Namespace"))
            .Set(Meta + "partition", service.Text("Partition"))
            .Set(Meta + "tags", tags)
            .Set(Meta + "service_address", serviceAddress)
            .Set(Meta + "service_port", service.NumberText("Port"))
            .Set(Meta + "service_id", service.Text("ID"))
            .Set(Meta + "health", Health(instance.Items("Checks")));
        AddAll(labels, "metadata_", node.Fields("Meta"));
        AddAll(labels, "service_metadata_", service.Fields("Meta"));
        AddAll(labels, "tagged_address_", node.Fields("TaggedAddresses"));
        return labels.ToLabels();
    }

    private static void AddAll(LabelsBuilder labels, string prefix, IEnumerable<JsonProperty> fields)
    {
        foreach (JsonProperty field in fields)
        {
            labels.Set(Meta + prefix + MetaText.ToLabelName(field.Name), field.Value.AsText());
        }
    }

    // The worst state of any check, and maintenance above all; without checks all is well.
    private static string Health(IEnumerable<JsonElement> checks)
    {
        string health = "passing";
        foreach (JsonElement check in checks)
        {
            string id = check.Text("CheckID");
            if (id == "_node_maintenance" || id.StartsWith("_service_maintenance:", StringComparison.Ordinal))
            {
                return "maintenance";
            }

            health = (health, check.Text("Status")) switch
            {
                (_, "critical") or ("critical", _) => "critical",
                (_, "warning") or ("warning", _) => "warning",
                _ => "passing",
            };
        }

        return health;
    }
}
