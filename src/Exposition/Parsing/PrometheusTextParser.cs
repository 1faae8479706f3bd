using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Reads the classic text format 0.0.4, and 1.0.0 with quoted names, as leniently as upstream's scrape parser does.</summary>
public ref struct PrometheusTextParser(ReadOnlySpan<byte> body) : IExpositionParser
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _position;
    private int _entryStart;
    private int _identityStart;
    private int _identityLength;
    private int _nameLength;

    /// <summary>Metric name and labels of the series as they stand in the body.</summary>
    public readonly ReadOnlySpan<byte> Identity => _body.Slice(_identityStart, _identityLength);

    // The line feed that a body may lack at its end counts as read.
    private readonly ReadOnlySpan<byte> Rest => _body[Math.Min(_position, _body.Length)..];

    /// <inheritdoc/>
    public readonly int Position => _position;

    /// <inheritdoc/>
    public readonly int IdentityLength => _identityLength;

    /// <inheritdoc/>
    public readonly ulong IdentityHash => SeriesIdentity.Hash(Identity);

    /// <inheritdoc/>
    public readonly bool HasHistogram => false;

    /// <inheritdoc/>
    public readonly long StartTimestampMs => 0;

    /// <inheritdoc/>
    public readonly ExpositionGap GapSince(int position)
    {
        ReadOnlySpan<byte> lines = _body[Math.Min(position, _body.Length)..Math.Min(_entryStart, _body.Length)];

        // A line that the body cut off may go on next time.
        return lines.IsEmpty ? default : new ExpositionGap(lines.Length, SeriesIdentity.Hash(lines), lines[^1] == (byte)'\n');
    }

    /// <inheritdoc/>
    public double Value { get; private set; }

    /// <inheritdoc/>
    public bool HasTimestamp { get; private set; }

    /// <inheritdoc/>
    public long TimestampMs { get; private set; }

    /// <inheritdoc/>
    public readonly bool HasExemplar => false;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> FamilyName { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <inheritdoc/>
    public MetricType MetricType { get; private set; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryNextKnownSeries(int identityLength, ulong identityHash)
    {
        ReadOnlySpan<byte> rest = Rest;
        if (identityLength + 1 >= rest.Length || identityLength == 0 || rest[0] == (byte)'#')
        {
            return false;
        }

        // A bare name ends at a blank that no brace follows; a name with labels ends itself.
        bool isWhole = rest[identityLength - 1] == (byte)'}'
            || (rest[identityLength] == (byte)' ' && rest[identityLength + 1] is not ((byte)' ' or (byte)'\t' or (byte)'{'));
        if (!isWhole || SeriesIdentity.Hash(rest[..identityLength]) != identityHash)
        {
            return false;
        }

        _entryStart = _position;
        _identityStart = _position;
        _identityLength = identityLength;
        ReadSample(_position + identityLength);
        return true;
    }

    /// <inheritdoc/>
    public bool TrySkipKnown(int length, ulong hash, MetricType? type)
    {
        ReadOnlySpan<byte> rest = Rest;
        if (length > rest.Length || rest.IsEmpty || rest[0] is not ((byte)'#' or (byte)'\n') || SeriesIdentity.Hash(rest[..length]) != hash)
        {
            return false;
        }

        _position += length;
        MetricType = type ?? MetricType;
        return true;
    }

    /// <inheritdoc/>
    public EntryKind Next()
    {
        while (true)
        {
            _entryStart = _position;
            _identityLength = 0;
            SkipBlanks(ref _position);
            if (_position >= _body.Length)
            {
                return EntryKind.End;
            }

            byte first = _body[_position];
            switch (first)
            {
                case (byte)'\n':
                    _position++;
                    continue;
                case (byte)'#':
                    return ReadComment();
                case (byte)'{':
                    _nameLength = 0;
                    ReadBraces(_position);
                    return EntryKind.Series;
                default:
                    if (!TextLexer.IsMetricNameStart(first))
                    {
                        throw Unexpected("expected a valid start token", Token.Invalid, _position, _position);
                    }

                    ReadNamedSeries();
                    return EntryKind.Series;
            }
        }
    }

    /// <inheritdoc/>
    public readonly void ParseLabels(LabelsBuilder? builder)
    {
        int nameLength = _body[_identityStart..].IndexOfAnyExcept(TextLexer.MetricNameBytes);
        nameLength = nameLength < 0 ? _identityLength : Math.Min(nameLength, _identityLength);
        ReadOnlySpan<byte> name = _body.Slice(_identityStart, nameLength);
        int brace = _identityLength > nameLength ? Identity[nameLength..].IndexOf((byte)'{') : -1;
        if (brace >= 0)
        {
            var lexer = new TextLexer(_body, LexerRules.Classic, _identityStart + nameLength + brace + 1) { EntryStart = _entryStart };
            LabelParser.Parse(ref lexer, builder, ref name);
            if (name.IsEmpty)
            {
                throw NameNotSet(lexer.Position);
            }
        }

        if (builder is not null)
        {
            LabelParser.AddUnescaped(builder, LabelNames.MetricNameUtf8, name);
            BoundLabels.Normalise(builder, MetricType);
        }
    }

    /// <inheritdoc/>
    public readonly FloatHistogram ReadHistogram() => throw new InvalidOperationException("The text formats have no native histograms.");

    /// <inheritdoc/>
    public readonly Exemplar ReadExemplar(LabelsBuilder scratch, long defaultTimestampMs) =>
        throw new InvalidOperationException("The text format has no exemplars.");

    /// <inheritdoc/>
    public readonly string ReadHelp() => HelpText.Unescape(Text, quotes: false);

    private EntryKind ReadComment()
    {
        ReadOnlySpan<byte> rest = _body[_position..];
        int length = rest.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = length < 0 ? rest : rest[..length];
        int end = _position + line.Length;

        int keyword = 1;
        SkipBlanks(line, ref keyword);
        bool isHelp = line[keyword..].StartsWith("HELP"u8);
        bool isType = line[keyword..].StartsWith("TYPE"u8);
        int nameStart = keyword + 4;
        if (keyword == 1 || !(isHelp || isType) || nameStart >= line.Length || line[nameStart] is not ((byte)' ' or (byte)'\t'))
        {
            Text = line;
            _position = end + 1;
            return EntryKind.Comment;
        }

        SkipBlanks(line, ref nameStart);
        var lexer = new TextLexer(_body, LexerRules.Classic, _position + nameStart) { EntryStart = _entryStart };
        if (!lexer.TryReadFamilyName())
        {
            throw ParseErrors.Unexpected("expected metric name after " + (isHelp ? "HELP" : "TYPE"), lexer, Token.Invalid);
        }

        // A quoted name may have a raw line feed in it, so the line's end is looked for again.
        ReadOnlySpan<byte> behind = _body[Math.Min(lexer.Position, _body.Length)..];
        length = behind.IndexOf((byte)'\n');
        behind = length < 0 ? behind : behind[..length];
        _position = lexer.Position + behind.Length + 1;
        FamilyName = _body[lexer.TokenStart] == (byte)'"' ? _body[(lexer.TokenStart + 1)..(lexer.Position - 1)] : _body[lexer.TokenStart..lexer.Position];
        Text = behind.IsEmpty ? behind : behind[1..];
        if (isHelp)
        {
            HelpText.Check(Text);
            return EntryKind.Help;
        }

        MetricType = ReadType(Text);
        return EntryKind.Type;
    }

    private static MetricType ReadType(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("counter"u8) ? MetricType.Counter
        : text.SequenceEqual("gauge"u8) ? MetricType.Gauge
        : text.SequenceEqual("histogram"u8) ? MetricType.Histogram
        : text.SequenceEqual("summary"u8) ? MetricType.Summary
        : text.SequenceEqual("untyped"u8) ? MetricType.Unknown
        : throw new ExpositionException("invalid metric type " + ParseErrors.Quote(text));

    private void ReadNamedSeries()
    {
        _identityStart = _position;
        int length = _body[_position..].IndexOfAnyExcept(TextLexer.MetricNameBytes);
        int end = length < 0 ? _body.Length : _position + length;
        _nameLength = end - _position;
        int next = end;
        SkipBlanks(ref next);
        if (next < _body.Length && _body[next] == (byte)'{')
        {
            ReadBraces(next);
            return;
        }

        _identityLength = _nameLength;
        ReadSample(end);
    }

    private void ReadBraces(int brace)
    {
        _identityStart = _position;
        int end = LabelParser.FindEnd(_body, brace + 1);
        if (end < 0)
        {
            // Finds the fault and says what it is.
            _identityLength = _body.Length - _identityStart;
            var lexer = new TextLexer(_body, LexerRules.Classic, brace + 1) { EntryStart = _entryStart };
            ReadOnlySpan<byte> name = _body.Slice(_identityStart, _nameLength);
            LabelParser.Parse(ref lexer, null, ref name);
            end = lexer.Position;
        }

        _identityLength = end - _identityStart;
        ReadSample(end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReadSample(int position)
    {
        HasTimestamp = false;
        ReadOnlySpan<byte> body = _body;
        if (position < body.Length && body[position] == (byte)' ')
        {
            position++;
            if (FloatParser.TryReadShort(body[position..], out double value, out int length))
            {
                int end = position + length;
                if (end < body.Length && body[end] == (byte)'\n')
                {
                    Value = value;
                    _position = end + 1;
                    return;
                }
            }
        }

        ReadSampleSlowly(position);
    }

    private void ReadSampleSlowly(int position)
    {
        SkipBlanks(ref position);
        int end = position;
        while (end < _body.Length && _body[end] is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'{' or 0))
        {
            end++;
        }

        if (end == position)
        {
            bool isBrace = end < _body.Length && _body[end] == (byte)'{';
            throw Unexpected("expected value after metric", isBrace ? Token.BraceOpen : Token.Invalid, position, isBrace ? end + 1 : end);
        }

        ReadOnlySpan<byte> text = _body[position..end];
        FloatError error = FloatParser.Parse(text, out double value);
        if (error != FloatError.None)
        {
            CheckLabelsFirst();
            ParseErrors.ThrowFloat(error, text, LexerAt(position, end));
        }

        Value = value;
        position = end;
        SkipBlanks(ref position);
        end = position;
        while (end < _body.Length && char.IsAsciiDigit((char)_body[end]))
        {
            end++;
        }

        if (end > position)
        {
            if (!long.TryParse(_body[position..end], NumberStyles.None, CultureInfo.InvariantCulture, out long timestamp))
            {
                CheckLabelsFirst();
                throw ParseErrors.WhileParsing(
                    $"strconv.ParseInt: parsing {ParseErrors.Quote(_body[position..end])}: value out of range", LexerAt(position, end));
            }

            HasTimestamp = true;
            TimestampMs = timestamp;
            position = end;
            SkipBlanks(ref position);
        }

        if (position < _body.Length && _body[position] != (byte)'\n')
        {
            // A further number reads like another timestamp.
            int digits = position;
            while (HasTimestamp && digits < _body.Length && char.IsAsciiDigit((char)_body[digits]))
            {
                digits++;
            }

            throw Unexpected(
                HasTimestamp ? "expected next entry after timestamp" : "expected timestamp or new record",
                digits > position ? Token.Timestamp : Token.Invalid, position, digits);
        }

        _position = position + 1;
    }

    private readonly ExpositionException Unexpected(string expected, Token got, int tokenStart, int position)
    {
        CheckLabelsFirst();
        return ParseErrors.Unexpected(expected, LexerAt(tokenStart, position), got);
    }

    // Labels stand in front of the value, so a fault in them is the one to report.
    private readonly void CheckLabelsFirst()
    {
        if (_identityLength > 0)
        {
            ParseLabels(null);
        }
    }

    private readonly ExpositionException NameNotSet(int position)
    {
        // Upstream has read the value already when it notices.
        SkipBlanks(ref position);
        while (position < _body.Length && _body[position] is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'{' or 0))
        {
            position++;
        }

        return ParseErrors.WhileParsing("metric name not set", LexerAt(position, position));
    }

    private readonly TextLexer LexerAt(int tokenStart, int position) =>
        new(_body, LexerRules.Classic, position) { EntryStart = _entryStart, TokenStart = tokenStart };

    private readonly void SkipBlanks(ref int position) => SkipBlanks(_body, ref position);

    private static void SkipBlanks(ReadOnlySpan<byte> text, ref int position)
    {
        while (position < text.Length && text[position] is (byte)' ' or (byte)'\t')
        {
            position++;
        }
    }
}

/// <summary>Reads the text of a HELP line that was kept as it stood.</summary>
public static class HelpDecoder
{
    /// <summary>The text with its escapes resolved; those of double quotes only in OpenMetrics.</summary>
    public static string Decode(ReadOnlySpan<byte> text, bool openMetrics) => HelpText.Unescape(text, openMetrics);
}

/// <summary>Descriptions of metric families.</summary>
internal static class HelpText
{
    public static void Check(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            throw new ExpositionException($"help text {ParseErrors.Quote(text)} is not a valid utf8 string");
        }
    }

    public static string Unescape(ReadOnlySpan<byte> text, bool quotes)
    {
        if (text.IndexOf((byte)'\\') < 0)
        {
            return Encoding.UTF8.GetString(text);
        }

        byte[] buffer = new byte[text.Length];
        return Encoding.UTF8.GetString(buffer.AsSpan(0, LabelParser.Unescape(text, buffer, quotes)));
    }
}
