using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads relabelling rules.</summary>
internal static class RelabelSection
{
    /// <summary>Takes a list of rules. They are not checked yet: that depends on the name validation scheme.</summary>
    public static EquatableList<RelabelConfig> Take(SectionReader section, string key, string nullFault) =>
        section.List(key, "[]*relabel.Config", (node, context) =>
        {
            section.Require(node is not YamlScalar { IsNull: true }, nullFault);
            return Read(node, context);
        });

    /// <summary>Checks the rules against the scheme, which they keep.</summary>
    public static EquatableList<RelabelConfig> Check(EquatableList<RelabelConfig> rules, NameValidationScheme scheme)
    {
        EquatableList<RelabelConfig> bound = rules.Select(rule => rule with { NameValidation = scheme }).ToEquatableList();
        foreach (RelabelConfig rule in bound)
        {
            if (RelabelValidation.FindFault(rule) is { } fault)
            {
                throw new ConfigurationException(fault);
            }
        }

        return bound;
    }

    private static RelabelConfig Read(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "relabel.plain", context);
        string action = section.Text("action", "replace");
        RelabelConfig rule = new()
        {
            SourceLabels = section.Texts("source_labels", "model.LabelNames"),
            Separator = section.Text("separator", RelabelConfig.DefaultSeparator),
            Regex = ReadRegex(section.Take("regex"), context),
            Modulus = (ulong)section.Integer("modulus", 0, "uint64"),
            TargetLabel = section.Text("target_label"),
            Replacement = section.Text("replacement", RelabelConfig.DefaultReplacement),
        };
        section.Finish();
        section.Require(RelabelValidation.TryParseAction(action, out RelabelAction known), $"unknown relabel action {GoQuote.Quote(action)}");
        return rule with { Action = known };
    }

    // Upstream leaves an expression that is null unset, which then cannot be used; here it is as if the key were not there.
    private static RelabelRegex ReadRegex(YamlNode? node, LoadContext context)
    {
        if (node is null or YamlScalar { IsNull: true })
        {
            return RelabelRegex.Default;
        }

        string pattern = SectionReader.ToText(node, context);
        try
        {
            return RelabelRegex.Parse(pattern);
        }
        catch (FormatException e)
        {
            // A message about the whole expression shows it as upstream compiles it, anchors included.
            string whole = $"`{pattern}`";
            throw new ConfigurationException(e.Message.EndsWith(whole, StringComparison.Ordinal) ? e.Message[..^whole.Length] + $"`^(?s:{pattern})$`" : e.Message, e);
        }
    }
}
