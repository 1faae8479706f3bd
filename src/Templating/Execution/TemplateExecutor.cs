using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Templating.Functions;
using Narthex.Templating.Syntax;
using Narthex.Templating.Text;

namespace Narthex.Templating.Execution;

/// <summary>Carries out one template. For one execution.</summary>
internal sealed class TemplateExecutor(GoTemplate template, ITemplateOutput output, CancellationToken cancellationToken)
{
    private static readonly object s_missing = new();

    private readonly List<(string Name, object? Value)> _variables = [];
    private TemplateTree _tree = null!;
    private TemplateNode? _at;

    private enum Flow : byte
    {
        Normal,
        Break,
        Continue,
    }

    /// <summary>Executes a tree with its data.</summary>
    /// <exception cref="TemplateException">It failed; the output has what came before.</exception>
    public void Run(TemplateTree tree, object? data)
    {
        _tree = tree;
        _variables.Add(("$", data ?? TemplateValues.None));
        Walk(data ?? TemplateValues.None, tree.Root);
    }

    private Flow Walk(object? dot, TemplateNode node)
    {
        _at = node;
        switch (node)
        {
            case ListNode list:
                foreach (TemplateNode inner in list.Nodes)
                {
                    Flow flow = Walk(dot, inner);
                    if (flow != Flow.Normal)
                    {
                        return flow;
                    }
                }

                break;
            case TextNode text:
                output.Literal(text.Text);
                break;
            case ActionNode action:
                cancellationToken.ThrowIfCancellationRequested();
                object? value = Evaluate(dot, action.Pipe);
                if (action.Pipe.Variables.Count == 0)
                {
                    Print(action.Pipe, value);
                }

                break;
            case BranchNode { Kind: BranchKind.Range } range:
                return Range(dot, range);
            case BranchNode branch:
                return Branch(dot, branch);
            case BreakNode:
                return Flow.Break;
            case ContinueNode:
                return Flow.Continue;
            case TemplateCallNode call:
                Call(dot, call);
                break;
        }

        return Flow.Normal;
    }

    private Flow Branch(object? dot, BranchNode branch)
    {
        int variables = _variables.Count;
        object? value = Evaluate(dot, branch.Pipe);
        Flow flow = Flow.Normal;
        if (TemplateValues.IsTrue(value))
        {
            flow = Walk(branch.Kind == BranchKind.With ? value : dot, branch.Body);
        }
        else if (branch.Else is not null)
        {
            flow = Walk(dot, branch.Else);
        }

        Forget(variables);
        return flow;
    }

    private Flow Range(object? dot, BranchNode range)
    {
        int outer = _variables.Count;
        object? value = Evaluate(dot, range.Pipe);
        int variables = _variables.Count;
        bool any = false;
        foreach ((object? key, object? item) in Entries(value))
        {
            any = true;
            cancellationToken.ThrowIfCancellationRequested();
            if (range.Pipe.Variables.Count > 0)
            {
                Bind(range.Pipe, range.Pipe.Variables.Count - 1, variables, item);
                if (range.Pipe.Variables.Count > 1)
                {
                    Bind(range.Pipe, 0, variables, key);
                }
            }

            Flow flow = Walk(item, range.Body);
            Forget(variables);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        Flow result = !any && range.Else is not null ? Walk(dot, range.Else) : Flow.Normal;
        Forget(outer);
        return result;
    }

    private void Bind(PipeNode pipe, int index, int variables, object? value)
    {
        if (pipe.IsAssignment)
        {
            Assign(pipe.Variables[index].Path[0], value);
        }
        else
        {
            // Declared by the pipeline: the last ones on the stack.
            int place = variables - pipe.Variables.Count + index;
            _variables[place] = (_variables[place].Name, value);
        }
    }

    private IEnumerable<(object? Key, object? Item)> Entries(object? value)
    {
        if (TemplateValues.MapEntries(value) is { } entries)
        {
            return entries.Select(entry => ((object?)entry.Key, entry.Value));
        }

        switch (value)
        {
            case null:
                return [];
            case long count:
                return Numbers(count);
            case IList list:
                return list.Cast<object?>().Select((item, index) => ((object?)(long)index, item));
            default:
                if (TemplateValues.IsNone(value))
                {
                    return [];
                }

                throw Error($"range can't iterate over {GoFormatter.Print(value)}");
        }

        static IEnumerable<(object? Key, object? Item)> Numbers(long count)
        {
            for (long i = 0; i < count; i++)
            {
                yield return (i, i);
            }
        }
    }

    private void Call(object? dot, TemplateCallNode call)
    {
        TemplateTree tree = template.Find(call.Name) ?? throw NotDefined(call.Name);
        object? data = call.Pipe is null ? TemplateValues.None : Evaluate(dot, call.Pipe);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error("exceeded maximum template depth");
        }

        var callee = new TemplateExecutor(template, output, cancellationToken);
        callee.Run(tree, TemplateValues.IsNone(data) ? null : data);
    }

