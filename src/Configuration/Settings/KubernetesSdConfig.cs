using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of <c>kubernetes_sd_configs</c>.</summary>
public sealed record KubernetesSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "kubernetes";

    /// <summary><c>role</c></summary>
    public required string Role { get; init; }

    /// <summary><c>api_server</c>; empty: the kubeconfig file, or the cluster that the server runs in.</summary>
    public string ApiServer { get; init; } = "";

    /// <summary><c>kubeconfig_file</c></summary>
    public string KubeConfigFile { get; init; } = "";

    /// <summary><c>namespaces.names</c>; empty: all.</summary>
    public EquatableList<string> Namespaces { get; init; } = [];

    /// <summary><c>namespaces.own_namespace</c></summary>
    public bool OwnNamespace { get; init; }

    /// <summary><c>selectors</c></summary>
    public EquatableList<KubernetesSelector> Selectors { get; init; } = [];

    /// <summary><c>attach_metadata</c></summary>
    public KubernetesMetadata AttachMetadata { get; init; } = new();

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;

    /// <summary>The settings as written, in their order.</summary>
    public required ConfigTree Settings { get; init; }
}

/// <summary>One of <c>selectors</c>: which objects of a kind are asked for.</summary>
/// <param name="Role"><c>role</c>: the kind.</param>
/// <param name="Label"><c>label</c></param>
/// <param name="Field"><c>field</c></param>
public sealed record KubernetesSelector(string Role, string Label, string Field);

/// <summary><c>attach_metadata</c>: of which other objects targets get labels.</summary>
public sealed record KubernetesMetadata
{
    /// <summary><c>node</c></summary>
    public bool Node { get; init; }

    /// <summary><c>namespace</c></summary>
    public bool Namespace { get; init; }

    /// <summary><c>deployment</c></summary>
    public bool Deployment { get; init; }

    /// <summary><c>job</c></summary>
    public bool Job { get; init; }

    /// <summary><c>cronjob</c></summary>
    public bool CronJob { get; init; }
}
