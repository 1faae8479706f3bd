using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.RuleFiles;

/// <summary>Reads the form of rule files: strict about keys and kinds of values, as upstream.</summary>
public static class RuleFileReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or is not of the right form.</exception>
    public static RuleFileConfig ReadFile(string path, bool ignoreUnknownKeys = false) => Read(ConfigurationLoader.ReadFile(path), ignoreUnknownKeys);

    /// <summary>Reads a text.</summary>
    /// <exception cref="ConfigurationException">It is not of the right form.</exception>
    public static RuleFileConfig Read(string yamlText, bool ignoreUnknownKeys = false)
    {
        RuleFileConfig file;
        try
        {
            file = Read(yamlText, ignoreUnknownKeys, asNodes: false);
        }
        catch (ConfigurationException error)
        {
            throw SecondOpinion(yamlText) is { } second ? new ConfigurationException(error.Message, error) { Faults = [error.Message, second] } : error;
        }

        return file with { HasMoreDocuments = YamlTreeReader.HasMoreDocuments(yamlText) };
    }

    // Upstream reads a file a second time for the positions of what is in it. That reading does not care about unknown keys, nor about
    // what a rule's expression and names are, and calls the types by other names; it complains beside the first one.
    private static string? SecondOpinion(string yamlText)
    {
        try
        {
            Read(yamlText, ignoreUnknownKeys: true, asNodes: true);
            return null;
        }
        catch (ConfigurationException error)
        {
            return error.Message;
        }
    }

    private static RuleFileConfig Read(string yamlText, bool ignoreUnknownKeys, bool asNodes)
    {
        var context = new LoadContext("", new ConfigurationLoadOptions { IgnoreUnknownKeys = ignoreUnknownKeys }) { Generation = YamlGeneration.Third };
        string suffix = asNodes ? "Node" : "";
        var section = new SectionReader(YamlTreeReader.Read(yamlText, YamlGeneration.Third), asNodes ? "rulefmt.ruleGroups" : "rulefmt.RuleGroups", context);
        EquatableList<RuleGroupConfig> groups = section.List("groups", "[]rulefmt.RuleGroup" + suffix, (node, _) => ReadGroup(node, context, suffix));
        section.Finish();
        context.ThrowIfFaulty();
        return new RuleFileConfig(groups);
    }

    private static RuleGroupConfig ReadGroup(YamlNode node, LoadContext context, string suffix)
    {
        var section = new SectionReader(node, "rulefmt.RuleGroup" + suffix, context);
        TimeSpan interval = section.Duration("interval");
        var group = new RuleGroupConfig
        {
            Name = section.Text("name"),
            Interval = interval > TimeSpan.Zero ? interval : null,
            QueryOffset = section.Take("query_offset") is null or YamlScalar { IsNull: true } ? null : section.Duration("query_offset"),
            Limit = (int)section.Integer("limit", 0),
            Labels = section.TextMap("labels"),
            Rules = section.List("rules", "[]rulefmt.Rule" + suffix, (rule, _) => ReadRule(rule, context, suffix)),
        };
        section.Finish();
        return group;
    }

    private static RuleConfig ReadRule(YamlNode node, LoadContext context, string suffix)
    {
        bool asNodes = suffix.Length > 0;
        var section = new SectionReader(node, "rulefmt.Rule" + suffix, context);
        var rule = new RuleConfig
        {
            Record = asNodes ? "" : section.Text("record"),
            Alert = asNodes ? "" : section.Text("alert"),
            Expression = asNodes ? "" : section.Text("expr"),
            For = section.Duration("for"),
            KeepFiringFor = section.Duration("keep_firing_for"),
            Labels = section.TextMap("labels"),
            Annotations = section.TextMap("annotations"),
            RecordPosition = PositionOf(section.Take("record")),
            AlertPosition = PositionOf(section.Take("alert")),
            ExpressionPosition = PositionOf(section.Take("expr")),
        };
        section.Finish();
        return rule;
    }

    private static TextPosition PositionOf(YamlNode? node) => node is null ? default : new TextPosition(node.Line, node.Column);
}
