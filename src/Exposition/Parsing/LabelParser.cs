using System.Buffers;
using System.Text.Unicode;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Reads what stands between braces.</summary>
internal static class LabelParser
{
    /// <summary>
    /// Finds the closing brace without looking at what stands in between, other than to tell quotes. The position behind the brace; -1 if
    /// there is none, and then <see cref="Parse"/> knows why. Where <see cref="Parse"/> succeeds, both end at the same place.
    /// </summary>
    public static int FindEnd(ReadOnlySpan<byte> body, int position)
    {
        while (true)
        {
            int length = body[position..].IndexOfAny((byte)'"', (byte)'}', (byte)'\n');
            if (length < 0)
            {
                return -1;
            }

            position += length + 1;
            switch (body[position - 1])
            {
                case (byte)'}':
                    return position;
                case (byte)'\n':
                    return -1;
                default:
                    position = SkipQuoted(body, position);
                    if (position < 0)
                    {
                        return -1;
                    }

                    break;
            }
        }
    }

    /// <summary>Reads strictly from behind the opening brace. The lexer is then behind the closing one.</summary>
    /// <param name="lexer">Stands behind the opening brace.</param>
    /// <param name="builder">Receives the labels; null to check only.</param>
    /// <param name="metricName">The name in front of the braces, or a quoted one found inside. Still escaped.</param>
    public static void Parse(ref TextLexer lexer, LabelsBuilder? builder, ref ReadOnlySpan<byte> metricName)
    {
        bool openMetrics = (lexer.Rules & LexerRules.OpenMetrics) != 0;
        bool exemplar = (lexer.Rules & LexerRules.Exemplar) != 0;
        Token token = lexer.NextInBraces(expectValue: false);
        while (token != Token.BraceClose)
        {
            if (token is not (Token.LabelName or Token.QuotedName))
            {
                throw ParseErrors.Unexpected("expected label name", lexer, token);
            }

            bool quoted = token == Token.QuotedName;
            ReadOnlySpan<byte> name = quoted ? lexer.TokenText[1..^1] : lexer.TokenText;
            token = lexer.NextInBraces(expectValue: false);

            // A quoted text without a value is the metric name.
            if (quoted && !exemplar && (token is Token.Comma or Token.BraceClose))
            {
                if (!metricName.IsEmpty)
                {
                    throw ParseErrors.WhileParsing("metric name already set", lexer);
                }

                metricName = name;
                if (token == Token.Comma)
                {
                    token = lexer.NextInBraces(expectValue: false);
                }

                continue;
            }

            if (token != Token.Equal)
            {
                throw ParseErrors.Unexpected("expected equal", lexer, token);
            }

            token = lexer.NextInBraces(expectValue: true);
            if (token != Token.LabelValue)
            {
                throw ParseErrors.Unexpected("expected label value", lexer, token);
            }

            ReadOnlySpan<byte> value = lexer.TokenText;
            if (!Utf8.IsValid(value))
            {
                throw new ExpositionException("invalid UTF-8 label value: " + ParseErrors.Quote(value));
            }

            if (builder is not null)
            {
                AddUnescaped(builder, name, value[1..^1]);
            }

            token = lexer.NextInBraces(expectValue: false);
            if (token == Token.Comma)
            {
                token = lexer.NextInBraces(expectValue: false);
            }
            else if (openMetrics && token != Token.BraceClose)
            {
                throw ParseErrors.Unexpected("expected comma or brace close", lexer, token);
            }
        }
    }

    /// <summary>Adds a label whose name and value may have escapes.</summary>
    public static void AddUnescaped(LabelsBuilder builder, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.IndexOf((byte)'\\') < 0 && value.IndexOf((byte)'\\') < 0)
        {
            builder.Add(name, value);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(name.Length + value.Length);
        int nameLength = Unescape(name, buffer, quotes: true);
        int valueLength = Unescape(value, buffer.AsSpan(nameLength), quotes: true);
        builder.Add(buffer.AsSpan(0, nameLength), buffer.AsSpan(nameLength, valueLength));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Resolves escapes of backslash, line feed and (if <paramref name="quotes"/>) double quote; others stay as they are. The length written.</summary>
    public static int Unescape(ReadOnlySpan<byte> text, Span<byte> destination, bool quotes)
    {
        int written = 0;
        while (true)
        {
            int plain = text.IndexOf((byte)'\\');
            if (plain < 0 || plain == text.Length - 1)
            {
                text.CopyTo(destination[written..]);
                return written + text.Length;
            }

            text[..plain].CopyTo(destination[written..]);
            written += plain;
            byte escaped = text[plain + 1];
            int consumed = 2;
            switch (escaped)
            {
                case (byte)'n':
                    destination[written++] = (byte)'\n';
                    break;
                case (byte)'\\':
                    destination[written++] = (byte)'\\';
                    break;
                case (byte)'"' when quotes:
                    destination[written++] = (byte)'"';
                    break;
                default:
                    destination[written++] = (byte)'\\';
                    consumed = 1;
                    break;
            }

            text = text[(plain + consumed)..];
        }
    }

    private static int SkipQuoted(ReadOnlySpan<byte> body, int position)
    {
        while (true)
        {
            int length = body[position..].IndexOfAny((byte)'"', (byte)'\\');
            if (length < 0)
            {
                return -1;
            }

            position += length + 1;
            if (body[position - 1] == (byte)'"')
            {
                return position;
            }

            if (++position > body.Length)
            {
                return -1;
            }
        }
    }
}
