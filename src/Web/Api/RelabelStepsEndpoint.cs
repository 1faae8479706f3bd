using System.Text.Json;
using Narthex.Model;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>targets/relabel_steps</c>: what each rule of a scrape pool makes of labels that were discovered, up to the one that drops them.</summary>
internal sealed class RelabelStepsEndpoint(WebServices services)
{
    public Task StepsAsync(ApiRequest request)
    {
        string pool = request.Parameters["scrapePool"];
        if (pool.Length == 0)
        {
            throw BadData("no scrapePool parameter provided");
        }

        string text = request.Parameters["labels"];
        if (text.Length == 0)
        {
            throw BadData("no labels parameter provided");
        }

        LabelsBuilder labels = ReadLabels(text);
        IReadOnlyList<RelabelConfig> rules = services.Targets.GetRelabelConfigs(pool)
            ?? throw BadData($"error retrieving scrape config: scrape pool {GoQuote.Quote(pool)} not found");
        request.BeginSuccess();
        ResponseWriter output = request.Output;
        output.Raw("{\"steps\":["u8);
        bool keep = true;
        for (int i = 0; i < rules.Count; i++)
        {
            keep = keep && Relabeler.Apply(rules[i], labels);
            output.Raw(i > 0 ? ",{\"rule\":"u8 : "{\"rule\":"u8);
            WriteRule(output, rules[i]);
            output.Raw(",\"output\":"u8);
            output.Labels(keep ? labels.ToLabels() : Labels.Empty);
            output.Raw(",\"keep\":"u8);
            output.Bool(keep);
            output.Raw("}"u8);
        }

        output.Raw("]}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    private static LabelsBuilder ReadLabels(string text)
    {
        var labels = new LabelsBuilder();
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            foreach (JsonProperty label in document.RootElement.EnumerateObject())
            {
                labels.Set(label.Name, label.Value.GetString() ?? "");
            }

            return labels;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw BadData("error parsing labels: " + e.Message);
        }
    }

    // The keys are those of the configuration; what says nothing is left out where upstream leaves it out.
    private static void WriteRule(ResponseWriter output, RelabelConfig rule)
    {
        output.Raw("{"u8);
        if (rule.SourceLabels.Count > 0)
        {
            output.Raw("\"source_labels\":"u8);
            output.Texts([.. rule.SourceLabels]);
            output.Raw(","u8);
        }

        output.Raw("\"separator\":"u8);
        output.Text(rule.Separator);
        output.Raw(",\"regex\":"u8);
        output.Text(rule.Regex.Pattern);
        if (rule.Modulus > 0)
        {
            output.Raw(",\"modulus\":"u8);
            output.Number((long)rule.Modulus);
        }

        if (rule.TargetLabel.Length > 0)
        {
            output.Raw(",\"target_label\":"u8);
            output.Text(rule.TargetLabel);
        }

        output.Raw(",\"replacement\":"u8);
        output.Text(rule.Replacement);
        output.Raw(",\"action\":"u8);
        output.Text(rule.Action.ToConfigText());
        output.Raw("}"u8);
    }

    private static ApiException BadData(string message) => new(ApiErrorKind.BadData, message);
}