    private void Print(TemplateNode node, object? value)
    {
        _at = node;
        if (value is TemplateFunction)
        {
            throw Error($"can't print {node} of type func");
        }

        output.Value(value);
    }

    private object? Evaluate(object? dot, PipeNode pipe)
    {
        _at = pipe;
        object? value = s_missing;
        foreach (CommandNode command in pipe.Commands)
        {
            value = Evaluate(dot, command, value);
        }

        foreach (VariableNode variable in pipe.Variables)
        {
            if (pipe.IsAssignment)
            {
                Assign(variable.Path[0], value);
            }
            else
            {
                _variables.Add((variable.Path[0], value));
            }
        }

        return value;
    }

    private object? Evaluate(object? dot, CommandNode command, object? final)
    {
        TemplateNode first = command.Arguments[0];
        switch (first)
        {
            case FieldNode field:
                return Field(dot, field, field.Path, command.Arguments, final, dot);
            case ChainNode chain:
                return Chain(dot, chain, command.Arguments, final);
            case IdentifierNode identifier:
                return Function(dot, identifier, command, command.Arguments, final);
            case PipeNode pipe:
                RefuseArguments(command.Arguments, final);
                return Evaluate(dot, pipe);
            case VariableNode variable:
                return Variable(dot, variable, command.Arguments, final);
        }

        _at = first;
        RefuseArguments(command.Arguments, final);
        return first switch
        {
            BooleanNode boolean => boolean.Value,
            DotNode => dot,
            NilNode => throw Error("nil is not a command"),
            NumberNode number => Ideal(number),
            StringNode text => text.Text,
            _ => throw Error($"can't evaluate command {GoQuote.Quote(first.ToString()!)}"),
        };
    }

    private object Ideal(NumberNode number)
    {
        _at = number;
        return number.Value is { Whole: { } whole, IsWrittenAsFloat: false } ? (object)whole : number.Value.Float;
    }

    private object? Chain(object? dot, ChainNode chain, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        _at = chain;
        if (chain.Inner is NilNode)
        {
            throw Error($"indirection through explicit nil in {chain}");
        }

        object? inner = Argument(dot, TemplateParameter.Any, chain.Inner);
        return Path(dot, inner, chain, chain.Fields, arguments, final);
    }

    private object? Variable(object? dot, VariableNode variable, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        _at = variable;
        object? value = LookUp(variable.Path[0]);
        if (variable.Path.Length == 1)
        {
            RefuseArguments(arguments, final);
            return value;
        }

        return Path(dot, value, variable, variable.Path[1..], arguments, final);
    }

    private object? Field(object? dot, TemplateNode node, IReadOnlyList<string> path, IReadOnlyList<TemplateNode> arguments, object? final, object? receiver)
    {
        _at = node;
        return Path(dot, receiver, node, path, arguments, final);
    }

    private object? Path(
        object? dot, object? receiver, TemplateNode node, IReadOnlyList<string> path, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        for (int i = 0; i < path.Count - 1; i++)
        {
            receiver = Member(dot, path[i], node, [], s_missing, receiver);
        }

        return Member(dot, path[^1], node, arguments, final, receiver);
    }

