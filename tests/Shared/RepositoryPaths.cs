using System.Runtime.CompilerServices;

namespace Narthex.Tests;

/// <summary>Where the repository's files, the conformance data and the real peers are, if they are there.</summary>
internal static class RepositoryPaths
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Upstream's test data beside the repository; null on a bare clone.</summary>
    public static string? Conformance { get; } =
        Path.GetFullPath(Path.Combine(Root, "..", "shared", "conformance")) is var path && Directory.Exists(path) ? path : null;

    /// <summary>The folder of the real Prometheus and its companions; null where they are not installed.</summary>
    public static string? Peers { get; } =
        (Environment.GetEnvironmentVariable("PEERS_PREFIX") ?? "/opt/peers") + "/root/usr/bin" is var path && File.Exists(path + "/prometheus") ? path : null;

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}

/// <summary>A test over upstream's data: skipped, with the reason, where the data is not beside the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceFactAttribute : FactAttribute
{
    public ConformanceFactAttribute()
    {
        if (RepositoryPaths.Conformance is null)
        {
            Skip = "Upstream's conformance data is not beside the repository (../shared/conformance).";
        }
    }
}

/// <inheritdoc cref="ConformanceFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceTheoryAttribute : TheoryAttribute
{
    public ConformanceTheoryAttribute()
    {
        if (RepositoryPaths.Conformance is null)
        {
            Skip = "Upstream's conformance data is not beside the repository (../shared/conformance).";
        }
    }
}

/// <summary>A test against the real Prometheus or its companions: skipped, with the reason, where they are not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute()
    {
        if (RepositoryPaths.Peers is null)
        {
            Skip = "The real Prometheus is not installed under PEERS_PREFIX (default /opt/peers).";
        }
    }
}

/// <summary>A test against the real Prometheus on upstream's data: skipped, with the reason, where one of them is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerConformanceFactAttribute : FactAttribute
{
    public PeerConformanceFactAttribute() => Skip = new PeerFactAttribute().Skip ?? new ConformanceFactAttribute().Skip;
}

/// <inheritdoc cref="PeerFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute()
    {
        if (RepositoryPaths.Peers is null)
        {
            Skip = "The real Prometheus is not installed under PEERS_PREFIX (default /opt/peers).";
        }
    }
}
