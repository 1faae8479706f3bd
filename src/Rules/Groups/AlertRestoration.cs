using Narthex.Model;
using Narthex.Rules.Alerting;
using Narthex.Storage;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Rules.Groups;

/// <summary>Finds out since when alerts were active before the server was restarted.</summary>
internal static class AlertRestoration
{
    /// <summary>Restores the alerts of a rule, which have been found by at least one evaluation since the start.</summary>
    public static void Restore(AlertingRule rule, RuleContext context, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // A rule that fires sooner than that need not wait for the grace period.
        if (context.Storage is null || rule.For < context.ForGracePeriod)
        {
            rule.IsRestored = true;
            return;
        }

        Dictionary<Labels, (long TimestampMs, double Value)> last = ReadLast(rule, context, now, cancellationToken);
        if (last.Count > 0)
        {
            rule.ChangeAlerts(alert => last.TryGetValue(rule.LabelsForState(alert.Labels), out (long TimestampMs, double Value) sample)
                ? alert with { ActiveAt = Restore(sample, rule.For, context.ForGracePeriod, now) }
                : alert);
        }

        rule.IsRestored = true;
    }

    private static DateTimeOffset Restore((long TimestampMs, double Value) sample, TimeSpan hold, TimeSpan grace, DateTimeOffset now)
    {
        DateTimeOffset downAt = DateTimeOffset.FromUnixTimeMilliseconds(sample.TimestampMs);
        DateTimeOffset activeAt = DateTimeOffset.FromUnixTimeSeconds((long)sample.Value);
        return AlertLifecycle.Restore(activeAt, downAt, now, hold, grace);
    }

    private static Dictionary<Labels, (long TimestampMs, double Value)> ReadLast(
        AlertingRule rule, RuleContext context, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var range = new TimeRange((now - context.OutageTolerance).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        LabelMatcher[] matchers =
        [
            new(MatchType.Equal, LabelNames.MetricName, "ALERTS_FOR_STATE"),
            new(MatchType.Equal, "alertname", rule.Name),
        ];
        var last = new Dictionary<Labels, (long TimestampMs, double Value)>();
        using IQuerier querier = context.Storage!.OpenQuerier(range);
        using ISeriesSelection selection = querier.Select(new SelectHints { Range = range, Function = "" }, matchers, cancellationToken);
        using var samples = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            samples.Clear();
            selection.ReadLatest(i, range.MaxMs, samples);

            // A marker at the end: the alert was over before the server went down. What comes now is a new one, which waits its full time.
            int row = samples.Count - 1;
            if (row >= 0 && !StaleNaN.IsStale(samples.Values[row]))
            {
                last[selection.GetLabels(i)] = (samples.Timestamps[row], samples.Values[row]);
            }
        }

        return last;
    }
}
