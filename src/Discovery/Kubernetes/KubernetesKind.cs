namespace Narthex.Discovery.Kubernetes;

/// <summary>A kind of objects, and where the API has them.</summary>
/// <param name="Role">Its name among roles and in metrics; the kinds that only add labels have none.</param>
/// <param name="Api">The path of its API group.</param>
/// <param name="Plural">Its name in paths.</param>
/// <param name="IsNamespaced">Whether its objects live in namespaces.</param>
internal sealed record KubernetesKind(string Role, string Api, string Plural, bool IsNamespaced = true)
{
    public static KubernetesKind Node { get; } = new("node", "/api/v1", "nodes", IsNamespaced: false);

    public static KubernetesKind Pod { get; } = new("pod", "/api/v1", "pods");

    public static KubernetesKind Service { get; } = new("service", "/api/v1", "services");

    public static KubernetesKind Endpoints { get; } = new("endpoints", "/api/v1", "endpoints");

    public static KubernetesKind EndpointSlice { get; } = new("endpointslice", "/apis/discovery.k8s.io/v1", "endpointslices");

    public static KubernetesKind Ingress { get; } = new("ingress", "/apis/networking.k8s.io/v1", "ingresses");

    public static KubernetesKind Namespace { get; } = new("", "/api/v1", "namespaces", IsNamespaced: false);

    public static KubernetesKind ReplicaSet { get; } = new("", "/apis/apps/v1", "replicasets");

    public static KubernetesKind Job { get; } = new("", "/apis/batch/v1", "jobs");

    /// <summary>Those that are roles.</summary>
    public static IReadOnlyList<KubernetesKind> Roles { get; } = [EndpointSlice, Endpoints, Node, Pod, Service, Ingress];

    /// <summary>The path of all objects of a namespace; of all namespaces if it is empty.</summary>
    public string PathIn(string inNamespace) => inNamespace.Length == 0 ? $"{Api}/{Plural}" : $"{Api}/namespaces/{Uri.EscapeDataString(inNamespace)}/{Plural}";
}
