using Narthex.Model;

namespace Narthex.Templating.Syntax;

/// <summary>Kinds of tokens. Those from <see cref="Dot"/> on are words of the language.</summary>
internal enum TokenKind : byte
{
    Error,
    End,
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Identifier,
    Field,
    Variable,
    Boolean,
    Number,
    CharConstant,
    String,
    RawString,
    Assign,
    Declare,
    Pipe,
    LeftParen,
    RightParen,
    Char,
    Dot,
    Block,
    Break,
    Continue,
    Define,
    Else,
    EndKeyword,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// <summary>A token, and where it begins: the character and the line, counted from 1.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Position, int Line)
{
    /// <summary>As error messages name it.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.End => "EOF",
        TokenKind.Error => Text,
        > TokenKind.Dot => $"<{Text}>",
        _ when Text.Length > 10 => GoQuote.Quote(Text[..10]) + "...",
        _ => GoQuote.Quote(Text),
    };
}
