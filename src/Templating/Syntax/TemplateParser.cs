using System.Text;
using Narthex.Model;

namespace Narthex.Templating.Syntax;

/// <summary>Turns a template's text into trees: one for the text itself and one for each template that it defines.</summary>
internal sealed class TemplateParser
{
    private const int DepthMax = 500;

    private readonly string _name;
    private readonly string _text;
    private readonly TemplateLexer _lexer;
    private readonly Func<string, bool> _hasFunction;
    private readonly Dictionary<string, TemplateTree> _trees = new(StringComparer.Ordinal);

    // Up to three tokens are given back; the newest token says which line an error is in.
    private readonly List<TemplateToken> _pending = [];
    private readonly List<string> _variables = ["$"];
    private TemplateToken _newest;
    private int _actionLine;
    private int _rangeDepth;
    private int _depth;

    private TemplateParser(string name, string text, Func<string, bool> hasFunction)
    {
        _name = name;
        _text = text;
        _lexer = new TemplateLexer(text);
        _hasFunction = hasFunction;
    }

    /// <summary>Parses a text.</summary>
    /// <param name="name">The template's name.</param>
    /// <param name="text">What it says.</param>
    /// <param name="hasFunction">Whether there is a function of a name.</param>
    /// <exception cref="TemplateException">It is not a template.</exception>
    public static IReadOnlyDictionary<string, TemplateTree> Parse(string name, string text, Func<string, bool> hasFunction)
    {
        var parser = new TemplateParser(name, text, hasFunction);
        parser.ParseText();
        return parser._trees;
    }

    private void ParseText()
    {
        var root = new ListNode(0);
        while (Peek().Kind != TokenKind.End)
        {
            if (Peek().Kind == TokenKind.LeftDelimiter)
            {
                TemplateToken delimiter = Next();
                TemplateToken first = NextSolid();
                if (first.Kind == TokenKind.Define)
                {
                    ParseDefinition();
                    continue;
                }

                Backup(first);
                Backup(delimiter);
            }

            TemplateNode node = TextOrAction();
            if (node is EndNode or ElseNode)
            {
                throw Error($"unexpected {node}");
            }

            root.Nodes.Add(node);
        }

        Add(_name, root);
    }

    private void ParseDefinition()
    {
        const string Context = "define clause";
        TemplateToken nameToken = NextSolid();
        if (nameToken.Kind is not (TokenKind.String or TokenKind.RawString))
        {
            throw Unexpected(nameToken, Context);
        }

        string name = Unquote(nameToken);
        Expect(TokenKind.RightDelimiter, Context);
        List<string> outer = [.. _variables];
        _variables.Clear();
        _variables.Add("$");
        (ListNode body, TemplateNode end) = ItemList();
        if (end is not EndNode)
        {
            throw Error($"unexpected {end} in {Context}");
        }

        _variables.Clear();
        _variables.AddRange(outer);
        Add(name, body);
    }

    private void Add(string name, ListNode root)
    {
        if (_trees.TryGetValue(name, out TemplateTree? existing) && !existing.Root.IsBlank)
        {
            if (!root.IsBlank)
            {
                throw Error($"template: multiple definition of template {GoQuote.Quote(name)}");
            }

            return;
        }

        _trees[name] = new TemplateTree(name, _name, _text, root);
    }

    private (ListNode Body, TemplateNode End) ItemList()
    {
        if (++_depth > DepthMax)
        {
            throw Error("max expression depth exceeded");
        }

        var list = new ListNode(PeekSolid().Position);
        while (PeekSolid().Kind != TokenKind.End)
        {
            TemplateNode node = TextOrAction();
            if (node is EndNode or ElseNode)
            {
                _depth--;
                return (list, node);
            }

            list.Nodes.Add(node);
        }

        throw Error("unexpected EOF");
    }

    private TemplateNode TextOrAction()
    {
        TemplateToken token = Next();
        while (token.Kind == TokenKind.Space)
        {
            token = Next();
        }

        switch (token.Kind)
        {
            case TokenKind.Text:
                return new TextNode(token.Position, token.Text);
            case TokenKind.LeftDelimiter:
                _actionLine = token.Line;
                TemplateNode action = Action();
                _actionLine = 0;
                return action;
            default:
                throw Unexpected(token, "input");
        }
    }

