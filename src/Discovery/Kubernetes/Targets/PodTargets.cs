using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>The role <c>pod</c>: one target for each port of each container, and one for a container without ports.</summary>
internal static class PodTargets
{
    public static TargetGroup Make(string source, JsonElement pod, MetadataLabels metadata)
    {
        string ip = pod.Child("status").Text("podIP");
        string node = pod.Child("spec").Text("nodeName");

        // Without an address while it starts and after it was evicted. On a node that is not there: selectors of nodes left it out.
        if (ip.Length == 0 || (metadata.AttachesNodes && metadata.Find(KubernetesKind.Node, "", node).ValueKind != JsonValueKind.Object))
        {
            return new TargetGroup { Source = source };
        }

        var labels = new LabelsBuilder();
        metadata.AddPod(labels, pod);
        string inNamespace = pod.Child("metadata").Text("namespace");
        labels.Set(MetadataLabels.Meta + "namespace", inNamespace);
        metadata.AddNode(labels, node);
        metadata.AddNamespace(labels, inNamespace);
        return new TargetGroup
        {
            Source = source,
            Labels = labels.ToLabels(),
            Targets = [.. PodContainers.Of(pod).SelectMany(entry => Targets(pod, ip, entry.Container, entry.IsInit))],
        };
    }

    private static IEnumerable<Labels> Targets(JsonElement pod, string ip, JsonElement container, bool isInit)
    {
        string id = pod.Child("status").Items(isInit ? "initContainerStatuses" : "containerStatuses")
            .FirstOrDefault(status => status.Text("name") == container.Text("name")).Text("containerID");
        bool hasPorts = false;
        foreach (JsonElement port in container.Items("ports"))
        {
            hasPorts = true;
            var labels = new LabelsBuilder();
            labels.Set("__address__", MetaText.HostPort(ip, port.Number("containerPort"))).Set(MetadataLabels.Meta + "pod_container_id", id);
            new ContainerPort(container, isInit, port).AddTo(labels, port.Text("protocol"));
            yield return labels.ToLabels();
        }

        if (!hasPorts)
        {
            // The user has to add a port.
            yield return Labels.FromStrings(
                "__address__", ip,
                MetadataLabels.Meta + "pod_container_id", id,
                MetadataLabels.Meta + "pod_container_name", container.Text("name"),
                MetadataLabels.Meta + "pod_container_image", container.Text("image"),
                MetadataLabels.Meta + "pod_container_init", isInit ? "true" : "false");
        }
    }
}
