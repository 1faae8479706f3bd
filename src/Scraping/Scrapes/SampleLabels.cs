using System.Text;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Makes stored label sets of exposed ones.</summary>
internal static class SampleLabels
{
    private static ReadOnlySpan<byte> ExportedPrefix => "exported_"u8;

    /// <summary>Adds the target's labels, relabels, checks. False if relabelling drops the series.</summary>
    /// <exception cref="ScrapeException">The labels are not acceptable: the scrape fails.</exception>
    public static bool TryMake(ScrapeConfig config, Labels targetLabels, LabelsBuilder builder, out Labels labels)
    {
        ReadOnlySpan<byte> duplicate = builder.FindDuplicateName();
        if (!duplicate.IsEmpty)
        {
            throw new ScrapeException($"label name {GoQuote.Quote(Encoding.UTF8.GetString(duplicate))} is not unique: invalid sample");
        }

        AddTargetLabels(targetLabels, builder, config.HonorLabels);
        labels = default;
        if (config.MetricRelabelConfigs.Count > 0 && !Relabeler.Apply(config.MetricRelabelConfigs, builder))
        {
            return false;
        }

        labels = builder.ToLabels();
        if (labels.IsEmpty)
        {
            return false;
        }

        CheckNames(config, labels);
        CheckLimits(config.Limits, labels);
        return true;
    }

    /// <summary>The labels of a series about the scrape itself.</summary>
    public static Labels OfReport(Labels targetLabels, ReadOnlySpan<byte> metricName)
    {
        var builder = new LabelsBuilder();
        builder.Add(LabelNames.MetricNameUtf8, metricName);
        AddTargetLabels(targetLabels, builder, honorLabels: false);
        return builder.ToLabels();
    }

    private static void AddTargetLabels(Labels targetLabels, LabelsBuilder builder, bool honorLabels)
    {
        List<(byte[] Name, byte[] Value)>? conflicts = null;
        foreach (LabelPair pair in targetLabels)
        {
            if (honorLabels)
            {
                // An exposed label without a value counts: it takes the target's label away.
                if (!Has(builder, pair.Name))
                {
                    builder.Add(pair.Name, pair.Value);
                }

                continue;
            }

            ReadOnlySpan<byte> exposed = builder.Get(pair.Name);
            if (!exposed.IsEmpty)
            {
                (conflicts ??= []).Add((pair.Name.ToArray(), exposed.ToArray()));
            }

            builder.Set(pair.Name, pair.Value);
        }

        if (conflicts is null)
        {
            return;
        }

        // Shorter names first, so that a label which is called "exported_..." already gets its further prefix last.
        foreach ((byte[] name, byte[] value) in conflicts.OrderBy(conflict => conflict.Name.Length))
        {
            byte[] exported = [.. ExportedPrefix, .. name];
            while (!builder.Get(exported).IsEmpty)
            {
                exported = [.. ExportedPrefix, .. exported];
            }

            builder.Set(exported, value);
        }
    }

    private static bool Has(LabelsBuilder builder, ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < builder.Count; i++)
        {
            if (builder.NameAt(i).SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private static void CheckNames(ScrapeConfig config, Labels labels)
    {
        ReadOnlySpan<byte> metricName = labels.GetValueOrEmpty(LabelNames.MetricNameUtf8);
        if (metricName.IsEmpty)
        {
            throw new ScrapeException("missing metric name (__name__ label)");
        }

        bool valid = config.MetricNameValidationScheme == NameValidationScheme.Legacy
            ? NameValidationScheme.Legacy.IsValidMetricName(Encoding.UTF8.GetString(metricName))
            : System.Text.Unicode.Utf8.IsValid(metricName);
        foreach (LabelPair pair in labels)
        {
            valid &= config.MetricNameValidationScheme.IsValidLabelName(pair.Name);
        }

        if (!valid)
        {
            throw new ScrapeException($"invalid metric name or label names: {labels}");
        }
    }

    private static void CheckLimits(ScrapeLimits limits, Labels labels)
    {
        if (limits.Labels == 0 && limits.LabelNameLength == 0 && limits.LabelValueLength == 0)
        {
            return;
        }

        string metric = Cut(labels.MetricName);
        int count = labels.Count;
        if (limits.Labels > 0 && count > limits.Labels)
        {
            throw new LabelLimitException($"label_limit exceeded (metric: {metric}, number of labels: {count}, limit: {limits.Labels})");
        }

        foreach (LabelPair pair in labels)
        {
            if (limits.LabelNameLength > 0 && pair.Name.Length > limits.LabelNameLength)
            {
                throw new LabelLimitException(
                    $"label_name_length_limit exceeded (metric: {metric}, label name: {Cut(Encoding.UTF8.GetString(pair.Name))}, length: {pair.Name.Length}, limit: {limits.LabelNameLength})");
            }

            if (limits.LabelValueLength > 0 && pair.Value.Length > limits.LabelValueLength)
            {
                throw new LabelLimitException(
                    $"label_value_length_limit exceeded (metric: {metric}, label name: {Cut(Encoding.UTF8.GetString(pair.Name))}, value: {GoQuote.Quote(Cut(Encoding.UTF8.GetString(pair.Value)))}, length: {pair.Value.Length}, limit: {limits.LabelValueLength})");
            }
        }
    }

    private static string Cut(string text) => text.Length <= 50 ? text : text[..50];
}

/// <summary>A series exceeds one of the label limits.</summary>
internal sealed class LabelLimitException(string message) : Exception(message);
