using System.Text;
using System.Text.Unicode;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Turns the labels of an exposed series into those that are stored: target labels, relabelling, limits.</summary>
internal sealed class SeriesResolver
{
    private readonly LabelsBuilder _labels = new();

    /// <summary>The builder that the parser fills before <see cref="Resolve"/>.</summary>
    public LabelsBuilder Exposed => _labels;

    /// <summary>The labels to store; empty if relabelling drops the series.</summary>
    /// <exception cref="ScrapeException">The series breaks a limit or a rule.</exception>
    public Labels Resolve(ScrapeSettings settings, Labels targetLabels)
    {
        AddTargetLabels(targetLabels, settings.Config.HonorLabels);
        if (settings.MetricRelabelConfigs.Count > 0 && !Relabeler.Apply(settings.MetricRelabelConfigs, _labels))
        {
            return Labels.Empty;
        }

        Labels labels = _labels.ToLabels();
        if (labels.IsEmpty)
        {
            return labels;
        }

        if (_labels.FindDuplicateName() is { IsEmpty: false } name)
        {
            throw new ScrapeException($"label name \"{Encoding.UTF8.GetString(name)}\" is not unique: invalid sample");
        }

        Check(settings, labels);
        return labels;
    }

    private void AddTargetLabels(Labels targetLabels, bool honorLabels)
    {
        List<(byte[] Name, byte[] Value)>? movedAside = null;
        foreach (LabelPair pair in targetLabels)
        {
            int index = IndexOf(pair.Name);
            if (index < 0)
            {
                _labels.Add(pair.Name, pair.Value);
            }
            else if (!honorLabels)
            {
                if (!_labels.ValueAt(index).IsEmpty)
                {
                    (movedAside ??= []).Add((pair.Name.ToArray(), _labels.ValueAt(index).ToArray()));
                }

                _labels.Set(pair.Name, pair.Value);
            }
        }

        if (movedAside is not null)
        {
            MoveAside(movedAside);
        }
    }

    // The target's label wins; what the target exposed under that name goes on as exported_…. Shorter names choose first.
    private void MoveAside(List<(byte[] Name, byte[] Value)> conflicts)
    {
        foreach ((byte[] name, byte[] value) in conflicts.OrderBy(conflict => conflict.Name.Length))
        {
            byte[] exported = name;
            do
            {
                exported = [.. "exported_"u8, .. exported];
            }
            while (!_labels.Get(exported).IsEmpty);

            _labels.Set(exported, value);
        }
    }

    // An exposed label with an empty value counts as there: honor_labels uses that to suppress a target label.
    private int IndexOf(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _labels.Count; i++)
        {
            if (_labels.NameAt(i).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    private static void Check(ScrapeSettings settings, Labels labels)
    {
        if (labels.GetValueOrEmpty(LabelNames.MetricNameUtf8).IsEmpty)
        {
            throw new ScrapeException("missing metric name (__name__ label)");
        }

        NameValidationScheme scheme = settings.Config.MetricNameValidationScheme;
        foreach (LabelPair pair in labels)
        {
            bool isValid = pair.Name.SequenceEqual(LabelNames.MetricNameUtf8)
                ? scheme == NameValidationScheme.Utf8 || LabelNames.IsValidLegacyMetricName(Encoding.UTF8.GetString(pair.Value))
                : scheme.IsValidLabelName(pair.Name);
            if (!isValid || !Utf8.IsValid(pair.Value))
            {
                throw new ScrapeException($"invalid metric name or label names: {labels}");
            }
        }

        CheckLimits(settings, labels);
    }

    private static void CheckLimits(ScrapeSettings settings, Labels labels)
    {
        var limits = settings.Config.Limits;
        if (limits.Labels > 0 && labels.Count > limits.Labels)
        {
            throw Exceeded($"label_limit exceeded (metric: {Cut(labels.MetricName)}, number of labels: {labels.Count}, limit: {limits.Labels})");
        }

        if (limits.LabelNameLength == 0 && limits.LabelValueLength == 0)
        {
            return;
        }

        foreach (LabelPair pair in labels)
        {
            if (limits.LabelNameLength > 0 && pair.Name.Length > limits.LabelNameLength)
            {
                throw Exceeded($"label_name_length_limit exceeded (metric: {Cut(labels.MetricName)}, label name: {Cut(pair.Name)}, length: {pair.Name.Length}, limit: {limits.LabelNameLength})");
            }

            if (limits.LabelValueLength > 0 && pair.Value.Length > limits.LabelValueLength)
            {
                throw Exceeded($"label_value_length_limit exceeded (metric: {Cut(labels.MetricName)}, label name: {Cut(pair.Name)}, value: {GoQuote.Quote(Cut(pair.Value))}, length: {pair.Value.Length}, limit: {limits.LabelValueLength})");
            }
        }
    }

    private static ScrapeException Exceeded(string message) => new(message, ScrapeFailure.LabelLimit);

    private static string Cut(ReadOnlySpan<byte> text) => Cut(Encoding.UTF8.GetString(text));

    private static string Cut(string text) => text.Length <= 50 ? text : string.Concat(text.EnumerateRunes().Take(50).Select(rune => rune.ToString()));
}
