using System.Collections;

namespace Narthex.Templating;

/// <summary>A type that a function's parameter has.</summary>
/// <param name="TypeName">Its name in error messages.</param>
/// <param name="Accepts">Whether a value is of that type.</param>
public sealed record TemplateParameter(string TypeName, Func<object?, bool> Accepts)
{
    /// <summary>Any value.</summary>
    public static TemplateParameter Any { get; } = new("interface {}", _ => true);

    /// <summary>Text.</summary>
    public static TemplateParameter String { get; } = new("string", value => value is string);

    /// <summary>A whole number.</summary>
    public static TemplateParameter Int { get; } = new("int", value => value is long);

    /// <summary>A number.</summary>
    public static TemplateParameter Float { get; } = new("float64", value => value is double);

    /// <summary>A truth value.</summary>
    public static TemplateParameter Bool { get; } = new("bool", value => value is bool);

    /// <summary>A list of texts.</summary>
    public static TemplateParameter StringList { get; } = new("[]string", value => value is IReadOnlyList<string> || (value is IList list && list.Cast<object?>().All(item => item is string)));
}

/// <summary>A function that templates can call.</summary>
/// <param name="Body">What it does. Throws <see cref="TemplateException"/> with the bare reason if it fails.</param>
/// <param name="Parameters">What it takes.</param>
public sealed record TemplateFunction(Func<object?[], object?> Body, params IReadOnlyList<TemplateParameter> Parameters)
{
    /// <summary>Whether the last parameter may be given any number of times.</summary>
    public bool IsVariadic { get; init; }
}
