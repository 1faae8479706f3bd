using System.Buffers;
using System.Text;

namespace Narthex.PromQL.Syntax.Lexing;

/// <summary>Cuts a query into tokens, one at a time. After an error there is nothing more to cut.</summary>
internal sealed class Lexer(byte[] input)
{
    private readonly byte[] _input = input;
    private int _position;
    private int _start;
    private int _parenDepth;
    private bool _insideBraces;
    private bool _insideBrackets;
    private bool _sawColon;
    private bool _sawDuration;

    public Token Next()
    {
        SkipSpace();
        _start = _position;
        if (_position < _input.Length && _input[_position] == '#')
        {
            int end = _input.AsSpan(_position).IndexOf((byte)'\n');
            _position = end < 0 ? _input.Length : _position + end;
            return Emit(TokenKind.Comment);
        }

        return _insideBraces ? NextInsideBraces() : _insideBrackets ? NextInsideBrackets() : NextInStatement();
    }

    private static bool IsAlpha(int c) => c < 0x80 && (char.IsAsciiLetter((char)c) || c == '_');

    private static bool IsAlphanumeric(int c) => IsAlpha(c) || IsDigit(c);

    private static bool IsDigit(int c) => c is >= '0' and <= '9';

    private int Peek(int ahead = 0) => _position + ahead < _input.Length ? _input[_position + ahead] : -1;

    private void SkipSpace()
    {
        while (Peek() is ' ' or '\t' or '\n' or '\r')
        {
            _position++;
        }
    }

    private Token Emit(TokenKind kind) => new(kind, _start, _position, Encoding.UTF8.GetString(_input.AsSpan(_start, _position - _start)));

    private Token EmitLength(TokenKind kind, int length)
    {
        _position = _start + length;
        return Emit(kind);
    }

    private Token Fail(string message)
    {
        // The range of a fault found by the lexer reaches to the end: the rest was not looked at.
        _position = _input.Length;
        return new Token(TokenKind.Error, Math.Min(_start, _input.Length), _input.Length, message);
    }

    // The character at a place in quotes, as Go prints it.
    private string QuoteAt(int position)
    {
        if (Rune.DecodeFromUtf8(_input.AsSpan(position), out Rune rune, out _) != OperationStatus.Done)
        {
            rune = Rune.ReplacementChar;
        }

        string quoted = Narthex.Model.GoQuote.Quote(rune.ToString());
        return rune.Value switch { '\'' => "'\\''", '"' => "'\"'", _ => "'" + quoted[1..^1] + "'" };
    }

    private Token NextInStatement()
    {
        int c = Peek();
        switch (c)
        {
            case -1:
                return _parenDepth != 0 ? Fail("unclosed left parenthesis") : Emit(TokenKind.EndOfInput);
            case ',':
                return EmitLength(TokenKind.Comma, 1);
            case '=':
                return Peek(1) switch
                {
                    '=' => EmitLength(TokenKind.Eqlc, 2),
                    '~' => Fail("unexpected character after '=': '~'"),
                    _ => EmitLength(TokenKind.Eql, 1),
                };
            case '!':
                return Peek(1) == '=' ? EmitLength(TokenKind.Neq, 2)
                    : Fail("unexpected character after '!': " + (Peek(1) < 0 ? "'�'" : QuoteAt(_position + 1)));
            case '<':
                return Peek(1) switch
                {
                    '=' => EmitLength(TokenKind.Lte, 2),
                    '/' => EmitLength(TokenKind.TrimUpper, 2),
                    _ => EmitLength(TokenKind.Lss, 1),
                };
            case '>':
                return Peek(1) switch
                {
                    '=' => EmitLength(TokenKind.Gte, 2),
                    '/' => EmitLength(TokenKind.TrimLower, 2),
                    _ => EmitLength(TokenKind.Gtr, 1),
                };
            case '{':
                _insideBraces = true;
                return EmitLength(TokenKind.LeftBrace, 1);
            case '[':
                _insideBrackets = true;
                _sawColon = false;
                _sawDuration = false;
                return EmitLength(TokenKind.LeftBracket, 1);
            case ']':
                return Fail("unexpected right bracket ']'");
            case '@':
                return EmitLength(TokenKind.At, 1);
            case '"' or '\'' or '`':
                return StringToken();
            case ':':
                return IdentifierToken();
            default:
                break;
        }

        if (TryCommon(c, out Token token))
        {
            return token;
        }

        return IsAlpha(c) ? IdentifierToken() : Fail("unexpected character: " + QuoteAt(_position));
    }