    private TemplateNode Action()
    {
        TemplateToken token = NextSolid();
        switch (token.Kind)
        {
            case TokenKind.Block:
                return Block();
            case TokenKind.Break:
                return LoopControl(token, new BreakNode(token.Position), "break");
            case TokenKind.Continue:
                return LoopControl(token, new ContinueNode(token.Position), "continue");
            case TokenKind.Else:
                return Else(token);
            case TokenKind.EndKeyword:
                Expect(TokenKind.RightDelimiter, "end");
                return new EndNode(token.Position);
            case TokenKind.If:
                return Branch(token, BranchKind.If);
            case TokenKind.Range:
                return Branch(token, BranchKind.Range);
            case TokenKind.With:
                return Branch(token, BranchKind.With);
            case TokenKind.Template:
                return TemplateCall();
            default:
                Backup(token);
                return new ActionNode(token.Position, Pipeline("command", TokenKind.RightDelimiter));
        }
    }

    private TemplateNode LoopControl(TemplateToken token, TemplateNode node, string word)
    {
        TemplateToken next = NextSolid();
        if (next.Kind != TokenKind.RightDelimiter)
        {
            throw Unexpected(next, "{{" + word + "}}");
        }

        return _rangeDepth > 0 ? node : throw Error("{{" + word + "}} outside {{range}}");
    }

    private ElseNode Else(TemplateToken token)
    {
        // "else if" and "else with" belong to what follows.
        if (PeekSolid().Kind is not (TokenKind.If or TokenKind.With))
        {
            Expect(TokenKind.RightDelimiter, "else");
        }

        return new ElseNode(token.Position);
    }

    private BranchNode Branch(TemplateToken token, BranchKind kind)
    {
        string context = kind.ToString().ToLowerInvariant();
        int variables = _variables.Count;
        PipeNode pipe = Pipeline(context, TokenKind.RightDelimiter);
        _rangeDepth += kind == BranchKind.Range ? 1 : 0;
        (ListNode body, TemplateNode end) = ItemList();
        _rangeDepth -= kind == BranchKind.Range ? 1 : 0;
        ListNode? elseBody = null;
        if (end is ElseNode)
        {
            TemplateToken next = PeekSolid();
            if ((kind == BranchKind.If && next.Kind == TokenKind.If) || (kind == BranchKind.With && next.Kind == TokenKind.With))
            {
                NextSolid();
                elseBody = new ListNode(next.Position);
                elseBody.Nodes.Add(Branch(next, kind));
            }
            else
            {
                (elseBody, end) = ItemList();
                if (end is not EndNode)
                {
                    throw Error($"expected end; found {end}");
                }
            }
        }

        _variables.RemoveRange(variables, _variables.Count - variables);
        return new BranchNode(token.Position, kind, pipe, body, elseBody);
    }

    private TemplateCallNode Block()
    {
        const string Context = "block clause";
        TemplateToken nameToken = NextSolid();
        string name = TemplateName(nameToken, Context);
        PipeNode pipe = Pipeline(Context, TokenKind.RightDelimiter);
        List<string> outer = [.. _variables];
        _variables.Clear();
        _variables.Add("$");
        (ListNode body, TemplateNode end) = ItemList();
        if (end is not EndNode)
        {
            throw Error($"unexpected {end} in {Context}");
        }

        _variables.Clear();
        _variables.AddRange(outer);
        Add(name, body);
        return new TemplateCallNode(nameToken.Position, name, pipe);
    }

    private TemplateCallNode TemplateCall()
    {
        const string Context = "template clause";
        TemplateToken nameToken = NextSolid();
        string name = TemplateName(nameToken, Context);
        PipeNode? pipe = null;
        TemplateToken next = NextSolid();
        if (next.Kind != TokenKind.RightDelimiter)
        {
            Backup(next);
            pipe = Pipeline(Context, TokenKind.RightDelimiter);
        }

        return new TemplateCallNode(nameToken.Position, name, pipe);
    }

