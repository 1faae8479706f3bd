using System.Runtime.InteropServices;

namespace Narthex.CommandLine;

/// <summary>What <c>--version</c> prints.</summary>
public static class VersionText
{
    /// <summary>The text, in upstream's form: scripts cut the version out of its first line.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="build">The build.</param>
    public static string Format(string program, BuildInformation build) => $"""
        {program}, version {build.Version} (branch: {build.Branch}, revision: {build.Revision})
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
