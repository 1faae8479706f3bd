using Narthex.Templating.Functions;

namespace Narthex.Templating;

/// <summary>A sample that a template's query gave.</summary>
/// <param name="Labels">Its labels.</param>
/// <param name="Value">Its value.</param>
public sealed record TemplateSample(IReadOnlyDictionary<string, string> Labels, double Value) : ITemplateObject
{
    /// <inheritdoc/>
    public string TypeName => "*template.sample";

    /// <inheritdoc/>
    public bool TryGetMember(string name, out object? value)
    {
        value = name switch { "Labels" => Labels, "Value" => Value, _ => null };
        return value is not null;
    }

    /// <inheritdoc/>
    public string Print() => $"{{{Text.GoFormatter.Print(Labels)} {Text.GoFormatter.Print(Value)}}}";
}

/// <summary>Answers a template's query at the time that the template is about.</summary>
/// <param name="query">The expression.</param>
/// <returns>The samples of a vector; a scalar as one sample without labels.</returns>
/// <exception cref="TemplateException">The query failed.</exception>
public delegate IReadOnlyList<TemplateSample> TemplateQuery(string query);

/// <summary>Templates with upstream's functions, as labels and annotations of alerts and console pages use them.</summary>
public sealed class PrometheusTemplate
{
    private readonly GoTemplate _template;
    private readonly string _name;
    private readonly string _text;
    private readonly object? _data;
    private readonly Dictionary<string, string> _libraries = new(StringComparer.Ordinal);
    private bool _isParsed;

    /// <summary>Prepares a template.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="text">What it says.</param>
    /// <param name="data">What the dot is.</param>
    /// <param name="timestampMs">The time that it is about, for <c>now</c>.</param>
    /// <param name="query">Answers its queries.</param>
    /// <param name="externalUrl">By which URL users reach the server.</param>
    public PrometheusTemplate(string name, string text, object? data, long timestampMs, TemplateQuery query, Uri externalUrl)
    {
        _name = name;
        _text = text;
        _data = data;
        _template = new GoTemplate(name) { MissingKey = MissingKey.Zero };
        _template.AddFunctions(PrometheusFunctions.Make(_template, timestampMs, query, externalUrl));
    }

    private PrometheusTemplate(PrometheusTemplate other, object? data)
    {
        (_name, _text, _data, _template, _libraries, _isParsed) = (other._name, other._text, data, other._template, other._libraries, other._isParsed);
    }

    private PrometheusTemplate(PrometheusTemplate other, MissingKey missingKey)
    {
        (_name, _text, _data) = (other._name, other._text, other._data);
        _template = new GoTemplate(_name) { MissingKey = missingKey };
        _template.AddFunctions(other._template.Functions);
    }

    /// <summary>The same template with another meaning of missing keys.</summary>
    public PrometheusTemplate WithMissingKey(MissingKey missingKey) => new(this, missingKey);

    /// <summary>The same template about something else. Once it was parsed, it is not parsed again.</summary>
    public PrometheusTemplate With(object? data) => new(this, data);

    /// <summary>Adds a file of templates that it may call.</summary>
    public void AddLibrary(string name, string text)
    {
        _libraries[name] = text;
        _isParsed = false;
    }

    /// <summary>Parses it without executing it.</summary>
    /// <exception cref="TemplateException">It is not a template.</exception>
    public void Parse()
    {
        try
        {
            _template.Parse(_text);
        }
        catch (TemplateException error)
        {
            throw new TemplateException($"error parsing template {_name}: {error.Message}", error);
        }

        try
        {
            foreach ((string name, string text) in _libraries)
            {
                _template.Parse(name, text);
            }
        }
        catch (TemplateException error)
        {
            throw new TemplateException($"error parsing template files for {_name}: {error.Message}", error);
        }

        _isParsed = true;
    }

    /// <summary>What it says with its data.</summary>
    /// <exception cref="TemplateException">It is not a template, or it failed.</exception>
    public string Expand(CancellationToken cancellationToken = default) => Run(() => _template.Execute(_data, cancellationToken));

    /// <summary>What it says with its data, as HTML: values are escaped for the place where they stand.</summary>
    /// <exception cref="TemplateException">It is not a template, or it failed.</exception>
    public string ExpandHtml(CancellationToken cancellationToken = default) => Run(() => _template.ExecuteHtml(_data, cancellationToken));

    private string Run(Func<string> execute)
    {
        if (!_isParsed)
        {
            Parse();
        }

        try
        {
            return execute();
        }
        catch (TemplateException error)
        {
            throw new TemplateException($"error executing template {_name}: {error.Message}", error);
        }
    }
}
