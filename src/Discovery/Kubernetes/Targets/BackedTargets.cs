using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes.Targets;

/// <summary>Targets behind a service: the addresses that it names, with what is known of their pods, and the other ports of these pods.</summary>
internal sealed class BackedTargets(MetadataLabels metadata)
{
    private readonly List<Labels> _targets = [];
    private readonly Dictionary<string, (JsonElement Pod, HashSet<long> Ports)> _pods = new(StringComparer.Ordinal);

    /// <summary>Adds an address. If it belongs to a pod that is there, the labels of pod and container come on top.</summary>
    /// <param name="labels">What the service's object says about the address.</param>
    /// <param name="reference">Whose address it is.</param>
    /// <param name="port">Its port, null if it has none.</param>
    /// <param name="protocol">The protocol that the container's port is said to have; null: its own.</param>
    public void Add(LabelsBuilder labels, JsonElement reference, long? port, string? protocol)
    {
        if (FindPod(reference) is { ValueKind: JsonValueKind.Object } pod)
        {
            metadata.AddPod(labels, pod);
            AddContainer(labels, pod, port, protocol);

            string key = KubernetesObject.KeyOf(reference.Text("namespace"), reference.Text("name"));
            if (!_pods.TryGetValue(key, out (JsonElement Pod, HashSet<long> Ports) known))
            {
                _pods[key] = known = (pod, []);
            }

            if (port is { } number)
            {
                known.Ports.Add(number);
            }
        }

        _targets.Add(labels.ToLabels());
    }

    /// <summary>All targets: the addresses in their order, then the ports of their pods that no address has.</summary>
    public IReadOnlyList<Labels> Complete()
    {
        foreach ((JsonElement pod, HashSet<long> ports) in _pods.Values)
        {
            string ip = pod.Child("status").Text("podIP");
            foreach (ContainerPort port in ip.Length > 0 ? PodContainers.PortsOf(pod).Where(port => !ports.Contains(port.Number)) : [])
            {
                var labels = new LabelsBuilder();
                labels.Set("__address__", MetaText.HostPort(ip, port.Number));
                port.AddTo(labels, port.Port.Text("protocol"));
                metadata.AddPod(labels, pod);
                _targets.Add(labels.ToLabels());
            }
        }

        return _targets;
    }

    // A container may have a number twice, for two protocols: then its first port counts. Of several containers the last one does.
    private static void AddContainer(LabelsBuilder labels, JsonElement pod, long? number, string? protocol)
    {
        foreach ((JsonElement container, bool isInit) in PodContainers.Of(pod))
        {
            JsonElement port = container.Items("ports").FirstOrDefault(port => port.Number("containerPort") == number);
            if (port.ValueKind == JsonValueKind.Object)
            {
                new ContainerPort(container, isInit, port).AddTo(labels, protocol ?? port.Text("protocol"));
            }
        }
    }

    private JsonElement FindPod(JsonElement reference) =>
        reference.Text("kind") == "Pod" ? metadata.Find(KubernetesKind.Pod, reference.Text("namespace"), reference.Text("name")) : default;
}
