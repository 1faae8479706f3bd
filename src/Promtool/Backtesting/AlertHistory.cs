using Narthex.Model;
using Narthex.Rules;

namespace Narthex.Promtool.Backtesting;

/// <summary>One life of an alert.</summary>
internal sealed record AlertEpisode(string Alert, Labels Labels)
{
    /// <summary>When its expression held first.</summary>
    public long PendingMs { get; init; }

    /// <summary>When it fired; null if it never did.</summary>
    public long? FiringMs { get; init; }

    /// <summary>When it ended; null if it had not at the end of the range.</summary>
    public long? ResolvedMs { get; init; }
}

/// <summary>Notes what alerts do from evaluation to evaluation.</summary>
internal sealed class AlertHistory
{
    private readonly List<AlertEpisode> _ended = [];
    private readonly Dictionary<AlertingRule, Dictionary<Labels, AlertEpisode>> _open = [];

    /// <summary>All episodes, ascending by their beginning.</summary>
    public IEnumerable<AlertEpisode> Episodes => _ended
        .Concat(_open.Values.SelectMany(alerts => alerts.Values))
        .OrderBy(episode => episode.PendingMs)
        .ThenBy(episode => episode.Alert, StringComparer.Ordinal)
        .ThenBy(episode => episode.Labels);

    /// <summary>Looks at a rule that has just been evaluated.</summary>
    public void Observe(AlertingRule rule, long nowMs)
    {
        if (!_open.TryGetValue(rule, out Dictionary<Labels, AlertEpisode>? open))
        {
            _open.Add(rule, open = []);
        }

        var active = new HashSet<Labels>();
        foreach (Alert alert in rule.GetActiveAlerts())
        {
            active.Add(alert.Labels);
            if (!open.TryGetValue(alert.Labels, out AlertEpisode? episode))
            {
                episode = new AlertEpisode(rule.Name, alert.Labels) { PendingMs = nowMs };
            }

            open[alert.Labels] = alert.State == AlertState.Firing && episode.FiringMs is null ? episode with { FiringMs = nowMs } : episode;
        }

        foreach ((Labels labels, AlertEpisode episode) in open.Where(entry => !active.Contains(entry.Key)).ToArray())
        {
            open.Remove(labels);
            _ended.Add(episode with { ResolvedMs = nowMs });
        }
    }
}
