using System.Text;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Templating;
using Narthex.Templating.Text;

namespace Narthex.Rules.Alerting;

/// <summary>What the dot is in the templates of an alert.</summary>
internal sealed class AlertTemplateData(
    IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> externalLabels, string externalUrl, object value) : ITemplateObject
{
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>Nothing known: enough to see whether a text is a template.</summary>
    public static AlertTemplateData Empty { get; } = new(s_none, s_none, "", 0.0);

    /// <inheritdoc/>
    public string TypeName => "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }";

    /// <inheritdoc/>
    public bool TryGetMember(string name, out object? member)
    {
        member = name switch
        {
            "Labels" => labels,
            "ExternalLabels" => externalLabels,
            "ExternalURL" => externalUrl,
            "Value" => value,
            _ => null,
        };
        return member is not null;
    }

    /// <inheritdoc/>
    public string Print() => $"{{{GoFormatter.Print(labels)} {GoFormatter.Print(externalLabels)} {externalUrl} {GoFormatter.Print(value)}}}";
}

/// <summary>Expands the labels and annotations of alerts.</summary>
internal static class AlertTemplates
{
    private const string Variables =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

    /// <summary>The name that messages give the templates of a rule.</summary>
    public static string NameOf(string alert) => "__alert_" + alert;

    /// <summary>A text of an alert as a template.</summary>
    public static PrometheusTemplate Prepare(string alert, string text, AlertTemplateData data, long timestampMs, TemplateQuery query, Uri externalUrl) =>
        new(NameOf(alert), Variables + text, data, timestampMs, query, externalUrl);

    /// <summary>Whether a text can say anything but itself.</summary>
    public static bool IsPlain(string text) => !text.Contains("{{", StringComparison.Ordinal);

    /// <summary>The data of an alert.</summary>
    public static AlertTemplateData DataOf(in VectorSample sample, IReadOnlyDictionary<string, string> externalLabels, Uri externalUrl) =>
        new(ToDictionary(sample.Labels), externalLabels, externalUrl.OriginalString, sample.Histogram is { } histogram ? histogram.ToString()! : sample.Value);

    /// <summary>Labels as templates see them.</summary>
    public static Dictionary<string, string> ToDictionary(Labels labels)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (LabelPair pair in labels)
        {
            map[Encoding.UTF8.GetString(pair.Name)] = Encoding.UTF8.GetString(pair.Value);
        }

        return map;
    }
}
