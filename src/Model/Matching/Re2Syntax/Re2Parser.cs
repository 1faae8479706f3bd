using System.Text;

namespace Narthex.Model.Re2Syntax;

/// <summary>Reads RE2 syntax. What RE2 refuses is refused, with the same message.</summary>
internal sealed class Re2Parser
{
    // RE2's own limits, so that an expression that works there works here, and the other way round.
    private const int RepeatMax = 1000;
    private const int DepthMax = 1000;

    private readonly string _pattern;
    private readonly List<string> _names = [];
    private int _position;
    private int _depth;
    private int _captures;
    private Flags _flags;

    private Re2Parser(string pattern, bool dotMatchesNewline)
    {
        _pattern = pattern;
        _flags = new Flags(FoldCase: false, MultiLine: false, DotMatchesNewline: dotMatchesNewline, Ungreedy: false);
    }

    private readonly record struct Flags(bool FoldCase, bool MultiLine, bool DotMatchesNewline, bool Ungreedy);

    private bool AtEnd => _position >= _pattern.Length;

    /// <exception cref="FormatException">The pattern is not RE2 syntax.</exception>
    public static Re2Node Parse(string pattern, bool dotMatchesNewline = true)
    {
        var parser = new Re2Parser(pattern, dotMatchesNewline);
        Re2Node node = parser.ParseAlternation();
        if (!parser.AtEnd)
        {
            throw Error("unexpected )", pattern);
        }

        CheckRepeats(node, 1, pattern);
        return node;
    }

    private Re2Node ParseAlternation()
    {
        if (++_depth > DepthMax)
        {
            throw Error("expression nests too deeply", _pattern);
        }

        // Flags set inside a group end with it.
        Flags outer = _flags;
        var options = new List<Re2Node> { ParseConcatenation() };
        while (!AtEnd && _pattern[_position] == '|')
        {
            _position++;
            options.Add(ParseConcatenation());
        }

        _flags = outer;
        _depth--;
        return options.Count == 1 ? options[0] : new AlternateNode(options);
    }

    private Re2Node ParseConcatenation()
    {
        var parts = new List<Re2Node>();
        bool repeatable = false;
        int lastRepeat = -1;
        while (!AtEnd && _pattern[_position] is not ('|' or ')'))
        {
            int start = _position;
            if (TryParseRepeat(out int min, out int max))
            {
                bool greedy = !_flags.Ungreedy;
                if (!AtEnd && _pattern[_position] == '?')
                {
                    _position++;
                    greedy = !greedy;
                }

                if (!repeatable)
                {
                    throw Error("missing argument to repetition operator", _pattern[start.._position]);
                }

                if (lastRepeat >= 0)
                {
                    throw Error("invalid nested repetition operator", _pattern[lastRepeat.._position]);
                }

                parts[^1] = new RepeatNode(parts[^1], min, max, greedy);
                lastRepeat = start;
                continue;
            }

            lastRepeat = -1;
            int count = parts.Count;
            ParseAtom(parts);
            repeatable = parts.Count > count || (repeatable && parts.Count > 0 && !WasFlagGroup(start));
        }

        return parts.Count == 1 ? parts[0] : new ConcatNode(parts);
    }

    private bool WasFlagGroup(int start) => string.CompareOrdinal(_pattern, start, "(?", 0, 2) == 0;

    // Leaves the position alone and answers false where there is no repetition; a brace that opens none is a literal.
    private bool TryParseRepeat(out int min, out int max)
    {
        (min, max) = (0, -1);
        switch (_pattern[_position])
        {
            case '*':
                _position++;
                return true;
            case '+':
                _position++;
                min = 1;
                return true;
            case '?':
                _position++;
                max = 1;
                return true;
            case '{':
                break;
            default:
                return false;
        }

        int start = _position;
        int at = _position + 1;
        if (!TryReadCount(ref at, out min))
        {
            return false;
        }

        max = min;
        if (at < _pattern.Length && _pattern[at] == ',')
        {
            at++;
            if (at < _pattern.Length && _pattern[at] == '}')
            {
                max = -1;
            }
            else if (!TryReadCount(ref at, out max))
            {
                return false;
            }
        }

        if (at >= _pattern.Length || _pattern[at] != '}')
        {
            return false;
        }

        _position = at + 1;
        if (min > RepeatMax || max > RepeatMax || (max >= 0 && min > max))
        {
            throw Error("invalid repeat count", _pattern[start.._position]);
        }

        return true;
    }

