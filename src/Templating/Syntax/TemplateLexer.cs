using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Templating.Syntax;

/// <summary>Cuts a template into tokens. An error is a token too, after which there is only the end.</summary>
internal sealed class TemplateLexer(string text)
{
    private const string LeftDelimiter = "{{";
    private const string RightDelimiter = "}}";
    private const string CommentStart = "/*";
    private const string CommentEnd = "*/";
    private const int TrimMarkerLength = 2;

    private static readonly Dictionary<string, TokenKind> s_words = new(StringComparer.Ordinal)
    {
        ["block"] = TokenKind.Block,
        ["break"] = TokenKind.Break,
        ["continue"] = TokenKind.Continue,
        ["define"] = TokenKind.Define,
        ["else"] = TokenKind.Else,
        ["end"] = TokenKind.EndKeyword,
        ["if"] = TokenKind.If,
        ["nil"] = TokenKind.Nil,
        ["range"] = TokenKind.Range,
        ["template"] = TokenKind.Template,
        ["with"] = TokenKind.With,
        ["true"] = TokenKind.Boolean,
        ["false"] = TokenKind.Boolean,
    };

    private int _at;
    private int _line = 1;
    private int _parens;
    private bool _insideAction;
    private bool _failed;

    /// <summary>The next token.</summary>
    public TemplateToken Next()
    {
        if (_failed)
        {
            return new TemplateToken(TokenKind.End, "", text.Length, _line);
        }

        return _insideAction ? NextInside() : NextOutside();
    }

    private TemplateToken NextOutside()
    {
        while (true)
        {
            int start = _at;
            int delimiter = text.IndexOf(LeftDelimiter, _at, StringComparison.Ordinal);
            int end = delimiter < 0 ? text.Length : delimiter;
            int trimmedEnd = delimiter >= 0 && HasLeftTrim(delimiter + LeftDelimiter.Length) ? TrimEnd(start, end) : end;
            if (trimmedEnd > start)
            {
                TemplateToken token = Take(TokenKind.Text, trimmedEnd);
                Skip(end);
                return token;
            }

            Skip(end);
            if (delimiter < 0)
            {
                return new TemplateToken(TokenKind.End, "", text.Length, _line);
            }

            int inside = delimiter + LeftDelimiter.Length + (HasLeftTrim(delimiter + LeftDelimiter.Length) ? TrimMarkerLength : 0);
            if (string.CompareOrdinal(text, inside, CommentStart, 0, CommentStart.Length) == 0)
            {
                if (SkipComment(inside) is { } error)
                {
                    return error;
                }

                continue;
            }

            TemplateToken left = new(TokenKind.LeftDelimiter, LeftDelimiter, delimiter, _line);
            Skip(inside);
            _insideAction = true;
            _parens = 0;
            return left;
        }
    }

    private TemplateToken? SkipComment(int inside)
    {
        int end = text.IndexOf(CommentEnd, inside, StringComparison.Ordinal);
        if (end < 0)
        {
            return Fail("unclosed comment");
        }

        end += CommentEnd.Length;
        bool trim = HasRightTrim(end);
        int delimiter = end + (trim ? TrimMarkerLength : 0);
        if (!IsAt(delimiter, RightDelimiter))
        {
            Skip(end);
            return Fail("comment ends before closing delimiter");
        }

        Skip(delimiter + RightDelimiter.Length);
        SkipTrimmed(trim);
        return null;
    }

    private TemplateToken NextInside()
    {
        bool trim = HasRightTrim(_at);
        int delimiter = _at + (trim ? TrimMarkerLength : 0);
        if (IsAt(delimiter, RightDelimiter))
        {
            if (_parens > 0)
            {
                return Fail("unclosed left paren");
            }

            Skip(delimiter);
            TemplateToken right = Take(TokenKind.RightDelimiter, _at + RightDelimiter.Length);
            SkipTrimmed(trim);
            _insideAction = false;
            return right;
        }

        if (_at >= text.Length)
        {
            return Fail("unclosed action");
        }

        char next = text[_at];
        return next switch
        {
            ' ' or '\t' or '\r' or '\n' => Space(),
            '=' => Take(TokenKind.Assign, _at + 1),
            ':' => IsAt(_at, ":=") ? Take(TokenKind.Declare, _at + 2) : Fail("expected :="),
            '|' => Take(TokenKind.Pipe, _at + 1),
            '"' => Quoted('"', TokenKind.String, "unterminated quoted string"),
            '`' => RawString(),
            '\'' => Quoted('\'', TokenKind.CharConstant, "unterminated character constant"),
            '$' => FieldOrVariable(TokenKind.Variable),
            '.' when _at + 1 >= text.Length || !char.IsAsciiDigit(text[_at + 1]) => FieldOrVariable(TokenKind.Field),
            '.' or '+' or '-' or (>= '0' and <= '9') => Number(),
            '(' => Open(),
            ')' => Close(),
            _ when IsAlphanumeric(_at, out _) => Identifier(),
            > ' ' and < (char)127 => Take(TokenKind.Char, _at + 1),
            _ => Fail("unrecognized character in action: " + Describe(_at)),
        };
    }

