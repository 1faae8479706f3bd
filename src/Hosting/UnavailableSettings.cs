using Narthex.Configuration;

namespace Narthex.Hosting;

/// <summary>Settings that are read and checked, and that no room carries out yet. Nobody is to believe that an alert is watched when none is.</summary>
internal static class UnavailableSettings
{
    /// <summary>The keys in use that have no effect, each with what is missing because of it. Empty if everything is carried out.</summary>
    public static IEnumerable<(string Key, string Effect)> Find(PrometheusConfig configuration)
    {
        if (configuration.RemoteWrite.Count > 0)
        {
            yield return ("remote_write", "samples are not sent to remote storage");
        }

        if (configuration.RemoteRead.Count > 0)
        {
            yield return ("remote_read", "remote storage is not asked by queries");
        }

        if (configuration.Tracing is not null)
        {
            yield return ("tracing", "no traces are sent");
        }
    }
}
