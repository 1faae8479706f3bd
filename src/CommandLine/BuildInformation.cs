using System.Reflection;

namespace Narthex.CommandLine;

/// <summary>Which build this is, as <c>--version</c>, <c>status/buildinfo</c> and <c>prometheus_build_info</c> tell.</summary>
public sealed record BuildInformation
{
    /// <summary>The version of Prometheus whose behaviour this build has. Clients such as Grafana and the Operator switch on it.</summary>
    public const string CompatibleVersion = "3.14.0";

    /// <summary>This build.</summary>
    public static BuildInformation Current { get; } = FromAssembly();

    /// <summary>See <see cref="CompatibleVersion"/>.</summary>
    public string Version { get; init; } = CompatibleVersion;

    /// <summary>Narthex' own version.</summary>
    public string NarthexVersion { get; init; } = "";

    /// <summary>The commit, or <c>unknown</c>.</summary>
    public string Revision { get; init; } = "unknown";

    /// <summary>The branch, or <c>unknown</c>.</summary>
    public string Branch { get; init; } = "unknown";

    /// <summary>Who built it.</summary>
    public string BuildUser { get; init; } = "narthex";

    /// <summary>When it was built, or <c>unknown</c>: builds are reproducible.</summary>
    public string BuildDate { get; init; } = "unknown";

    private static BuildInformation FromAssembly()
    {
        // "0.1.0+commit": the part behind the sign is there when the build saw a repository.
        string text = typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        string[] parts = text.Split('+', 2);
        return new BuildInformation { NarthexVersion = parts[0], Revision = parts.Length > 1 ? parts[1] : "unknown" };
    }
}