    private TemplateToken Space()
    {
        int end = _at;
        while (end < text.Length && IsSpace(text[end]))
        {
            // A space may belong to the closing delimiter.
            if (HasRightTrim(end) && IsAt(end + TrimMarkerLength, RightDelimiter))
            {
                break;
            }

            end++;
        }

        return end == _at ? NextInside() : Take(TokenKind.Space, end);
    }

    private TemplateToken Open()
    {
        _parens++;
        return Take(TokenKind.LeftParen, _at + 1);
    }

    private TemplateToken Close()
    {
        if (_parens == 0)
        {
            return Fail("unexpected right paren");
        }

        _parens--;
        return Take(TokenKind.RightParen, _at + 1);
    }

    private TemplateToken Quoted(char quote, TokenKind kind, string error)
    {
        for (int end = _at + 1; end < text.Length && text[end] != '\n'; end++)
        {
            if (text[end] == '\\' && end + 1 < text.Length && text[end + 1] != '\n')
            {
                end++;
            }
            else if (text[end] == quote)
            {
                return Take(kind, end + 1);
            }
        }

        return Fail(error);
    }

    private TemplateToken RawString()
    {
        int end = text.IndexOf('`', _at + 1);
        return end < 0 ? Fail("unterminated raw quoted string") : Take(TokenKind.RawString, end + 1);
    }

    private TemplateToken FieldOrVariable(TokenKind kind)
    {
        int end = _at + 1;
        if (IsTerminator(end))
        {
            return Take(kind == TokenKind.Variable ? TokenKind.Variable : TokenKind.Dot, end);
        }

        while (IsAlphanumeric(end, out int length))
        {
            end += length;
        }

        return IsTerminator(end) ? Take(kind, end) : Fail("bad character " + Describe(end));
    }

    private TemplateToken Identifier()
    {
        int end = _at;
        while (IsAlphanumeric(end, out int length))
        {
            end += length;
        }

        return IsTerminator(end)
            ? Take(s_words.GetValueOrDefault(text[_at..end], TokenKind.Identifier), end)
            : Fail("bad character " + Describe(end));
    }

    private TemplateToken Number()
    {
        int end = NumberSyntax.Scan(text, _at);
        return IsAlphanumeric(end, out int length)
            ? Fail("bad number syntax: " + GoQuote.Quote(text[_at..(end + length)]))
            : Take(TokenKind.Number, end);
    }

    private TemplateToken Take(TokenKind kind, int end)
    {
        var token = new TemplateToken(kind, text[_at..end], _at, _line);
        Skip(end);
        return token;
    }

    private TemplateToken Fail(string message)
    {
        _failed = true;
        return new TemplateToken(TokenKind.Error, message, _at, _line);
    }

    private void Skip(int end)
    {
        _line += text.AsSpan(_at, end - _at).Count('\n');
        _at = end;
    }

    private void SkipTrimmed(bool trim)
    {
        if (trim)
        {
            int end = _at;
            while (end < text.Length && IsSpace(text[end]))
            {
                end++;
            }

            Skip(end);
        }
    }

    private int TrimEnd(int start, int end)
    {
        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return end;
    }

    private bool HasLeftTrim(int at) => at + 1 < text.Length && text[at] == '-' && IsSpace(text[at + 1]);

    private bool HasRightTrim(int at) => at + 1 < text.Length && IsSpace(text[at]) && text[at + 1] == '-' && IsAt(at + TrimMarkerLength, RightDelimiter);

    private bool IsAt(int at, string what) => string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private bool IsTerminator(int at) =>
        at >= text.Length || IsSpace(text[at]) || text[at] is '.' or ',' or '|' or ':' or ')' or '(' || IsAt(at, RightDelimiter);

    private bool IsAlphanumeric(int at, out int length)
    {
        length = 0;
        if (at >= text.Length || Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int consumed) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        length = consumed;
        return rune.Value == '_' || Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private string Describe(int at)
    {
        Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out _);
        string code = "U+" + rune.Value.ToString("X4", CultureInfo.InvariantCulture);
        bool printable = rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
        return printable ? $"{code} '{rune}'" : code;
    }
}
