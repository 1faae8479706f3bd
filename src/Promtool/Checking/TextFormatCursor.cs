using System.Buffers;
using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary>Reads the parts that lines of the text format are made of. What ends in the middle of a line is a fault: every line ends with a line feed.</summary>
internal sealed class TextFormatCursor(byte[] text)
{
    private int _at;

    public int Line { get; private set; } = 1;

    public bool IsAtEnd => _at >= text.Length;

    public char Current => IsAtEnd ? throw Fault("unexpected end of input stream") : (char)text[_at];

    public TextFormatException Fault(string fault) => new(Line, fault);

    public void Take()
    {
        Line += Current == '\n' ? 1 : 0;
        _at++;
    }

    public bool TryTake(char wanted)
    {
        if (Current != wanted)
        {
            return false;
        }

        Take();
        return true;
    }

    public void SkipBlanks()
    {
        while (!IsAtEnd && Current is ' ' or '\t')
        {
            _at++;
        }
    }

    /// <summary>Goes to the first text of the next line that has any. False at the end.</summary>
    public bool TryStartLine()
    {
        SkipBlanks();
        while (!IsAtEnd && Current == '\n')
        {
            Take();
            SkipBlanks();
        }

        return !IsAtEnd;
    }

    /// <summary>What is left of the line.</summary>
    public string ReadLine() => ReadTill("\n"u8);

    /// <summary>Up to a blank or the end of the line.</summary>
    public string ReadWord() => ReadTill(" \t\n"u8);

    /// <summary>A name without quotes; empty if there is none.</summary>
    public string ReadName(bool mayHaveColon)
    {
        int start = _at;
        while (Current is var c && (char.IsAsciiLetter(c) || c == '_' || (c == ':' && mayHaveColon) || (char.IsAsciiDigit(c) && _at > start)))
        {
            _at++;
        }

        return Text(start, _at);
    }

    /// <summary>A text behind its first quote.</summary>
    public string ReadQuoted(string what)
    {
        var bytes = new List<byte>();
        while (true)
        {
            char c = Current;
            switch (c)
            {
                case '"':
                    Take();
                    byte[] value = [.. bytes];
                    return IsUtf8(value) ? Encoding.UTF8.GetString(value) : throw Fault($"invalid {what} {Quote(value)}");
                case '\n':
                    throw Fault($"{what} {Quote([.. bytes])} contains unescaped new-line");
                case '\\':
                    Take();
                    bytes.Add(ReadEscaped(quotes: true));
                    break;
                default:
                    Take();
                    bytes.Add((byte)c);
                    break;
            }
        }
    }

    /// <summary>What is left of the line, where a backslash escapes.</summary>
    public void SkipEscapedLine()
    {
        while (Current != '\n')
        {
            bool isEscape = Current == '\\';
            Take();
            if (isEscape)
            {
                ReadEscaped(quotes: false);
            }
        }
    }

    /// <summary>A number as Go reads it, without hexadecimal digits and underscores.</summary>
    public static bool TryParseFloat(string word, out double value)
    {
        string digits = word.TrimStart('+', '-');
        bool isNegative = word.StartsWith('-');
        value = 0;
        if (digits.Length < word.Length - 1)
        {
            return false;
        }

        if (digits.Equals("inf", StringComparison.OrdinalIgnoreCase) || digits.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            value = isNegative ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        if (word.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            value = double.NaN;
            return true;
        }

        return digits.Length > 0 && (char.IsAsciiDigit(digits[0]) || digits[0] == '.')
            && double.TryParse(word, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value);
    }

    // Bytes that are no text are shown as such.
    private static string Quote(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder();
        while (!value.IsEmpty)
        {
            bool isValid = Rune.DecodeFromUtf8(value, out Rune rune, out int length) == OperationStatus.Done;
            text.Append(isValid ? GoQuote.Quote(rune.ToString())[1..^1] : $"\\x{value[0]:x2}");
            value = value[(isValid ? length : 1)..];
        }

        return $"\"{text}\"";
    }

    private static bool IsUtf8(byte[] value) => System.Text.Unicode.Utf8.IsValid(value);

    private byte ReadEscaped(bool quotes)
    {
        char c = Current;
        Take();
        return c switch
        {
            'n' => (byte)'\n',
            '\\' => (byte)'\\',
            '"' when quotes => (byte)'"',
            _ => throw Fault($"invalid escape sequence '\\{c}'"),
        };
    }

    private string ReadTill(ReadOnlySpan<byte> ends)
    {
        int length = text.AsSpan(_at).IndexOfAny(ends);
        int start = _at;
        _at = length < 0 ? text.Length : _at + length;
        return IsAtEnd ? throw Fault("unexpected end of input stream") : Text(start, _at);
    }

    private string Text(int start, int end) => Encoding.UTF8.GetString(text, start, end - start);
}