    private bool TryReadCount(ref int at, out int count)
    {
        count = 0;
        int start = at;
        while (at < _pattern.Length && char.IsAsciiDigit(_pattern[at]))
        {
            count = Math.Min((count * 10) + (_pattern[at] - '0'), RepeatMax + 1);
            at++;
        }

        // A leading zero makes it a literal, as in RE2.
        return at > start && !(at - start > 1 && _pattern[start] == '0');
    }

    private void ParseAtom(List<Re2Node> parts)
    {
        switch (_pattern[_position])
        {
            case '(':
                ParseGroup(parts);
                return;
            case '[':
                parts.Add(new ClassNode(ParseClass()));
                return;
            case '.':
                _position++;
                parts.Add(new AnyNode(_flags.DotMatchesNewline));
                return;
            case '^':
                _position++;
                parts.Add(new AnchorNode(_flags.MultiLine ? AnchorKind.BeginLine : AnchorKind.BeginText));
                return;
            case '$':
                _position++;
                parts.Add(new AnchorNode(_flags.MultiLine ? AnchorKind.EndLine : AnchorKind.EndText));
                return;
            case '\\':
                ParseEscape(parts);
                return;
            default:
                parts.Add(new LiteralNode(ReadRune(), _flags.FoldCase));
                return;
        }
    }

    private void ParseGroup(List<Re2Node> parts)
    {
        if (string.CompareOrdinal(_pattern, _position, "(?", 0, 2) != 0)
        {
            _position++;
            ParseCapture(parts, null);
            return;
        }

        if (string.CompareOrdinal(_pattern, _position, "(?P<", 0, 4) == 0 || string.CompareOrdinal(_pattern, _position, "(?<", 0, 3) == 0)
        {
            ParseCapture(parts, ReadGroupName());
            return;
        }

        int start = _position;
        _position += 2;
        Flags flags = _flags;
        bool set = true;
        bool sawFlag = false;
        while (!AtEnd)
        {
            char c = _pattern[_position++];
            switch (c)
            {
                case 'i':
                    flags = flags with { FoldCase = set };
                    sawFlag = true;
                    break;
                case 'm':
                    flags = flags with { MultiLine = set };
                    sawFlag = true;
                    break;
                case 's':
                    flags = flags with { DotMatchesNewline = set };
                    sawFlag = true;
                    break;
                case 'U':
                    flags = flags with { Ungreedy = set };
                    sawFlag = true;
                    break;
                case '-' when set:
                    set = false;
                    sawFlag = false;
                    break;
                case ')' when set || sawFlag:
                    _flags = flags;
                    return;
                case ':' when set || sawFlag:
                    Flags outer = _flags;
                    _flags = flags;
                    Re2Node inner = ParseAlternation();
                    _flags = outer;
                    ExpectClosing();
                    parts.Add(inner);
                    return;
                default:
                    throw Error("invalid or unsupported Perl syntax", _pattern[start.._position]);
            }
        }

        throw Error("missing closing )", _pattern);
    }

    private string ReadGroupName()
    {
        int start = _position;
        int nameStart = _pattern.IndexOf('<', start) + 1;
        int nameEnd = _pattern.IndexOf('>', nameStart);
        if (nameEnd < 0)
        {
            throw Error("invalid named capture", _pattern[start..]);
        }

        string name = _pattern[nameStart..nameEnd];
        _position = nameEnd + 1;
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw Error("invalid named capture", _pattern[start.._position]);
        }

        if (_names.Contains(name))
        {
            throw Error("duplicate capture group name", name);
        }