    // What means the same inside and outside of brackets: arithmetic, parentheses, numbers.
    private bool TryCommon(int c, out Token token)
    {
        if (IsDigit(c) || (c == '.' && IsDigit(Peek(1))))
        {
            token = NumberOrDuration();
            return true;
        }

        TokenKind? kind = c switch
        {
            '+' => TokenKind.Add,
            '-' => TokenKind.Sub,
            '*' => TokenKind.Mul,
            '/' => TokenKind.Div,
            '%' => TokenKind.Mod,
            '^' => TokenKind.Pow,
            '(' => TokenKind.LeftParen,
            ')' => TokenKind.RightParen,
            _ => null,
        };
        if (kind == TokenKind.RightParen && _parenDepth == 0)
        {
            // It was taken for a token before it was counted, so that the fault stands behind it.
            _start = _position + 1;
            token = Fail("unexpected right parenthesis ')'");
            return true;
        }

        _parenDepth += kind switch { TokenKind.LeftParen => 1, TokenKind.RightParen => -1, _ => 0 };
        token = kind is { } known ? EmitLength(known, 1) : default;
        return kind is not null;
    }

    private Token NextInsideBraces()
    {
        int c = Peek();
        switch (c)
        {
            case -1:
                return Fail("unexpected end of input inside braces");
            case ',':
                return EmitLength(TokenKind.Comma, 1);
            case '"' or '\'' or '`':
                return StringToken();
            case '=':
                return Peek(1) == '~' ? EmitLength(TokenKind.EqlRegex, 2) : EmitLength(TokenKind.Eql, 1);
            case '!':
                return Peek(1) switch
                {
                    '~' => EmitLength(TokenKind.NeqRegex, 2),
                    '=' => EmitLength(TokenKind.Neq, 2),
                    -1 => Fail("unexpected end of input inside braces"),
                    _ => Fail("unexpected character after '!' inside braces: " + QuoteAt(_position + 1)),
                };
            case '{':
                return Fail("unexpected left brace '{'");
            case '}':
                _insideBraces = false;
                return EmitLength(TokenKind.RightBrace, 1);
        }

        if (!IsAlpha(c))
        {
            return Fail("unexpected character inside braces: " + QuoteAt(_position));
        }

        while (IsAlphanumeric(Peek()))
        {
            _position++;
        }

        return Emit(TokenKind.Identifier);
    }

    private Token NextInsideBrackets()
    {
        int c = Peek();
        switch (c)
        {
            case -1:
                return Fail("unexpected end of input in duration expression");
            case ']':
                _insideBrackets = false;
                return EmitLength(TokenKind.RightBracket, 1);
            case ':':
                if (!_sawDuration)
                {
                    return Fail("unexpected colon before duration in duration expression");
                }

                if (_sawColon)
                {
                    return Fail("unexpected repeated colon in duration expression");
                }

                _sawColon = true;
                return EmitLength(TokenKind.Colon, 1);
            case ',':
                return EmitLength(TokenKind.Comma, 1);
        }

        if (TryCommon(c, out Token token))
        {
            _sawDuration |= token.Kind is TokenKind.Number or TokenKind.Duration;
            return token;
        }

        if (!IsAlpha(c))
        {
            return Fail("unexpected character in duration expression: " + QuoteAt(_position));
        }

        Token word = IdentifierToken();
        if (word.Kind is TokenKind.Step or TokenKind.Range || IsMinMax(word))
        {
            _sawDuration = true;
            return word;
        }

        return Fail("unexpected character: " + QuoteAt(_start) + ", expected ':'");
    }

