using System.Buffers;

namespace Narthex.Exposition;

/// <summary>The words of the text formats.</summary>
internal enum Token : byte
{
    Invalid,
    EndOfFile,
    Linebreak,
    MetricName,
    QuotedName,
    BraceOpen,
    BraceClose,
    LabelName,
    LabelValue,
    Comma,
    Equal,
    Value,
    Timestamp,
    Comment,
}

/// <summary>The differences between the text formats that matter inside braces.</summary>
[Flags]
internal enum LexerRules : byte
{
    /// <summary>Classic text: blanks anywhere, raw line feeds in quotes, an implied line feed at the end.</summary>
    Classic = 0,

    /// <summary>OpenMetrics: no blanks, no raw line feeds in quotes.</summary>
    OpenMetrics = 1,

    /// <summary>The labels of an exemplar: upstream refuses NUL bytes in their values.</summary>
    Exemplar = 2,
}

/// <summary>Cuts tokens off a body. After a call <see cref="TokenStart"/> and <see cref="Position"/> enclose the token, or end at the byte that fits nothing.</summary>
internal ref struct TextLexer(ReadOnlySpan<byte> body, LexerRules rules, int position)
{
    public static readonly SearchValues<byte> MetricNameBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789"u8);

    public static readonly SearchValues<byte> LabelNameBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"u8);

    private readonly ReadOnlySpan<byte> _body = body;

    public readonly LexerRules Rules = rules;
    public int EntryStart = position;
    public int TokenStart = position;
    public int Position = position;

    public readonly ReadOnlySpan<byte> TokenText => _body[TokenStart..Position];

    private readonly bool IsOpenMetrics => (Rules & LexerRules.OpenMetrics) != 0;

    /// <summary>The byte at the position; the classic format ends with an implied line feed; -1 beyond the end.</summary>
    public readonly int Current => Position < _body.Length ? _body[Position] : Position == _body.Length && !IsOpenMetrics ? '\n' : -1;

    public static bool IsMetricNameStart(int c) => char.IsAsciiLetter((char)c) || c is '_' or ':';

    /// <summary>A part of the body for an error message, the implied line feed included.</summary>
    public readonly byte[] Slice(int start, int end)
    {
        int available = Math.Clamp(end, 0, _body.Length);
        byte[] text = [.. _body[Math.Min(start, available)..available]];
        return end > _body.Length && !IsOpenMetrics ? [.. text, (byte)'\n'] : text;
    }

    /// <summary>The next token within braces; <paramref name="expectValue"/> after an equals sign.</summary>
    public Token NextInBraces(bool expectValue)
    {
        SkipBlanks();
        if (Current < 0)
        {
            // Upstream leaves the former token in place here.
            return Token.EndOfFile;
        }

        TokenStart = Position;
        int c = Current;
        if (c == '"')
        {
            return TryReadQuoted() ? expectValue ? Token.LabelValue : Token.QuotedName : Token.Invalid;
        }

        if (expectValue)
        {
            return Token.Invalid;
        }

        switch (c)
        {
            case '}':
                Position++;
                return Token.BraceClose;
            case ',':
                Position++;
                return Token.Comma;
            case '=':
                Position++;
                return Token.Equal;
            case '_':
            case >= 'a' and <= 'z':
            case >= 'A' and <= 'Z':
                SkipAll(LabelNameBytes);
                return Token.LabelName;
            default:
                return Token.Invalid;
        }
    }

    /// <summary>Skips blanks where the format allows them.</summary>
    public void SkipBlanks()
    {
        if (!IsOpenMetrics)
        {
            while (Position < _body.Length && _body[Position] is (byte)' ' or (byte)'\t')
            {
                Position++;
            }
        }
    }

    public void SkipAll(SearchValues<byte> bytes)
    {
        int length = _body[Position..].IndexOfAnyExcept(bytes);
        Position = length < 0 ? _body.Length : Position + length;
    }

    /// <summary>Reads a metric name, plain or quoted.</summary>
    public bool TryReadFamilyName()
    {
        TokenStart = Position;
        if (Current == '"')
        {
            return TryReadQuoted();
        }

        if (Current < 0 || !IsMetricNameStart(Current))
        {
            return false;
        }

        SkipAll(MetricNameBytes);
        return true;
    }

    /// <summary>Reads a text in double quotes from its opening quote. If it fails, the position is that of the byte that does not fit.</summary>
    public bool TryReadQuoted()
    {
        Position++;
        while (true)
        {
            ReadOnlySpan<byte> rest = _body[Position..];
            int length = (Rules & LexerRules.Exemplar) != 0 ? rest.IndexOfAny("\"\\\n\0"u8)
                : IsOpenMetrics ? rest.IndexOfAny((byte)'"', (byte)'\\', (byte)'\n')
                : rest.IndexOfAny((byte)'"', (byte)'\\');
            if (length < 0)
            {
                // The classic format's implied line feed counts as read.
                Position = _body.Length + (IsOpenMetrics ? 0 : 1);
                return false;
            }

            Position += length;
            switch (_body[Position])
            {
                case (byte)'"':
                    Position++;
                    return true;
                case (byte)'\\':
                    Position++;
                    if (Current is < 0 or '\n')
                    {
                        return false;
                    }

                    Position++;
                    break;
                default:
                    return false;
            }
        }
    }
}