        _names.Add(name);
        return name;
    }

    private void ParseCapture(List<Re2Node> parts, string? name)
    {
        int index = ++_captures;
        Re2Node inner = ParseAlternation();
        ExpectClosing();
        parts.Add(new CaptureNode(index, name, inner));
    }

    private void ExpectClosing()
    {
        if (AtEnd)
        {
            throw Error("missing closing )", _pattern);
        }

        _position++;
    }

    private void ParseEscape(List<Re2Node> parts)
    {
        if (_position + 1 >= _pattern.Length)
        {
            throw Error("trailing backslash at end of expression", "");
        }

        char c = _pattern[_position + 1];
        AnchorKind? anchor = c switch
        {
            'A' => AnchorKind.BeginText,
            'z' => AnchorKind.EndText,
            'b' => AnchorKind.WordBoundary,
            'B' => AnchorKind.NoWordBoundary,
            _ => null,
        };
        if (anchor is { } kind)
        {
            _position += 2;
            parts.Add(new AnchorNode(kind));
            return;
        }

        if (c == 'Q')
        {
            _position += 2;
            while (!AtEnd && string.CompareOrdinal(_pattern, _position, "\\E", 0, 2) != 0)
            {
                parts.Add(new LiteralNode(ReadRune(), _flags.FoldCase));
            }

            _position = Math.Min(_position + 2, _pattern.Length);
            return;
        }

        if (TryParseNamedClass(out RuneSet? set))
        {
            parts.Add(new ClassNode(set!));
            return;
        }

        parts.Add(new LiteralNode(ReadEscapedRune(), _flags.FoldCase));
    }

    // \d \D \s \S \w \W \pN \p{Greek} \P{^L}
    private bool TryParseNamedClass(out RuneSet? set)
    {
        set = null;
        if (_position + 1 >= _pattern.Length || _pattern[_position] != '\\')
        {
            return false;
        }

        char c = _pattern[_position + 1];
        if (CharacterClasses.Perl(c) is { } perl)
        {
            _position += 2;
            perl = _flags.FoldCase ? perl.WithCaseVariants() : perl;
            set = char.IsUpper(c) ? perl.Complement() : perl;
            return true;
        }

        if (c is not ('p' or 'P'))
        {
            return false;
        }

        int start = _position;
        _position += 2;
        if (AtEnd)
        {
            throw Error("invalid character class range", _pattern[start..]);
        }

        string name;
        if (_pattern[_position] == '{')
        {
            int end = _pattern.IndexOf('}', _position);
            if (end < 0)
            {
                throw Error("invalid character class range", _pattern[start..]);
            }

            name = _pattern[(_position + 1)..end];
            _position = end + 1;
        }
        else
        {
            int nameStart = _position;
            ReadRune();
            name = _pattern[nameStart.._position];
        }

        bool negated = c == 'P';
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }

        RuneSet named = CharacterClasses.Unicode(name) ?? throw Error("invalid character class range", _pattern[start.._position]);
        named = _flags.FoldCase ? named.WithCaseVariants() : named;
        set = negated ? named.Complement() : named;
        return true;
    }

    private int ReadEscapedRune()
    {
        int start = _position;
        _position++;
        if (AtEnd)
        {
            throw Error("trailing backslash at end of expression", "");
        }

        int c = ReadRune();
        switch (c)
        {
            case 'a':
                return '\a';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'x':
                return ReadHexRune(start);
            case >= '1' and <= '7' when AtEnd || _pattern[_position] is < '0' or > '7':
                break; // A single digit would be a back reference, which RE2 does not have.
            case >= '0' and <= '7':
                int value = c - '0';
                for (int i = 1; i < 3 && !AtEnd && _pattern[_position] is >= '0' and <= '7'; i++)
                {
                    value = (value * 8) + (_pattern[_position++] - '0');
                }

                return value;
            case < 0x80 when !char.IsAsciiLetterOrDigit((char)c):
                return c;
            default:
                break;
        }

        throw Error("invalid escape sequence", _pattern[start.._position]);
    }

    private int ReadHexRune(int start)
    {
        if (!AtEnd && _pattern[_position] == '{')
        {
            int end = _pattern.IndexOf('}', _position);
            if (end > _position + 1
                && int.TryParse(
                    _pattern.AsSpan(_position + 1, end - _position - 1),
                    System.Globalization.NumberStyles.AllowHexSpecifier,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out int braced)
                && braced is >= 0 and <= RuneSet.RuneMax)
            {
                _position = end + 1;
                return braced;
            }
        }
        else if (_position + 2 <= _pattern.Length && char.IsAsciiHexDigit(_pattern[_position]) && char.IsAsciiHexDigit(_pattern[_position + 1]))
        {
            int value = Convert.ToInt32(_pattern.Substring(_position, 2), 16);
            _position += 2;
            return value;
        }

        throw Error("invalid escape sequence", _pattern[start..Math.Min(_position + 1, _pattern.Length)]);
    }

    private RuneSet ParseClass()
    {
        int start = _position;
        _position++;
        bool negated = !AtEnd && _pattern[_position] == '^';
        if (negated)
        {
            _position++;
        }

        var ranges = new List<(int, int)>();
        bool first = true;
        while (AtEnd || _pattern[_position] != ']' || first)
        {
            if (AtEnd)
            {
                throw Error("missing closing ]", _pattern[start..]);
            }

            first = false;
            if (TryParsePosixClass(ranges))
            {
                continue;
            }

            if (TryParseNamedClass(out RuneSet? named))
            {
                ranges.AddRange(named!.Ranges);
                continue;
            }

            int rangeStart = _position;
            int low = ReadClassRune(start);
            int high = low;
            if (_position + 1 < _pattern.Length && _pattern[_position] == '-' && _pattern[_position + 1] != ']')
            {
                _position++;
                high = ReadClassRune(start);
                if (high < low)
                {
                    throw Error("invalid character class range", _pattern[rangeStart.._position]);
                }
            }

            ranges.Add((low, high));
        }

        _position++;
        RuneSet set = RuneSet.Of(ranges);
        set = _flags.FoldCase ? set.WithCaseVariants() : set;
        return negated ? set.Complement() : set;
    }

    private bool TryParsePosixClass(List<(int, int)> ranges)
    {
        if (string.CompareOrdinal(_pattern, _position, "[:", 0, 2) != 0)
        {
            return false;
        }

        int end = _pattern.IndexOf(":]", _position + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        string text = _pattern[_position..(end + 2)];
        string name = text[2..^2];
        bool negated = name.StartsWith('^');
        RuneSet set = CharacterClasses.Posix(negated ? name[1..] : name) ?? throw Error("invalid character class range", text);
        ranges.AddRange((negated ? set.Complement() : set).Ranges);
        _position = end + 2;
        return true;
    }

    private int ReadClassRune(int classStart)
    {
        if (AtEnd)
        {
            throw Error("missing closing ]", _pattern[classStart..]);
        }

        return _pattern[_position] == '\\' ? ReadEscapedRune() : ReadRune();
    }

    private int ReadRune()
    {
        Rune.DecodeFromUtf16(_pattern.AsSpan(_position), out Rune rune, out int consumed);
        _position += consumed;
        return rune.Value;
    }

    // The product of nested counts is what the automaton's size grows with, so that is limited, as in RE2.
    private static void CheckRepeats(Re2Node node, int product, string pattern)
    {
        switch (node)
        {
            case RepeatNode repeat:
                int count = Math.Max(repeat.Max, repeat.Min);
                int inner = count > 1 ? product * count : product;
                if (inner > RepeatMax)
                {
                    throw Error("invalid repeat count", "{" + (repeat.Min == repeat.Max ? repeat.Min : repeat.Max < 0 ? repeat.Min + "," : repeat.Min + "," + repeat.Max) + "}");
                }

                CheckRepeats(repeat.Inner, inner, pattern);
                break;
            case CaptureNode capture:
                CheckRepeats(capture.Inner, product, pattern);
                break;
            case ConcatNode concat:
                foreach (Re2Node part in concat.Parts)
                {
                    CheckRepeats(part, product, pattern);
                }

                break;
            case AlternateNode alternate:
                foreach (Re2Node option in alternate.Options)
                {
                    CheckRepeats(option, product, pattern);
                }

                break;
        }
    }

    private static FormatException Error(string fault, string text) => new($"error parsing regexp: {fault}: `{text}`");
}
