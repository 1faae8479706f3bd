using System.Text;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>Unwinds the parser after a fault that it cannot read past. Never leaves the parser.</summary>
internal sealed class SyntaxErrorException : Exception;

/// <summary>The tokens of a query with a look at the next two, and the list of faults.</summary>
internal sealed class TokenReader
{
    private readonly byte[] _input;
    private readonly Lexer _lexer;
    private readonly List<PromQLParseError> _errors;
    private readonly Queue<Token> _ahead = new();

    public TokenReader(byte[] input, List<PromQLParseError> errors)
    {
        _input = input;
        _lexer = new Lexer(input);
        _errors = errors;
        Current = Read();
    }

    public Token Current { get; private set; }

    /// <summary>Where the last consumed token ended.</summary>
    public int LastEnd { get; private set; }

    /// <summary>What everything that is being read lies in, for faults without a narrower place. Empty if it lies in nothing.</summary>
    public string Enclosing { get; set; } = "";

    public Token Peek()
    {
        // Never past an error or the end: the lexer's state is void there.
        if (Current.Kind is TokenKind.Error or TokenKind.EndOfInput)
        {
            return Current;
        }

        if (_ahead.Count == 0)
        {
            _ahead.Enqueue(Read());
        }

        return _ahead.Peek();
    }

    public Token Take()
    {
        Token taken = Current;
        LastEnd = taken.End;
        if (taken.Kind is not (TokenKind.Error or TokenKind.EndOfInput))
        {
            Current = _ahead.Count > 0 ? _ahead.Dequeue() : Read();
        }

        return taken;
    }

    public bool TryTake(TokenKind kind)
    {
        if (Current.Kind != kind)
        {
            return false;
        }

        Take();
        return true;
    }

    public Token Expect(TokenKind kind, string context, string expected) => Current.Kind == kind ? Take() : throw Unexpected(context, expected);

    public void AddError(PositionRange position, string message) => _errors.Add(new PromQLParseError(position, message));

    public SyntaxErrorException Fail(PositionRange position, string message)
    {
        AddError(position, message);
        return new SyntaxErrorException();
    }

    /// <summary>The current token does not belong here. A fault of the lexer is reported as such.</summary>
    public SyntaxErrorException Unexpected(string context, string expected)
    {
        context = context.Length > 0 ? context : Enclosing;
        if (Current.Kind == TokenKind.Error)
        {
            return Fail(Current.Position, Current.Text);
        }

        return Fail(
            Current.Position,
            "unexpected " + TokenText.Describe(Current, Encoding.UTF8.GetString(_input.AsSpan(Current.Start, Current.End - Current.Start))) + (context.Length > 0 ? " in " + context : "") + (expected.Length > 0 ? ", expected " + expected : ""));
    }

    private Token Read()
    {
        Token token;
        do
        {
            token = _lexer.Next();
        }
        while (token.Kind == TokenKind.Comment);
        return token;
    }
}
