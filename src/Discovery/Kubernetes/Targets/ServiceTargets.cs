using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>service</c>: one target for each port, under the name that the cluster's DNS has for the service.</summary>
internal static class ServiceTargets
{
    public static TargetGroup Make(string source, JsonElement service, MetadataLabels metadata)
    {
        var labels = new LabelsBuilder();
        AddLabels(labels, service);
        string inNamespace = service.Child("metadata").Text("namespace");
        metadata.AddNamespace(labels, inNamespace);
        string host = $"{service.Child("metadata").Text("name")}.{inNamespace}.svc";
        return new TargetGroup
        {
            Source = source,
            Labels = labels.ToLabels(),
            Targets = [.. service.Child("spec").Items("ports").Select(port => Target(service, host, port))],
        };
    }

    /// <summary>Namespace, name, labels and annotations, as targets behind a service have them too.</summary>
    public static void AddLabels(LabelsBuilder labels, JsonElement service)
    {
        labels.Set(MetadataLabels.Meta + "namespace", service.Child("metadata").Text("namespace"));
        MetadataLabels.AddObject(labels, service, "service");
    }

    private static Labels Target(JsonElement service, string host, JsonElement port)
    {
        JsonElement spec = service.Child("spec");
        string type = spec.Text("type");
        bool isExternal = type == "ExternalName";
        return Labels.FromStrings(
            "__address__", MetaText.HostPort(host, port.Number("port")),
            MetadataLabels.Meta + "service_port_name", port.Text("name"),
            MetadataLabels.Meta + "service_port_number", port.NumberText("port"),
            MetadataLabels.Meta + "service_port_protocol", port.Text("protocol"),
            MetadataLabels.Meta + "service_type", type,
            MetadataLabels.Meta + "service_external_name", isExternal ? spec.Text("externalName") : "",
            MetadataLabels.Meta + "service_cluster_ip", isExternal ? "" : spec.Text("clusterIP"),
            MetadataLabels.Meta + "service_loadbalancer_ip", type == "LoadBalancer" ? LoadBalancerAddress(service) : "");
    }

    private static string LoadBalancerAddress(JsonElement service)
    {
        string[] addresses = [.. service.Child("status").Child("loadBalancer").Items("ingress").Select(ingress => ingress.Text("ip")).Where(ip => ip.Length > 0)];
        return addresses.Length > 0 ? string.Join(',', addresses) : service.Child("spec").Text("loadBalancerIP");
    }
}
