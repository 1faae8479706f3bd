using System.Text;
using Narthex.Templating.Execution;
using Narthex.Templating.Functions;
using Narthex.Templating.Html;
using Narthex.Templating.Syntax;

namespace Narthex.Templating;

/// <summary>What a key that a map does not have stands for.</summary>
public enum MissingKey : byte
{
    /// <summary>No value: it prints as such, and its fields are no values either.</summary>
    Invalid,

    /// <summary>The zero of the map's type, such as an empty text.</summary>
    Zero,

    /// <summary>The template fails.</summary>
    Error,
}

/// <summary>A template in the language of Go's <c>text/template</c> and <c>html/template</c>, together with the templates that it can call.</summary>
/// <remarks>Parse everything first; afterwards it may be executed by several threads at a time.</remarks>
public sealed class GoTemplate
{
    private readonly Dictionary<string, TemplateTree> _trees = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TemplateFunction> _functions = new(Builtins.All, StringComparer.Ordinal);

    /// <summary>Makes a template without text.</summary>
    /// <param name="name">Its name, for messages and calls.</param>
    public GoTemplate(string name) => Name = name;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What a missing key stands for.</summary>
    public MissingKey MissingKey { get; init; }

    /// <summary>Adds functions, or replaces those of the same names. Before parsing texts that use them.</summary>
    public void AddFunctions(IReadOnlyDictionary<string, TemplateFunction> functions)
    {
        foreach ((string name, TemplateFunction function) in functions)
        {
            _functions[name] = function;
        }
    }

    /// <summary>Parses the text of the template itself.</summary>
    /// <exception cref="TemplateException">It is not a template.</exception>
    public void Parse(string text) => Parse(Name, text);

    /// <summary>Parses the text of a template that may be called, and those that it defines. A later definition replaces a former one, unless it is blank.</summary>
    /// <exception cref="TemplateException">It is not a template.</exception>
    public void Parse(string name, string text)
    {
        foreach ((string defined, TemplateTree tree) in TemplateParser.Parse(name, text, IsFunction))
        {
            if (!tree.Root.IsBlank || !_trees.ContainsKey(defined))
            {
                _trees[defined] = tree;
            }
        }
    }

    internal IReadOnlyDictionary<string, TemplateFunction> Functions => _functions;

    /// <summary>Whether a template of that name was parsed.</summary>
    public bool IsDefined(string name) => _trees.ContainsKey(name);

    /// <summary>Executes it as plain text.</summary>
    /// <exception cref="TemplateException">It failed; the message says where.</exception>
    public string Execute(object? data, CancellationToken cancellationToken = default) => Execute(Name, data, cancellationToken);

    /// <summary>Executes one of its templates as plain text.</summary>
    /// <exception cref="TemplateException">It failed; the message says where.</exception>
    public string Execute(string name, object? data, CancellationToken cancellationToken = default)
    {
        var result = new StringBuilder();
        new TemplateExecutor(this, new TextOutput(result), cancellationToken).Run(FindOrThrow(name), data);
        return result.ToString();
    }

    /// <summary>Executes it as HTML: what it prints is escaped as the place demands where it is printed.</summary>
    /// <exception cref="TemplateException">It failed; the message says where.</exception>
    public string ExecuteHtml(object? data, CancellationToken cancellationToken = default) => ExecuteHtml(Name, data, cancellationToken);

    /// <summary>Executes one of its templates as HTML.</summary>
    /// <exception cref="TemplateException">It failed; the message says where.</exception>
    public string ExecuteHtml(string name, object? data, CancellationToken cancellationToken = default)
    {
        var output = new HtmlOutput();
        new TemplateExecutor(this, output, cancellationToken).Run(FindOrThrow(name), data);
        return output.ToString();
    }

    internal TemplateTree? Find(string name) => _trees.GetValueOrDefault(name);

    internal TemplateFunction? FindFunction(string name) => _functions.GetValueOrDefault(name);

    private bool IsFunction(string name) => name is "and" or "or" || _functions.ContainsKey(name);

    private TemplateTree FindOrThrow(string name) =>
        Find(name) ?? throw new TemplateException($"template: {name}: {Model.GoQuote.Quote(name)} is an incomplete or empty template");
}
