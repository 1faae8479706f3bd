using System.Text;

namespace Narthex.Templating.Syntax;

/// <summary>A piece of a parsed template. Prints as it would be written.</summary>
internal abstract class TemplateNode(int position)
{
    /// <summary>Where it begins in the text.</summary>
    public int Position { get; } = position;
}

/// <summary>Nodes one after the other.</summary>
internal sealed class ListNode(int position) : TemplateNode(position)
{
    public List<TemplateNode> Nodes { get; } = [];

    /// <summary>Whether it has nothing but blanks: such a definition does not replace another one.</summary>
    public bool IsBlank => Nodes.All(node => node is TextNode text && string.IsNullOrWhiteSpace(text.Text));

    public override string ToString() => string.Concat(Nodes);
}

internal sealed class TextNode(int position, string text) : TemplateNode(position)
{
    public string Text { get; } = text;

    public override string ToString() => Text;
}

/// <summary>A pipeline whose value is printed, unless it declares variables.</summary>
internal sealed class ActionNode(int position, PipeNode pipe) : TemplateNode(position)
{
    public PipeNode Pipe { get; } = pipe;

    public override string ToString() => "{{" + Pipe + "}}";
}

internal enum BranchKind : byte
{
    If,
    With,
    Range,
}

/// <summary><c>if</c>, <c>with</c> or <c>range</c>.</summary>
internal sealed class BranchNode(int position, BranchKind kind, PipeNode pipe, ListNode body, ListNode? elseBody) : TemplateNode(position)
{
    public BranchKind Kind { get; } = kind;

    public PipeNode Pipe { get; } = pipe;

    public ListNode Body { get; } = body;

    public ListNode? Else { get; } = elseBody;

    public override string ToString() =>
        $"{{{{{Kind.ToString().ToLowerInvariant()} {Pipe}}}}}{Body}{(Else is null ? "" : "{{else}}" + Else)}{{{{end}}}}";
}

internal sealed class BreakNode(int position) : TemplateNode(position)
{
    public override string ToString() => "{{break}}";
}

internal sealed class ContinueNode(int position) : TemplateNode(position)
{
    public override string ToString() => "{{continue}}";
}

/// <summary>The end of a list; only the parser sees it.</summary>
internal sealed class EndNode(int position) : TemplateNode(position)
{
    public override string ToString() => "{{end}}";
}

/// <summary>The end of a list with an alternative behind it; only the parser sees it.</summary>
internal sealed class ElseNode(int position) : TemplateNode(position)
{
    public override string ToString() => "{{else}}";
}

/// <summary>A call of a named template.</summary>
internal sealed class TemplateCallNode(int position, string name, PipeNode? pipe) : TemplateNode(position)
{
    public string Name { get; } = name;

    public PipeNode? Pipe { get; } = pipe;

    public override string ToString() => "{{template " + Model.GoQuote.Quote(Name) + (Pipe is null ? "" : " " + Pipe) + "}}";
}

/// <summary>Commands that hand their values on, and the variables that take the last one.</summary>
internal sealed class PipeNode(int position) : TemplateNode(position)
{
    public bool IsAssignment { get; set; }

    public List<VariableNode> Variables { get; } = [];

    public List<CommandNode> Commands { get; } = [];

    public override string ToString()
    {
        var text = new StringBuilder();
        if (Variables.Count > 0)
        {
            text.AppendJoin(", ", Variables).Append(IsAssignment ? " = " : " := ");
        }

        return text.AppendJoin(" | ", Commands).ToString();
    }
}

/// <summary>An operand, or a function with its arguments.</summary>
internal sealed class CommandNode(int position) : TemplateNode(position)
{
    public List<TemplateNode> Arguments { get; } = [];

    public override string ToString() => string.Join(' ', Arguments.Select(argument => argument is PipeNode ? $"({argument})" : argument.ToString()));
}

internal sealed class IdentifierNode(int position, string name) : TemplateNode(position)
{
    public string Name { get; } = name;

    public override string ToString() => Name;
}

/// <summary>A variable and the fields behind it.</summary>
internal sealed class VariableNode(int position, string[] path) : TemplateNode(position)
{
    public string[] Path { get; } = path;

    public override string ToString() => string.Join('.', Path);
}

internal sealed class DotNode(int position) : TemplateNode(position)
{
    public override string ToString() => ".";
}

internal sealed class NilNode(int position) : TemplateNode(position)
{
    public override string ToString() => "nil";
}

/// <summary>Fields of the dot.</summary>
internal sealed class FieldNode(int position, string[] path) : TemplateNode(position)
{
    public string[] Path { get; } = path;

    public override string ToString() => string.Concat(Path.Select(name => "." + name));
}

/// <summary>Fields of what another node yields.</summary>
internal sealed class ChainNode(int position, TemplateNode inner) : TemplateNode(position)
{
    public TemplateNode Inner { get; } = inner;

    public List<string> Fields { get; } = [];

    public override string ToString() => (Inner is PipeNode ? $"({Inner})" : Inner.ToString()) + string.Concat(Fields.Select(name => "." + name));
}

internal sealed class BooleanNode(int position, bool value) : TemplateNode(position)
{
    public bool Value { get; } = value;

    public override string ToString() => Value ? "true" : "false";
}

internal sealed class NumberNode(int position, string text, NumberLiteral value) : TemplateNode(position)
{
    public NumberLiteral Value { get; } = value;

    public override string ToString() => text;
}

internal sealed class StringNode(int position, string quoted, string text) : TemplateNode(position)
{
    public string Text { get; } = text;

    public override string ToString() => quoted;
}
