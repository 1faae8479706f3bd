using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>A program that prints credentials for a Kubernetes cluster: the <c>exec</c> block of a user in a kubeconfig file.</summary>
public sealed record KubeExecPlugin
{
    /// <summary>The version of the protocol that it is spoken to in.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>The program: a path, or a name to look for in <c>PATH</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Its arguments.</summary>
    public EquatableList<string> Arguments { get; init; } = EquatableList<string>.Empty;

    /// <summary>Variables of its environment, beside those of this process.</summary>
    public EquatableMap<string> Environment { get; init; } = EquatableMap<string>.Empty;

    /// <summary>What to tell who does not have it.</summary>
    public string InstallHint { get; init; } = "";

    /// <summary>Whether it has to be able to ask the user, which a server cannot offer.</summary>
    public bool NeedsTerminal { get; init; }

    /// <summary>What it is told about the cluster, as JSON; empty if nothing.</summary>
    public string ClusterJson { get; init; } = "";
}
