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
        var context = new LoadContext("", new ConfigurationLoadOptions { IgnoreUnknownKeys = ignoreUnknownKeys });
        var section = new SectionReader(YamlTreeReader.Read(yamlText), "rulefmt.RuleGroups", context);
        EquatableList<RuleGroupConfig> groups = section.List("groups", "[]rulefmt.RuleGroup", ReadGroup);
        section.Finish();
        context.ThrowIfFaulty();
        return new RuleFileConfig(groups) { HasMoreDocuments = YamlTreeReader.HasMoreDocuments(yamlText) };
    }

    private static RuleGroupConfig ReadGroup(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "rulefmt.RuleGroup", context);
        TimeSpan interval = section.Duration("interval");
        var group = new RuleGroupConfig
        {
            Name = section.Text("name"),
            Interval = interval > TimeSpan.Zero ? interval : null,
            QueryOffset = section.Take("query_offset") is null or YamlScalar { IsNull: true } ? null : section.Duration("query_offset"),
            Limit = (int)section.Integer("limit", 0),
            Labels = section.TextMap("labels"),
            Rules = section.List("rules", "[]rulefmt.Rule", ReadRule),
        };
        section.Finish();
        return group;
    }

    private static RuleConfig ReadRule(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "rulefmt.Rule", context);
        var rule = new RuleConfig
        {
            Record = section.Text("record"),
            Alert = section.Text("alert"),
            Expression = section.Text("expr"),
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
