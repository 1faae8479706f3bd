using System.Text;
using Narthex.Templating.Text;

namespace Narthex.Templating.Execution;

/// <summary>Where a template's text and values go.</summary>
internal interface ITemplateOutput
{
    /// <summary>Text of the template itself.</summary>
    void Literal(string text);

    /// <summary>A value that an action prints.</summary>
    void Value(object? value);
}

/// <summary>Prints values as they are.</summary>
internal sealed class TextOutput(StringBuilder target) : ITemplateOutput
{
    public void Literal(string text) => target.Append(text);

    public void Value(object? value) => target.Append(TemplateValues.IsNone(value) ? "<no value>" : GoFormatter.Print(value));
}