    /// <summary>A field, a method's result or a map's value.</summary>
    /// <param name="dot">The dot, for the arguments.</param>
    /// <param name="name">The member.</param>
    /// <param name="node">Where it stands.</param>
    /// <param name="arguments">The command; its first element is the member itself.</param>
    /// <param name="final">What came through the pipe.</param>
    /// <param name="receiver">Whose member it is.</param>
    private object? Member(object? dot, string name, TemplateNode node, IReadOnlyList<TemplateNode> arguments, object? final, object? receiver)
    {
        bool hasArguments = arguments.Count > 1 || !ReferenceEquals(final, s_missing);
        if (TemplateValues.IsNone(receiver))
        {
            return template.MissingKey == MissingKey.Error ? throw Error($"nil data; no entry for key {GoQuote.Quote(name)}") : TemplateValues.None;
        }

        if (receiver is null)
        {
            throw Error($"nil pointer evaluating interface {{}}.{name}");
        }

        if (receiver is ITemplateObject item && item.TryGetMember(name, out object? member))
        {
            if (member is TemplateFunction method)
            {
                return Call(dot, method, node, name, arguments, final);
            }

            return hasArguments ? throw Error($"{name} has arguments but cannot be invoked as function") : member;
        }

        if (TemplateValues.TryLookUp(receiver, name, out bool found, out object? value, out object? zero))
        {
            if (hasArguments)
            {
                throw Error($"{name} is not a method but has arguments");
            }

            return found ? value : template.MissingKey switch
            {
                MissingKey.Zero => zero,
                MissingKey.Error => throw Error($"map has no entry for key {GoQuote.Quote(name)}"),
                _ => TemplateValues.None,
            };
        }

        throw Error($"can't evaluate field {name} in type {TemplateValues.TypeName(receiver)}");
    }

    private object? Function(object? dot, IdentifierNode identifier, TemplateNode command, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        _at = identifier;
        string name = identifier.Name;
        if (name is "and" or "or")
        {
            return ShortCircuit(dot, name, arguments, final);
        }

        TemplateFunction function = template.FindFunction(name) ?? throw Error($"{GoQuote.Quote(name)} is not a defined function");
        return Call(dot, function, command, name, arguments, final);
    }

    // The arguments behind the one that decides are not evaluated.
    private object? ShortCircuit(object? dot, string name, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        if (arguments.Count == 1 && ReferenceEquals(final, s_missing))
        {
            throw Error($"wrong number of args for {name}: want at least 1 got 0");
        }

        bool decides = name == "or";
        object? value = TemplateValues.None;
        for (int i = 1; i < arguments.Count; i++)
        {
            value = Argument(dot, TemplateParameter.Any, arguments[i]);
            if (TemplateValues.IsTrue(value) == decides)
            {
                return value;
            }
        }

        return ReferenceEquals(final, s_missing) ? value : final;
    }

    private object? Call(object? dot, TemplateFunction function, TemplateNode node, string name, IReadOnlyList<TemplateNode> arguments, object? final)
    {
        int given = Math.Max(arguments.Count - 1, 0) + (ReferenceEquals(final, s_missing) ? 0 : 1);
        int wanted = function.Parameters.Count;
        if (function.IsVariadic ? given < wanted - 1 : given != wanted)
        {
            throw Error(function.IsVariadic
                ? string.Create(CultureInfo.InvariantCulture, $"wrong number of args for {name}: want at least {wanted - 1} got {arguments.Count - 1}")
                : string.Create(CultureInfo.InvariantCulture, $"wrong number of args for {name}: want {wanted} got {given}"));
        }

        object?[] values = new object?[given];
        for (int i = 1; i < arguments.Count; i++)
        {
            values[i - 1] = Argument(dot, ParameterAt(function, i - 1), arguments[i]);
        }

        if (!ReferenceEquals(final, s_missing))
        {
            values[^1] = Convert(final, ParameterAt(function, given - 1));
        }

