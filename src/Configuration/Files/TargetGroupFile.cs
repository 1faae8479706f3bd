using System.Text.Json;
using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>Reads the list of target groups that file and HTTP service discovery share.</summary>
public static class TargetGroupFile
{
    /// <summary>Reads a file's content: JSON or YAML, by the ending of its name.</summary>
    /// <exception cref="ConfigurationException">The content is not a list of target groups.</exception>
    public static IReadOnlyList<StaticSdConfig> Parse(string path, string content) =>
        path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? ParseJson(System.Text.Encoding.UTF8.GetBytes(content))
            : ParseYaml(content);

    /// <summary>Reads JSON.</summary>
    /// <exception cref="ConfigurationException">The content is not a list of target groups.</exception>
    public static IReadOnlyList<StaticSdConfig> ParseJson(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8);
            if (document.RootElement.ValueKind == JsonValueKind.Null)
            {
                return [];
            }

            Require(document.RootElement, JsonValueKind.Array, "Go value of type []*targetgroup.Group");
            return [.. document.RootElement.EnumerateArray().Select(ReadGroup)];
        }
        catch (JsonException e)
        {
            throw new ConfigurationException(JsonSyntax.Explain(e, utf8.Span), e);
        }
        catch (InvalidOperationException e)
        {
            // A text that is no Unicode.
            throw new ConfigurationException("json: " + e.Message, e);
        }
    }

    private static EquatableList<StaticSdConfig> ParseYaml(string content)
    {
        var context = new LoadContext("", ConfigurationLoadOptions.Default);
        YamlNode? root = YamlTreeReader.Read(content);
        if (root is null or YamlScalar { IsNull: true })
        {
            return [];
        }

        if (root is not YamlSequence sequence)
        {
            context.AddWrongKind(root, "[]*targetgroup.Group");
            context.ThrowIfFaulty();
            return [];
        }

        EquatableList<StaticSdConfig> groups = sequence.Items
            .Select((item, index) => item is YamlScalar { IsNull: true } ? throw NullGroup(index) : SdSection.ReadStatic(item, context))
            .ToEquatableList();
        context.ThrowIfFaulty();
        return groups;
    }

    private static StaticSdConfig ReadGroup(JsonElement element, int index)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            throw NullGroup(index);
        }

        Require(element, JsonValueKind.Object, "Go value of type struct { Targets []string \"json:\\\"targets\\\"\"; Labels model.LabelSet \"json:\\\"labels\\\"\" }");
        var targets = new List<string>();
        var labels = new LabelsBuilder();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            // As upstream's decoder has it: in any case, and the last one counts.
            switch (property.Name.ToUpperInvariant())
            {
                case "TARGETS":
                    targets.Clear();
                    if (property.Value.ValueKind != JsonValueKind.Null)
                    {
                        Require(property.Value, JsonValueKind.Array, "Go struct field .targets of type []string");
                        targets.AddRange(property.Value.EnumerateArray().Select(target => ReadText(target, "Go struct field .targets of type string")));
                    }

                    break;
                case "LABELS":
                    ReadLabels(property.Value, labels);
                    break;
                default:
                    throw new ConfigurationException($"json: unknown field {GoQuote.Quote(property.Name)}");
            }
        }

        return new StaticSdConfig { Targets = targets.ToEquatableList(), Labels = labels.ToLabels() };
    }

    private static void ReadLabels(JsonElement element, LabelsBuilder labels)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        Require(element, JsonValueKind.Object, "Go struct field .labels of type model.LabelSet");
        foreach (JsonProperty label in element.EnumerateObject())
        {
            if (label.Name.Length == 0)
            {
                throw new ConfigurationException("\"\" is not a valid label name");
            }

            labels.Set(label.Name, ReadText(label.Value, $"Go struct field .{label.Name} of type model.LabelValue"));
        }
    }

    private static string ReadText(JsonElement element, string place)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return "";
        }

        Require(element, JsonValueKind.String, place);
        return element.GetString()!;
    }

    private static void Require(JsonElement element, JsonValueKind kind, string place)
    {
        if (element.ValueKind != kind)
        {
            string found = element.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => "bool",
                var other => other.ToString().ToLowerInvariant(),
            };
            throw new ConfigurationException($"json: cannot unmarshal {found} into {place}");
        }
    }

    private static ConfigurationException NullGroup(int index) => new($"nil target group item found (index {index})");
}
