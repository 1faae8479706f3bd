using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What becomes of a discovered label set.</summary>
/// <param name="DiscoveredLabels">The labels before relabelling.</param>
/// <param name="Labels">All labels after it, the meta labels among them; empty if the target was dropped or is faulty.</param>
/// <param name="Error">What is wrong with the target; null if nothing is.</param>
public sealed record TargetCheckResult(Labels DiscoveredLabels, Labels Labels, string? Error);

/// <summary>Tells what would be scraped, without scraping: for tools that check configurations.</summary>
public static class TargetCheck
{
    /// <summary>Goes through all targets of a group.</summary>
    public static IReadOnlyList<TargetCheckResult> Check(ScrapeConfig config, TargetGroup group)
    {
        var results = new List<TargetCheckResult>();
        var builder = new LabelsBuilder();
        foreach (TargetFactory.Outcome outcome in TargetFactory.Create(config, group))
        {
            Labels labels = Labels.Empty;
            if (outcome.Error is null)
            {
                builder.Reset(outcome.DiscoveredLabels);
                if (Relabeler.Apply(config.RelabelConfigs, builder))
                {
                    if (builder.Get("instance"u8).IsEmpty)
                    {
                        builder.Set("instance"u8, builder.Get("__address__"u8));
                    }

                    labels = builder.ToLabels();
                }
            }

            results.Add(new TargetCheckResult(outcome.DiscoveredLabels, labels, outcome.Error));
        }

        return results;
    }
}