        try
        {
            return function.Body(values);
        }
        catch (TemplateException error)
        {
            _at = node;
            throw Error($"error calling {name}: {error.Message}", error);
        }
    }

    private static TemplateParameter ParameterAt(TemplateFunction function, int index) => function.Parameters[Math.Min(index, function.Parameters.Count - 1)];

    private object? Argument(object? dot, TemplateParameter type, TemplateNode node)
    {
        _at = node;
        switch (node)
        {
            case DotNode:
                return Convert(dot, type);
            case NilNode:
                return type.TypeName is "string" or "int" or "float64" or "bool" ? throw Error($"cannot assign nil to {type.TypeName}") : null;
            case FieldNode field:
                return Convert(Field(dot, field, field.Path, [node], s_missing, dot), type);
            case VariableNode variable:
                return Convert(Variable(dot, variable, [node], s_missing), type);
            case PipeNode pipe:
                return Convert(Evaluate(dot, pipe), type);
            case IdentifierNode identifier:
                return Convert(Function(dot, identifier, identifier, [node], s_missing), type);
            case ChainNode chain:
                return Convert(Chain(dot, chain, [node], s_missing), type);
        }

        return type.TypeName switch
        {
            "bool" => node is BooleanNode boolean ? (object)boolean.Value : throw Error($"expected bool; found {node}"),
            "string" => node is StringNode text ? text.Text : throw Error($"expected string; found {node}"),
            "int" => node is NumberNode { Value.Whole: { } whole } ? (object)whole : throw Error($"expected integer; found {node}"),
            "float64" => node is NumberNode number ? (object)number.Value.Float : throw Error($"expected float; found {node}"),
            "interface {}" => node switch
            {
                BooleanNode boolean => boolean.Value,
                NumberNode number => Ideal(number),
                StringNode text => text.Text,
                _ => throw Error($"can't handle assignment of {node} to empty interface argument"),
            },
            _ => throw Error($"can't handle {node} for arg of type {type.TypeName}"),
        };
    }

    private object? Convert(object? value, TemplateParameter type)
    {
        if (TemplateValues.IsNone(value))
        {
            return type.TypeName switch
            {
                "interface {}" => null,
                "string" or "int" or "float64" or "bool" => throw Error($"invalid value; expected {type.TypeName}"),
                _ => null,
            };
        }

        return type.Accepts(value) ? value : throw Error($"wrong type for value; expected {type.TypeName}; got {TemplateValues.TypeName(value)}");
    }

    private void RefuseArguments(IReadOnlyList<TemplateNode> arguments, object? final)
    {
        if (arguments.Count > 1 || !ReferenceEquals(final, s_missing))
        {
            throw Error($"can't give argument to non-function {arguments[0]}");
        }
    }

    private object? LookUp(string name)
    {
        for (int i = _variables.Count - 1; i >= 0; i--)
        {
            if (_variables[i].Name == name)
            {
                return _variables[i].Value;
            }
        }

        throw Error($"undefined variable: {name}");
    }

    private void Assign(string name, object? value)
    {
        for (int i = _variables.Count - 1; i >= 0; i--)
        {
            if (_variables[i].Name == name)
            {
                _variables[i] = (name, value);
                return;
            }
        }

        throw Error($"undefined variable: {name}");
    }

    private void Forget(int count) => _variables.RemoveRange(count, _variables.Count - count);

    // Go's HTML templates find that out before they are executed, and say it in other words.
    private TemplateException NotDefined(string name) => output is Html.HtmlOutput && _at is not null
        ? new TemplateException($"html/template:{_tree.Locate(_at)}: no such template {GoQuote.Quote(name)}")
        : Error($"template {GoQuote.Quote(name)} not defined");

    private TemplateException Error(string message, Exception? inner = null)
    {
        string where = _at is null
            ? $"template: {_tree.Name}: "
            : $"template: {_tree.Locate(_at)}: executing {GoQuote.Quote(_tree.Name)} at <{_at}>: ";
        return inner is null ? new TemplateException(where + message) : new TemplateException(where + message, inner);
    }
}