    private string TemplateName(TemplateToken token, string context) =>
        token.Kind is TokenKind.String or TokenKind.RawString ? Unquote(token) : throw Unexpected(token, context);

    private PipeNode Pipeline(string context, TokenKind end)
    {
        if (++_depth > DepthMax)
        {
            throw Error("max expression depth exceeded");
        }

        var pipe = new PipeNode(PeekSolid().Position);
        Declarations(pipe, context);
        while (true)
        {
            TemplateToken token = NextSolid();
            if (token.Kind == end)
            {
                Check(pipe, context);
                _depth--;
                return pipe;
            }

            switch (token.Kind)
            {
                case TokenKind.Boolean or TokenKind.CharConstant or TokenKind.Dot or TokenKind.Field or TokenKind.Identifier or TokenKind.Number
                    or TokenKind.Nil or TokenKind.RawString or TokenKind.String or TokenKind.Variable or TokenKind.LeftParen:
                    Backup(token);
                    pipe.Commands.Add(Command());
                    break;
                default:
                    throw Unexpected(token, context);
            }
        }
    }

    private void Declarations(PipeNode pipe, string context)
    {
        while (PeekSolid().Kind == TokenKind.Variable)
        {
            TemplateToken variable = NextSolid();

            // A space tells "$x 23" from "$x" with an argument.
            TemplateToken afterVariable = Next();
            TemplateToken next = afterVariable.Kind == TokenKind.Space ? NextSolid() : afterVariable;
            if (next.Kind is TokenKind.Assign or TokenKind.Declare)
            {
                pipe.IsAssignment = next.Kind == TokenKind.Assign;
                pipe.Variables.Add(new VariableNode(variable.Position, [variable.Text]));
                if (!pipe.IsAssignment)
                {
                    _variables.Add(variable.Text);
                }
                else if (!_variables.Contains(variable.Text))
                {
                    throw Error($"undefined variable {GoQuote.Quote(variable.Text)}");
                }

                // With several variables the first ones are declared by the same sign.
                return;
            }

            if (next is { Kind: TokenKind.Char, Text: "," })
            {
                pipe.Variables.Add(new VariableNode(variable.Position, [variable.Text]));
                _variables.Add(variable.Text);
                if (context == "range" && pipe.Variables.Count < 2)
                {
                    if (PeekSolid().Kind is TokenKind.Variable or TokenKind.RightDelimiter or TokenKind.RightParen)
                    {
                        continue;
                    }

                    throw Error("range can only initialize variables");
                }

                throw Error($"too many declarations in {context}");
            }

            Backup(next);
            if (afterVariable.Kind == TokenKind.Space)
            {
                Backup(afterVariable);
            }

            Backup(variable);
            return;
        }
    }

    private void Check(PipeNode pipe, string context)
    {
        if (pipe.Commands.Count == 0)
        {
            throw Error($"missing value for {context}");
        }

        for (int i = 1; i < pipe.Commands.Count; i++)
        {
            if (pipe.Commands[i].Arguments[0] is BooleanNode or DotNode or NilNode or NumberNode or StringNode)
            {
                throw Error($"non executable command in pipeline stage {i + 1}");
            }
        }
    }

    private CommandNode Command()
    {
        var command = new CommandNode(PeekSolid().Position);
        while (true)
        {
            PeekSolid();
            if (Operand() is { } operand)
            {
                command.Arguments.Add(operand);
            }

            TemplateToken token = Next();
            switch (token.Kind)
            {
                case TokenKind.Space:
                    continue;
                case TokenKind.RightDelimiter or TokenKind.RightParen:
                    Backup(token);
                    break;
                case TokenKind.Pipe:
                    break;
                default:
                    throw Unexpected(token, "operand");
            }

            return command.Arguments.Count > 0 ? command : throw Error("empty command");
        }
    }

