using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>A port that a container says it listens on.</summary>
internal readonly record struct ContainerPort(JsonElement Container, bool IsInit, JsonElement Port)
{
    public long Number => Port.Number("containerPort");

    /// <summary>Adds what is said about container and port.</summary>
    public void AddTo(LabelsBuilder labels, string protocol) => labels
        .Set(MetadataLabels.Meta + "pod_container_name", Container.Text("name"))
        .Set(MetadataLabels.Meta + "pod_container_image", Container.Text("image"))
        .Set(MetadataLabels.Meta + "pod_container_port_name", Port.Text("name"))
        .Set(MetadataLabels.Meta + "pod_container_port_number", Port.NumberText("containerPort"))
        .Set(MetadataLabels.Meta + "pod_container_port_protocol", protocol)
        .Set(MetadataLabels.Meta + "pod_container_init", IsInit ? "true" : "false");
}

/// <summary>The containers of a pod, those that prepare it last.</summary>
internal static class PodContainers
{
    public static IEnumerable<(JsonElement Container, bool IsInit)> Of(JsonElement pod) => pod.Child("spec").Items("containers").Select(container => (container, false))
        .Concat(pod.Child("spec").Items("initContainers").Select(container => (container, true)));

    public static IEnumerable<ContainerPort> PortsOf(JsonElement pod) =>
        Of(pod).SelectMany(entry => entry.Container.Items("ports").Select(port => new ContainerPort(entry.Container, entry.IsInit, port)));
}