    internal static bool IsMinMax(Token word) => word.Kind == TokenKind.Identifier
        && (word.Text.Equals("min_of", StringComparison.OrdinalIgnoreCase) || word.Text.Equals("max_of", StringComparison.OrdinalIgnoreCase));

    private Token IdentifierToken()
    {
        bool isMetricName = false;
        while (IsAlphanumeric(Peek()) || Peek() == ':')
        {
            isMetricName |= Peek() == ':';
            if (isMetricName && _insideBrackets)
            {
                isMetricName = false;
                break;
            }

            _position++;
        }

        Token token = Emit(isMetricName ? TokenKind.MetricIdentifier : TokenKind.Identifier);
        return Keywords.Find(token.Text) is { } keyword ? token with { Kind = keyword } : token;
    }

    private Token NumberOrDuration()
    {
        if (TryScanNumber())
        {
            return Emit(TokenKind.Number);
        }

        int afterNumber = _position;
        _position = _start;
        if (TryScanDuration())
        {
            return Emit(TokenKind.Duration);
        }

        // The message shows the text up to the character at fault.
        int shown = Math.Min(Math.Max(afterNumber, _position) + 1, _input.Length);
        return Fail("bad number or duration syntax: " + Narthex.Model.GoQuote.Quote(Encoding.UTF8.GetString(_input.AsSpan(_start, shown - _start))));
    }

    private bool TryScanNumber()
    {
        if (Peek() == '0' && Peek(1) is 'x' or 'X')
        {
            _position += 2;
            return ScanDigits(hexadecimal: true) && !IsAlphanumeric(Peek()) && Peek() != '.';
        }

        bool hasWhole = ScanDigits(hexadecimal: false);
        if (Peek() == '_')
        {
            return false;
        }

        if (Peek() == '.')
        {
            _position++;
            bool hasFraction = ScanDigits(hexadecimal: false);
            if ((!hasWhole && !hasFraction) || Peek() == '_')
            {
                return false;
            }
        }

        if (Peek() is 'e' or 'E')
        {
            _position++;
            if (Peek() is '+' or '-')
            {
                _position++;
            }

            if (!ScanDigits(hexadecimal: false))
            {
                return false;
            }
        }

        return !IsAlphanumeric(Peek()) && Peek() != '.';
    }

    // Single underscores may stand between digits.
    private bool ScanDigits(bool hexadecimal)
    {
        int start = _position;
        while (IsDigitOf(Peek(), hexadecimal) || (_position > start && Peek() == '_' && IsDigitOf(Peek(1), hexadecimal)))
        {
            _position++;
        }

        return _position > start;
    }

    private static bool IsDigitOf(int c, bool hexadecimal) => IsDigit(c) || (hexadecimal && c >= 0 && char.IsAsciiHexDigit((char)c));

    // Order and limits of the units are checked when the duration is read.
    private bool TryScanDuration()
    {
        while (IsDigit(Peek()))
        {
            while (IsDigit(Peek()))
            {
                _position++;
            }

            if (Peek() == 'm' && Peek(1) == 's')
            {
                _position += 2;
            }
            else if (Peek() is 'y' or 'w' or 'd' or 'h' or 'm' or 's')
            {
                _position++;
            }
            else
            {
                return false;
            }
        }

        return !IsAlphanumeric(Peek()) && Peek() != '.';
    }

    private Token StringToken()
    {
        string? error = StringLiterals.TryRead(_input, ref _position, out string text);
        return error is null ? new Token(TokenKind.String, _start, _position, text) : Fail(error);
    }
}