    private TemplateNode? Operand()
    {
        TemplateNode? node = Term();
        if (node is null || Peek().Kind != TokenKind.Field)
        {
            return node;
        }

        var chain = new ChainNode(Peek().Position, node);
        while (Peek().Kind == TokenKind.Field)
        {
            chain.Fields.Add(Next().Text[1..]);
        }

        return node switch
        {
            FieldNode field => new FieldNode(chain.Position, [.. field.Path, .. chain.Fields]),
            VariableNode variable => new VariableNode(chain.Position, [.. variable.Path, .. chain.Fields]),
            BooleanNode or StringNode or NumberNode or NilNode or DotNode => throw Error($"unexpected . after term {GoQuote.Quote(node.ToString()!)}"),
            _ => chain,
        };
    }

    private TemplateNode? Term()
    {
        TemplateToken token = NextSolid();
        switch (token.Kind)
        {
            case TokenKind.Identifier:
                return _hasFunction(token.Text)
                    ? new IdentifierNode(token.Position, token.Text)
                    : throw Error($"function {GoQuote.Quote(token.Text)} not defined");
            case TokenKind.Dot:
                return new DotNode(token.Position);
            case TokenKind.Nil:
                return new NilNode(token.Position);
            case TokenKind.Variable:
                return _variables.Contains(token.Text)
                    ? new VariableNode(token.Position, [token.Text])
                    : throw Error($"undefined variable {GoQuote.Quote(token.Text)}");
            case TokenKind.Field:
                return new FieldNode(token.Position, [token.Text[1..]]);
            case TokenKind.Boolean:
                return new BooleanNode(token.Position, token.Text == "true");
            case TokenKind.CharConstant:
                return new NumberNode(token.Position, token.Text, CharConstant(token));
            case TokenKind.Number:
                return new NumberNode(token.Position, token.Text, Number(token));
            case TokenKind.LeftParen:
                return Pipeline("parenthesized pipeline", TokenKind.RightParen);
            case TokenKind.String or TokenKind.RawString:
                return new StringNode(token.Position, token.Text, Unquote(token));
            default:
                Backup(token);
                return null;
        }
    }

    private NumberLiteral Number(TemplateToken token)
    {
        try
        {
            return NumberSyntax.Parse(token.Text);
        }
        catch (FormatException error)
        {
            throw Error(error.Message);
        }
    }

    private NumberLiteral CharConstant(TemplateToken token)
    {
        string text = Unquote(token);
        bool isOne = Rune.DecodeFromUtf16(text, out Rune rune, out int length) == System.Buffers.OperationStatus.Done && length == text.Length;
        return isOne ? new NumberLiteral(rune.Value, rune.Value) : throw Error($"malformed character constant: {token.Text}");
    }

    private string Unquote(TemplateToken token) =>
        GoUnquote.TryUnquote(token.Text, out string text) ? text : throw Error("invalid syntax");

    private TemplateToken Next()
    {
        if (_pending.Count > 0)
        {
            TemplateToken token = _pending[^1];
            _pending.RemoveAt(_pending.Count - 1);
            return token;
        }

        return _newest = _lexer.Next();
    }

    private TemplateToken NextSolid()
    {
        TemplateToken token = Next();
        while (token.Kind == TokenKind.Space)
        {
            token = Next();
        }

        return token;
    }

    private TemplateToken Peek()
    {
        TemplateToken token = Next();
        Backup(token);
        return token;
    }

    private TemplateToken PeekSolid()
    {
        TemplateToken token = NextSolid();
        Backup(token);
        return token;
    }

    // The token given back last comes first.
    private void Backup(TemplateToken token) => _pending.Add(token);

    private void Expect(TokenKind kind, string context)
    {
        TemplateToken token = NextSolid();
        if (token.Kind != kind)
        {
            throw Unexpected(token, context);
        }
    }

    private TemplateException Unexpected(TemplateToken token, string context)
    {
        if (token.Kind != TokenKind.Error)
        {
            return Error($"unexpected {token} in {context}");
        }

        string started = "";
        if (_actionLine != 0 && _actionLine != token.Line)
        {
            started = $"{(token.Text.EndsWith(" action", StringComparison.Ordinal) ? "" : " in action")} started at {_name}:{_actionLine}";
        }

        return Error(token.Text + started);
    }

    private TemplateException Error(string message) => new($"template: {_name}:{_newest.Line}: {message}");
}
