using System.Buffers;
using System.Text.Json;
using Narthex.Discovery.Refreshing;

namespace Narthex.Discovery.Kubernetes;

/// <summary>What is kept of an object: the fields that targets are made of.</summary>
/// <remarks>
/// A pod has some ten kilobytes, most of it about volumes, probes and who changed which field. Without them a large cluster fits into
/// little memory, and a heartbeat of a node is no change.
/// </remarks>
internal sealed class KubernetesObject
{
    // Fields by name, wherever they stand. An object's own kind is not among them: lists leave it out, so it would look like a change.
    private static readonly HashSet<string> s_kept = new(StringComparer.Ordinal)
    {
        "metadata", "name", "namespace", "uid", "labels", "annotations", "ownerReferences", "kind", "controller",
        "spec", "nodeName", "providerID", "containers", "initContainers", "image", "ports", "containerPort", "protocol", "port", "type", "clusterIP",
        "externalName", "loadBalancerIP", "ipFamilyPolicy", "ipFamilies", "ingressClassName", "rules", "host", "http", "paths", "path", "tls", "hosts",
        "status", "podIP", "hostIP", "phase", "conditions", "containerStatuses", "initContainerStatuses", "containerID", "loadBalancer", "ingress", "ip",
        "addresses", "address", "daemonEndpoints", "kubeletEndpoint", "Port",
        "subsets", "notReadyAddresses", "targetRef", "hostname", "addressType", "endpoints", "ready", "serving", "terminating", "zone", "appProtocol",
        "deprecatedTopology",
    };

    // Maps whose keys are the user's.
    private static readonly HashSet<string> s_maps = new(StringComparer.Ordinal) { "labels", "annotations", "deprecatedTopology" };

    private readonly byte[] _json;

    private KubernetesObject(string key, byte[] json)
    {
        Key = key;
        _json = json;
        Root = JsonDocument.Parse(json).RootElement;
    }

    /// <summary>Namespace and name with a slash between; the name alone where there are no namespaces.</summary>
    public string Key { get; }

    public JsonElement Root { get; }

    public static KubernetesObject From(JsonElement whole)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Copy(whole, writer, isRoot: true);
        }

        JsonElement metadata = whole.Child("metadata");
        return new KubernetesObject(KeyOf(metadata.Text("namespace"), metadata.Text("name")), buffer.WrittenSpan.ToArray());
    }

    public static string KeyOf(string inNamespace, string name) => inNamespace.Length == 0 ? name : inNamespace + "/" + name;

    /// <summary>Whether targets of both would be the same.</summary>
    public bool HasSameContent(KubernetesObject other) => _json.AsSpan().SequenceEqual(other._json);

    private static void Copy(JsonElement element, Utf8JsonWriter writer, bool isRoot = false)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty field in element.EnumerateObject())
                {
                    if (s_maps.Contains(field.Name))
                    {
                        field.WriteTo(writer);
                    }
                    else if (s_kept.Contains(field.Name) && !(isRoot && field.Name == "kind"))
                    {
                        writer.WritePropertyName(field.Name);
                        Copy(field.Value, writer);
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Copy(item, writer);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
