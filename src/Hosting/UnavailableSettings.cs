using Narthex.Configuration;

namespace Narthex.Hosting;

/// <summary>Settings that are read and checked, and that no room carries out yet. Nobody is to believe that an alert is watched when none is.</summary>
internal static class UnavailableSettings
{
    /// <summary>The keys in use that have no effect, each with what is missing because of it. Empty if everything is carried out.</summary>
    public static IEnumerable<(string Key, string Effect)> Find(PrometheusConfig configuration)
    {
        if (configuration.RuleFiles.Count > 0)
        {
            yield return ("rule_files", "recording and alerting rules are not evaluated");
        }

        if (configuration.RemoteWrite.Count > 0)
        {
            yield return ("remote_write", "samples are not sent to remote storage");
        }

        if (configuration.RemoteRead.Count > 0)
        {
            yield return ("remote_read", "remote storage is not asked by queries");
        }

        if (configuration.Storage.Tsdb?.StaleSeriesCompactionThreshold > 0)
        {
            yield return ("storage.tsdb.stale_series_compaction_threshold", "series that went stale stay in memory until their time range becomes a block");
        }

        if (configuration.Tracing is not null)
        {
            yield return ("tracing", "no traces are sent");
        }
    }
}
