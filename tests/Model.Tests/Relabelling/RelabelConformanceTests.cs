using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Model.Tests.Relabelling;

/// <summary>Upstream's table of relabelling rules.</summary>
public sealed class RelabelConformanceTests
{
    [ConformanceFact]
    public void Rules_change_label_sets_as_upstream_does()
    {
        var failures = new List<string>();
        JsonElement cases = Load("relabel-cases.json");
        foreach (JsonElement item in cases.EnumerateArray())
        {
            var builder = new LabelsBuilder().Reset(ReadLabels(item.GetProperty("input")));
            RelabelConfig[] rules = [.. item.GetProperty("relabel").EnumerateArray().Select(rule => ReadRule(rule, placeholders: false))];
            bool expectDrop = item.TryGetProperty("drop", out JsonElement drop) && drop.GetBoolean();

            bool kept = Relabeler.Apply(rules, builder);

            if (kept == expectDrop)
            {
                failures.Add($"{item}: kept = {kept}");
            }
            else if (kept && builder.ToLabels() is var labels && labels != ReadLabels(item.GetProperty("output")))
            {
                failures.Add($"{item}: {labels}");
            }
        }

        Assert.True(cases.GetArrayLength() > 25);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [ConformanceFact]
    public void Rules_are_refused_as_upstream_does()
    {
        foreach (JsonElement item in Load("relabel-validate-cases.json").EnumerateArray())
        {
            JsonElement config = item.GetProperty("config");
            string expected = item.TryGetProperty("expected", out JsonElement text) ? text.GetString()! : "";
            if (!config.TryGetProperty("Action", out _))
            {
                // An absent action cannot be expressed as a rule; the loader refuses the empty text.
                Assert.False(RelabelValidation.TryParseAction("", out RelabelAction _));
                continue;
            }

            string? fault = RelabelValidation.FindFault(ReadRule(config, placeholders: true));

            if (expected.Length == 0)
            {
                Assert.Null(fault);
            }
            else
            {
                Assert.Contains(expected, fault ?? $"(nothing for {config})", StringComparison.Ordinal);
            }
        }
    }

    private static JsonElement Load(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "config", file))).RootElement.GetProperty("cases");

    private static Labels ReadLabels(JsonElement element)
    {
        var builder = new LabelsBuilder();
        foreach (JsonProperty label in element.EnumerateObject())
        {
            builder.Set(label.Name, label.Value.GetString()!);
        }

        return builder.ToLabels();
    }

    // In the table of checks, "Replacement" stands for the default one: the extraction kept the name of a Go constant's field.
    private static RelabelConfig ReadRule(JsonElement element, bool placeholders)
    {
        string Text(string name, string fallback) => element.TryGetProperty(name, out JsonElement value) ? value.GetString()! : fallback;
        string replacement = Text("Replacement", RelabelConfig.DefaultReplacement);
        Assert.True(RelabelValidation.TryParseAction(Text("Action", ""), out RelabelAction action));
        return new RelabelConfig
        {
            SourceLabels = element.TryGetProperty("SourceLabels", out JsonElement labels) ? labels.EnumerateArray().Select(label => label.GetString()!).ToEquatableList() : [],
            Separator = Text("Separator", RelabelConfig.DefaultSeparator),
            Regex = RelabelRegex.Parse(Text("Regex", "(.*)")),
            Modulus = element.TryGetProperty("Modulus", out JsonElement modulus) ? modulus.GetUInt64() : 0,
            TargetLabel = Text("TargetLabel", ""),
            Replacement = placeholders && replacement == "Replacement" ? RelabelConfig.DefaultReplacement : replacement,
            Action = action,
            NameValidation = Text("NameValidationScheme", "") == "LegacyValidation" ? NameValidationScheme.Legacy : NameValidationScheme.Utf8,
        };
    }
}
