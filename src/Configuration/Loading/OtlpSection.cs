using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>otlp</c>.</summary>
internal static class OtlpSection
{
    public static OtlpConfig Read(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        string strategy = section.Text("translation_strategy", nameof(OtlpTranslationStrategy.UnderscoreEscapingWithSuffixes));
        var config = new OtlpConfig
        {
            PromoteAllResourceAttributes = section.Flag("promote_all_resource_attributes"),
            PromoteResourceAttributes = Trim(section.Texts("promote_resource_attributes")),
            IgnoreResourceAttributes = Trim(section.Texts("ignore_resource_attributes")),
            KeepIdentifyingResourceAttributes = section.Flag("keep_identifying_resource_attributes"),
            ConvertHistogramsToNhcb = section.Flag("convert_histograms_to_nhcb"),
            PromoteScopeMetadata = section.Flag("promote_scope_metadata"),
            LabelNameUnderscoreSanitization = section.Flag("label_name_underscore_sanitization", true),
            LabelNamePreserveMultipleUnderscores = section.Flag("label_name_preserve_multiple_underscores", true),
        };
        section.Finish();
        section.Require(TryParse(strategy, out OtlpTranslationStrategy parsed), $"unsupported OTLP translation strategy {GoQuote.Quote(strategy)}");
        section.Require(
            !config.PromoteAllResourceAttributes || config.PromoteResourceAttributes.Count == 0,
            "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously");
        section.Require(
            config.PromoteAllResourceAttributes || config.IgnoreResourceAttributes.Count == 0,
            "'ignore_resource_attributes' can only be configured if 'promote_all_resource_attributes' is true");
        RequireSane(config.PromoteResourceAttributes, "promoted", section);
        RequireSane(config.IgnoreResourceAttributes, "ignored", section);
        return config with { TranslationStrategy = parsed };
    }

    /// <summary>A strategy that keeps UTF-8 names needs a server that accepts them.</summary>
    public static void RequireFit(OtlpConfig config, NameValidationScheme scheme)
    {
        if (scheme == NameValidationScheme.Legacy
            && config.TranslationStrategy is (OtlpTranslationStrategy.NoTranslation or OtlpTranslationStrategy.NoUTF8EscapingWithSuffixes))
        {
            throw new ConfigurationException($"OTLP translation strategy {GoQuote.Quote(config.TranslationStrategy.ToString())} is not allowed when UTF8 is disabled");
        }
    }

    private static bool TryParse(string text, out OtlpTranslationStrategy strategy)
    {
        for (strategy = 0; strategy <= OtlpTranslationStrategy.NoTranslation; strategy++)
        {
            if (strategy.ToString() == text)
            {
                return true;
            }
        }

        return false;
    }

    private static EquatableList<string> Trim(EquatableList<string> texts) => texts.Select(text => text.Trim()).ToEquatableList();

    private static void RequireSane(EquatableList<string> attributes, string what, SectionReader section)
    {
        var faults = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string attribute in attributes)
        {
            if (attribute.Length == 0)
            {
                faults.Add($"empty {what} OTel resource attribute");
            }
            else if (!seen.Add(attribute))
            {
                faults.Add($"duplicated {what} OTel resource attribute {GoQuote.Quote(attribute)}");
            }
        }

        section.Require(faults.Count == 0, $"invalid '{(what == "promoted" ? "promote" : "ignore")}_resource_attributes': {string.Join('\n', faults)}");
    }
}
