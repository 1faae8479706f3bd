namespace Narthex.PromQL.Syntax.Lexing;

internal enum TokenKind : byte
{
    EndOfInput,
    Error,
    Comment,
    Identifier,
    MetricIdentifier,
    String,
    Number,
    Duration,

    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    Eql,

    // Operators.
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Eqlc,
    Neq,
    Lss,
    Lte,
    Gtr,
    Gte,
    EqlRegex,
    NeqRegex,
    TrimUpper,
    TrimLower,
    At,
    Land,
    Lor,
    Lunless,
    Atan2,

    // Aggregations.
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,

    // Keywords.
    Bool,
    By,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Ignoring,
    Offset,
    On,
    Without,
    Anchored,
    Smoothed,
    Start,
    End,
    Step,
    Range,
}

/// <summary>A piece of a query; positions count UTF-8 bytes. The text of an error is its message, of a string what it stands for.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int End, string Text)
{
    public PositionRange Position => new(Start, End);

    public bool IsOperator => Kind is >= TokenKind.Add and <= TokenKind.Atan2;

    public bool IsAggregation => Kind is >= TokenKind.Sum and <= TokenKind.LimitRatio;

    public bool IsKeyword => Kind is >= TokenKind.Bool;
}
