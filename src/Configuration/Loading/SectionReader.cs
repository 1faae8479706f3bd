using System.Globalization;
using System.Text;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Takes the known keys off a mapping, one by one, with their types; what is left at the end is unknown.</summary>
/// <remarks>A null stands for the zero value of its type, not for the default: <c>honor_timestamps:</c> is false, as upstream.</remarks>
internal sealed class SectionReader
{
    private readonly string _type;
    private readonly int _faultsBefore;
    private bool _isFinished;
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly List<(string Key, YamlNode Node)> _keys = [];
    private readonly List<(string Key, YamlNode Node)> _repeated = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Opens a section.</summary>
    /// <param name="node">A mapping; null or a YAML null is an empty one.</param>
    /// <param name="type">The type that messages name.</param>
    /// <param name="context">The load.</param>
    public SectionReader(YamlNode? node, string type, LoadContext context)
    {
        _type = type;
        _faultsBefore = context.FaultCount;
        Context = context;
        switch (node)
        {
            case null or YamlScalar { IsNull: true }:
                return;
            case YamlMapping mapping:
                Line = mapping.Line;
                Collect(mapping);
                return;
            default:
                context.AddWrongKind(node, type);
                return;
        }
    }

    public LoadContext Context { get; }

    public int Line { get; }

    public IEnumerable<string> PresentKeys => _keys.Select(key => key.Key);

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>The value as it is; null if the key is not there.</summary>
    public YamlNode? Take(string key)
    {
        _known.Add(key);
        return _values.GetValueOrDefault(key);
    }

    public string Text(string key, string fallback = "") => Take(key) is { } node ? ToText(node, Context) : fallback;

    public Secret Secret(string key) => Take(key) is { } node ? ToSecret(node, Context) : new("");

    public string FilePath(string key) => Context.Resolve(Text(key));

    public bool Flag(string key, bool fallback = false) => OptionalFlag(key) ?? fallback;

    public bool? OptionalFlag(string key)
    {
        switch (Take(key))
        {
            case null:
                return null;
            case YamlScalar { IsNull: true }:
                return false;
            case YamlScalar { IsPlain: true } scalar when YamlScalarKinds.TryParseBoolean(scalar.Text, out bool value):
                return value;
            case { } node:
                Context.AddWrongKind(node, "bool");
                return null;
        }
    }

    public long Integer(string key, long fallback, string type = "int")
    {
        switch (Take(key))
        {
            case null:
                return fallback;
            case YamlScalar { IsNull: true }:
                return 0;
            case YamlScalar { Kind: YamlScalarKind.Integer } scalar
                when YamlScalarKinds.TryParseInteger(scalar.Text, out Int128 value) && value <= long.MaxValue && (value >= 0 || type[0] != 'u'):
                return (long)value;
            case YamlScalar { Kind: YamlScalarKind.Float } scalar
                when YamlScalarKinds.TryParseFloat(scalar.Text, out double value) && Math.Abs(value) <= long.MaxValue:
                return type[0] == 'u' && value < 0 ? 0 : (long)value; // Upstream cuts fractions off.
            case { } node:
                Context.AddWrongKind(node, type);
                return fallback;
        }
    }

    public double Number(string key, double fallback = 0)
    {
        switch (Take(key))
        {
            case null:
                return fallback;
            case YamlScalar { IsNull: true }:
                return 0;
            case YamlScalar { Kind: YamlScalarKind.Integer } scalar when YamlScalarKinds.TryParseInteger(scalar.Text, out Int128 value):
                return (double)value;
            case YamlScalar { Kind: YamlScalarKind.Float } scalar when YamlScalarKinds.TryParseFloat(scalar.Text, out double value):
                return value;
            case { } node:
                Context.AddWrongKind(node, "float64");
                return fallback;
        }
    }

    public TimeSpan Duration(string key, TimeSpan fallback = default)
    {
        switch (Take(key))
        {
            case null:
                return fallback;
            case YamlScalar { IsNull: true }:
                return TimeSpan.Zero;
            case YamlScalar scalar:
                try
                {
                    return PrometheusDuration.Parse(scalar.Text);
                }
                catch (FormatException e)
                {
                    throw new ConfigurationException(e.Message, e);
                }

            case { } node:
                Context.AddWrongKind(node, "string");
                return fallback;
        }
    }

    public long Bytes(string key)
    {
        if (Take(key) is YamlSequence or YamlMapping)
        {
            Context.AddWrongKind(Take(key)!, "units.Base2Bytes");
            return 0;
        }

        string text = Text(key);
        return text.Length == 0 ? 0
            : ByteSizeFormat.TryParse(text, out long bytes, out string fault) ? bytes
            : throw new ConfigurationException(fault);
    }

    public string Url(string key) => Text(key) is { Length: > 0 } text ? UrlText.Check(text) : "";

    public EquatableList<string> Texts(string key, string type = "[]string") => List(key, type, static (node, context) => ToText(node, context));

    public EquatableList<T> List<T>(string key, string type, Func<YamlNode, LoadContext, T> read)
    {
        switch (Take(key))
        {
            case null or YamlScalar { IsNull: true }:
                return [];
            case YamlSequence sequence:
                return sequence.Items.Select(item => read(item, Context)).ToEquatableList();
            case { } node:
                Context.AddWrongKind(node, type);
                return [];
        }
    }

