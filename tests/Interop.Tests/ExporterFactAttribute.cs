using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>A test against exporters of the distribution: skipped, with the reason, where they or the real Prometheus are not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ExporterFactAttribute : FactAttribute
{
    public ExporterFactAttribute()
    {
        if (RepositoryPaths.Peers is not { } peers || !File.Exists(peers + "/prometheus-redis-exporter"))
        {
            Skip = "The distribution's exporters are not unpacked beside the real Prometheus under PEERS_PREFIX (default /opt/peers); .ci/run does that.";
        }
    }
}
