using System.Globalization;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Printing;

/// <summary>Collects the keys of one section, in upstream's order. The <c>If</c> forms leave a key out that says nothing.</summary>
internal sealed class TreeBuilder
{
    private readonly List<ConfigEntry> _entries = [];

    public ConfigMapping ToMapping() => new(_entries.ToEquatableList());

    public TreeBuilder Add(string key, ConfigTree value)
    {
        _entries.Add(new ConfigEntry(key, value));
        return this;
    }

    public TreeBuilder AddIf(bool says, string key, ConfigTree value) => says ? Add(key, value) : this;

    public TreeBuilder AddAll(ConfigMapping mapping)
    {
        _entries.AddRange(mapping.Entries);
        return this;
    }

    public TreeBuilder Section(string key, ConfigMapping mapping) => AddIf(mapping.Entries.Count > 0, key, mapping);

    public TreeBuilder Text(string key, string value) => Add(key, new ConfigScalar(value, true));

    public TreeBuilder TextIf(string key, string value) => AddIf(value.Length > 0, key, new ConfigScalar(value, true));

    public TreeBuilder SecretIf(string key, Secret value) => AddIf(!value.IsEmpty, key, new ConfigSecret(value));

    public TreeBuilder Flag(string key, bool value) => Add(key, new ConfigScalar(value ? "true" : "false", false));

    public TreeBuilder FlagIf(string key, bool value) => value ? Flag(key, value) : this;

    public TreeBuilder Number(string key, long value) => Add(key, new ConfigScalar(value.ToString(CultureInfo.InvariantCulture), false));

    public TreeBuilder NumberIf(string key, long value) => value != 0 ? Number(key, value) : this;

    public TreeBuilder FractionIf(string key, double value) => AddIf(value != 0, key, new ConfigScalar(FloatFormat.FormatGeneral(value), false));

    public TreeBuilder BytesIf(string key, long value) => AddIf(value != 0, key, new ConfigScalar(ByteSizeFormat.Format(value), true));

    public TreeBuilder Duration(string key, TimeSpan value) => Add(key, new ConfigScalar(PrometheusDuration.Format(value), true));

    public TreeBuilder DurationIf(string key, TimeSpan value) => value != TimeSpan.Zero ? Duration(key, value) : this;

    public TreeBuilder Texts(string key, IEnumerable<string> values, bool isFlow = false) => Add(key, Sequence(values, isFlow));

    public TreeBuilder TextsIf(string key, IReadOnlyCollection<string> values, bool isFlow = false) => AddIf(values.Count > 0, key, Sequence(values, isFlow));

    public TreeBuilder SectionsIf(string key, IEnumerable<ConfigTree> sections) =>
        sections.ToEquatableList() is { Count: > 0 } items ? Add(key, new ConfigSequence(items)) : this;

    public TreeBuilder TextMapIf(string key, IEnumerable<KeyValuePair<string, string>> map) =>
        Section(key, new ConfigMapping(map.Select(entry => new ConfigEntry(entry.Key, new ConfigScalar(entry.Value, true))).ToEquatableList()));

    public static ConfigSequence Sequence(IEnumerable<string> values, bool isFlow = false) =>
        new(values.Select(value => (ConfigTree)new ConfigScalar(value, true)).ToEquatableList(), isFlow);

    public static ConfigSequence Secrets(IEnumerable<Secret> values) => new(values.Select(value => (ConfigTree)new ConfigSecret(value)).ToEquatableList());
}