    public EquatableMap<T> Map<T>(string key, string type, Func<YamlNode, LoadContext, T> read)
    {
        switch (Take(key))
        {
            case null or YamlScalar { IsNull: true }:
                return EquatableMap<T>.Empty;
            case YamlMapping mapping:
                return new EquatableMap<T>(ReadEntries(mapping, Context).Select(entry => KeyValuePair.Create(entry.Key, read(entry.Value, Context))));
            case { } node:
                Context.AddWrongKind(node, type);
                return EquatableMap<T>.Empty;
        }
    }

    public EquatableMap<string> TextMap(string key, string type = "map[string]string") => Map(key, type, static (node, context) => ToText(node, context));

    public Labels Labels(string key, string type = "map[string]string")
    {
        switch (Take(key))
        {
            case null or YamlScalar { IsNull: true }:
                return default;
            case YamlMapping mapping:
                return ReadLabels(mapping, Context);
            case { } node:
                Context.AddWrongKind(node, type);
                return default;
        }
    }

    /// <summary>Reports the keys that nobody took, and those that are there twice.</summary>
    public void Finish()
    {
        if (_isFinished)
        {
            return;
        }

        _isFinished = true;
        foreach ((string key, YamlNode node) in _repeated)
        {
            if (_known.Contains(key))
            {
                Context.AddFault(node, $"field {key} already set in type {_type}");
            }
            else
            {
                _keys.Add((key, node));
            }
        }

        foreach ((string key, YamlNode node) in _keys)
        {
            if (!_known.Contains(key) && !Context.Options.IgnoreUnknownKeys)
            {
                Context.AddFault(node, $"field {key} not found in type {_type}");
            }
        }
    }

    /// <summary>Whether something is wrong with the section's form.</summary>
    public bool IsFaulty => Context.FaultCount != _faultsBefore;

    /// <summary>A rule about the section's meaning. Not looked at when its form is faulty: values are missing then.</summary>
    public void Require(bool holds, string fault)
    {
        if (!holds && !IsFaulty)
        {
            throw new ConfigurationException(fault);
        }
    }

    public static string ToText(YamlNode node, LoadContext context, string type = "string")
    {
        switch (node)
        {
            case YamlScalar { IsNull: true }:
                return "";
            case YamlScalar scalar:
                return scalar.Text;
            default:
                context.AddWrongKind(node, type);
                return "";
        }
    }

    public static Secret ToSecret(YamlNode node, LoadContext context)
    {
        if (node is YamlScalar)
        {
            return new Secret(ToText(node, context));
        }

        context.AddWrongKind(node, "config.plain");
        return new Secret("");
    }

    public static Labels ReadLabels(YamlMapping mapping, LoadContext context)
    {
        var builder = new LabelsBuilder();
        foreach ((string name, YamlNode value) in ReadEntries(mapping, context, requireLabelNames: true))
        {
            if (value is YamlScalar { IsInvalidText: true } invalid)
            {
                throw new ConfigurationException($"{QuoteBytes(invalid.Text)} is not a valid label value");
            }

            builder.Set(name, ToText(value, context));
        }

        return builder.ToLabels();
    }

    // The third generation compares keys before it looks at anything else, and does not read a mapping with repeated ones at all.
    private static bool HasRepeatedKeys(YamlMapping mapping, LoadContext context)
    {
        if (context.Generation != YamlGeneration.Third)
        {
            return false;
        }

        bool isFaulty = false;
        for (int i = 0; i < mapping.Entries.Count; i++)
        {
            for (int j = i + 1; j < mapping.Entries.Count; j++)
            {
                if (mapping.Entries[i].Key is YamlScalar first && mapping.Entries[j].Key is YamlScalar second && first.Text == second.Text)
                {
                    context.AddFault(second, $"mapping key {GoQuote.Quote(second.Text)} already defined at line {first.Line}");
                    isFaulty = true;
                }
            }
        }

        return isFaulty;
    }

    private static List<KeyValuePair<string, YamlNode>> ReadEntries(YamlMapping mapping, LoadContext context, bool requireLabelNames = false)
    {
        var entries = new List<KeyValuePair<string, YamlNode>>();
        if (HasRepeatedKeys(mapping, context))
        {
            return entries;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((YamlNode key, YamlNode value) in mapping.Entries)
        {
            if (key is YamlScalar { IsInvalidText: true } invalid)
            {
                throw new ConfigurationException($"{QuoteBytes(invalid.Text)} is not a valid label name");
            }

            string name = ToText(key, context);
            if (requireLabelNames && name.Length == 0)
            {
                throw new ConfigurationException("\"\" is not a valid label name");
            }

            if (names.Add(name))
            {
                entries.Add(new(name, value));
            }
            else
            {
                context.AddFault(key, $"key {GoQuote.Quote(name)} already set in map");
            }
        }

        return entries;
    }

    private static string QuoteBytes(string bytes)
    {
        var quoted = new StringBuilder("\"");
        foreach (char b in bytes)
        {
            quoted.Append(b is >= ' ' and < (char)0x7F ? b.ToString() : "\\x" + ((int)b).ToString("x2", CultureInfo.InvariantCulture));
        }

        return quoted.Append('"').ToString();
    }

    private void Collect(YamlMapping mapping)
    {
        if (HasRepeatedKeys(mapping, Context))
        {
            return;
        }

        foreach ((YamlNode keyNode, YamlNode value) in mapping.Entries)
        {
            if (keyNode is not YamlScalar)
            {
                Context.AddWrongKind(keyNode, "string");
                continue;
            }

            string key = ToText(keyNode, Context);
            if (_values.TryAdd(key, value))
            {
                _keys.Add((key, keyNode));
            }
            else
            {
                _repeated.Add((key, keyNode));
            }
        }
    }
}
