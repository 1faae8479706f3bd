using System.Runtime.InteropServices;

namespace Narthex.Prometheus;

/// <summary>What <c>--version</c> prints.</summary>
internal static class VersionText
{
    /// <summary>The text, in upstream's form: scripts cut the version out of its first line.</summary>
    public static string Format(Hosting.BuildInformation build) => $"""
        prometheus, version {build.Version} (branch: {build.Branch}, revision: {build.Revision})
          build user:       {build.BuildUser}
          build date:       {build.BuildDate}
          dotnet version:   {Environment.Version}
          platform:         {Platform}
          narthex version:  {build.NarthexVersion}
        """;

    private static string Platform => $"linux/{RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    }}";
}
