using Narthex.Model;

namespace Narthex.Notifications;

/// <summary>Adds external labels to alerts and relabels them. Pure: alerts are shared between sets and never changed.</summary>
internal static class AlertRelabelling
{
    /// <summary>The alerts that the rules keep, in their order.</summary>
    /// <param name="rules">Applied last.</param>
    /// <param name="externalLabels">Added where an alert has no label of that name.</param>
    /// <param name="alerts">What came in.</param>
    public static IReadOnlyList<AlertNotification> Apply(
        IReadOnlyList<RelabelConfig> rules, Labels externalLabels, IReadOnlyList<AlertNotification> alerts)
    {
        if (rules.Count == 0 && externalLabels.IsEmpty)
        {
            return alerts;
        }

        var kept = new List<AlertNotification>(alerts.Count);
        var builder = new LabelsBuilder();
        foreach (AlertNotification alert in alerts)
        {
            builder.Reset(alert.Labels);
            foreach (LabelPair external in externalLabels)
            {
                if (!alert.Labels.Contains(external.Name))
                {
                    builder.Set(external.Name, external.Value);
                }
            }

            if (Relabeler.Apply(rules, builder))
            {
                Labels labels = builder.ToLabels();
                kept.Add(labels == alert.Labels ? alert : alert with { Labels = labels });
            }
        }

        return kept;
    }
}
