using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>A test against programs of the distribution beside the real Prometheus: skipped, with the names of those that are not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ExporterFactAttribute : FactAttribute
{
    /// <param name="programs">The programs that it needs: paths below the folder where the packages are unpacked.</param>
    public ExporterFactAttribute(params string[] programs)
    {
        string[] missing = RepositoryPaths.Peers is { } peers ? [.. programs.Where(program => !File.Exists($"{peers}/../{program}"))] : ["bin/prometheus"];
        if (missing.Length > 0)
        {
            Skip = $"Not unpacked below PEERS_PREFIX (default /opt/peers), which .ci/run does: {string.Join(", ", missing)}.";
        }
    }
}
