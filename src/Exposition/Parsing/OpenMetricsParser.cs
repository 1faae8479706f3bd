using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Reads OpenMetrics text 0.0.1 and 1.0.0 as leniently as upstream's scrape parser does: it does not enforce all that the standard demands.</summary>
public ref partial struct OpenMetricsParser : IExpositionParser
{
    private readonly ReadOnlySpan<byte> _body;
    private int _position;
    private int _entryStart;
    private int _identityStart;
    private int _identityLength;
    private int _nameLength;
    private int _exemplarStart;
    private double _exemplarValue;
    private long _exemplarTimestampMs;
    private bool _exemplarHasTimestamp;
    private readonly bool _readsStarts;

    // The search for a start: its result holds for all series up to where it ended.
    private int _searchEnd;
    private int _createdLength; // 0: it found nothing.
    private long _createdMs;

    /// <param name="body">What was exposed.</param>
    /// <param name="readsStarts">Whether <c>_created</c> lines of counting types say since when their series count. They are no series of their own then.</param>
    public OpenMetricsParser(ReadOnlySpan<byte> body, bool readsStarts = false)
    {
        _body = body;
        _readsStarts = readsStarts;
        _searchEnd = -1;
    }

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
    public bool HasExemplar { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> FamilyName { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <inheritdoc/>
    public MetricType MetricType { get; private set; }

    /// <inheritdoc/>
    public bool TryNextKnownSeries(int identityLength, ulong identityHash)
    {
        ReadOnlySpan<byte> rest = Rest;
        if (identityLength == 0 || identityLength >= rest.Length || rest[0] == (byte)'#' || rest[identityLength] != (byte)' '
            || SeriesIdentity.Hash(rest[..identityLength]) != identityHash
            || (_readsStarts && IsCreatedLine(rest[..identityLength])))
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
        if (length > rest.Length || rest.IsEmpty || (rest[0] != (byte)'#' && !MayHaveStart) || SeriesIdentity.Hash(rest[..length]) != hash)
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
        EntryKind kind = ReadEntry();
        while (_readsStarts && kind == EntryKind.Series && IsCreatedLine(Identity))
        {
            kind = ReadEntry();
        }

        return kind;
    }

    private EntryKind ReadEntry()
    {
        _entryStart = _position;
        _identityLength = 0;
        if (_position >= _body.Length)
        {
            throw NoEof();
        }

        byte first = _body[_position];
        if (first == (byte)'#')
        {
            return ReadMeta();
        }

        if (first == (byte)'{')
        {
            _nameLength = 0;
            ReadBraces(_position);
            return EntryKind.Series;
        }

        if (!TextLexer.IsMetricNameStart(first))
        {
            throw Unexpected("expected a valid start token", Token.Invalid, _position, _position);
        }

        _identityStart = _position;
        int length = _body[_position..].IndexOfAnyExcept(TextLexer.MetricNameBytes);
        int end = length < 0 ? _body.Length : _position + length;
        _nameLength = end - _position;
        if (end < _body.Length && _body[end] == (byte)'{')
        {
            ReadBraces(end);
        }
        else
        {
            _identityLength = _nameLength;
            ReadSample(end);
        }

        return EntryKind.Series;
    }

    /// <inheritdoc/>
    public readonly void ParseLabels(LabelsBuilder? builder)
    {
        ReadOnlySpan<byte> identity = Identity;
        int nameLength = identity.IndexOf((byte)'{');
        ReadOnlySpan<byte> name = nameLength < 0 ? identity : identity[..nameLength];
        if (nameLength >= 0)
        {
            var lexer = new TextLexer(_body, LexerRules.OpenMetrics, _identityStart + nameLength + 1) { EntryStart = _entryStart };
            LabelParser.Parse(ref lexer, builder, ref name);
            if (name.IsEmpty)
            {
                // Upstream has read the value already when it notices.
                int end = lexer.Position;
                TryReadWord(lexer.Position, ref end);
                throw ParseErrors.WhileParsing("metric name not set", LexerAt(end, end));
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
    public Exemplar ReadExemplar(LabelsBuilder scratch, long defaultTimestampMs)
    {
        HasExemplar = false;
        scratch.Reset();
        var lexer = new TextLexer(_body, LexerRules.OpenMetrics | LexerRules.Exemplar, _exemplarStart) { EntryStart = _entryStart };
        ReadOnlySpan<byte> none = default;
        LabelParser.Parse(ref lexer, scratch, ref none);
        return new Exemplar(scratch.ToLabels(), _exemplarValue, _exemplarHasTimestamp ? _exemplarTimestampMs : defaultTimestampMs)
        {
            IsTimeAssumed = !_exemplarHasTimestamp,
        };
    }

    /// <inheritdoc/>
    public readonly string ReadHelp() => HelpText.Unescape(Text, quotes: true);

    private EntryKind ReadMeta()
    {
        ReadOnlySpan<byte> rest = _body[_position..];
        if (rest.StartsWith("# EOF"u8))
        {
            int behind = rest.Length > 5 && rest[5] == (byte)'\n' ? 6 : 5;
            _position += behind;
            return behind == rest.Length ? EntryKind.End : throw new ExpositionException("unexpected data after # EOF");
        }

        EntryKind kind = rest.StartsWith("# HELP "u8) ? EntryKind.Help
            : rest.StartsWith("# TYPE "u8) ? EntryKind.Type
            : rest.StartsWith("# UNIT "u8) ? EntryKind.Unit
            : throw Unexpected("expected a valid start token", Token.Invalid, _position, _position + KeywordPrefix(rest));
        string keyword = kind == EntryKind.Help ? "HELP" : kind == EntryKind.Type ? "TYPE" : "UNIT";

        var lexer = LexerAt(_position + 7, _position + 7);
        if (!lexer.TryReadFamilyName())
        {
            throw ParseErrors.Unexpected("expected metric name after " + keyword, lexer, Token.Invalid);
        }

        rest = _body[lexer.Position..];
        int length = rest.IndexOf((byte)'\n');
        if (length < 1 || rest[0] != (byte)' ')
        {
            throw new ExpositionException("expected text in " + keyword);
        }

        FamilyName = _body[lexer.TokenStart] == (byte)'"' ? _body[(lexer.TokenStart + 1)..(lexer.Position - 1)] : _body[lexer.TokenStart..lexer.Position];
        Text = rest[1..length];
        _position = lexer.Position + length + 1;
        switch (kind)
        {
            case EntryKind.Help:
                HelpText.Check(Text);
                break;
            case EntryKind.Type:
                MetricType = ReadType(Text);
                break;
            default:
                CheckUnit();
                break;
        }

        return kind;
    }

    // How much of a meta line's beginning fits some keyword: upstream shows it up to the first byte that does not.
    private static int KeywordPrefix(ReadOnlySpan<byte> line)
    {
        int longest = line.CommonPrefixLength("# HELP "u8);
        longest = Math.Max(longest, line.CommonPrefixLength("# TYPE "u8));
        longest = Math.Max(longest, line.CommonPrefixLength("# UNIT "u8));
        return Math.Max(longest, line.CommonPrefixLength("# EOF"u8));
    }

    private static MetricType ReadType(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("counter"u8) ? MetricType.Counter
        : text.SequenceEqual("gauge"u8) ? MetricType.Gauge
        : text.SequenceEqual("histogram"u8) ? MetricType.Histogram
        : text.SequenceEqual("gaugehistogram"u8) ? MetricType.GaugeHistogram
        : text.SequenceEqual("summary"u8) ? MetricType.Summary
        : text.SequenceEqual("info"u8) ? MetricType.Info
        : text.SequenceEqual("stateset"u8) ? MetricType.StateSet
        : text.SequenceEqual("unknown"u8) ? MetricType.Unknown
        : throw new ExpositionException("invalid metric type " + ParseErrors.Quote(text));

    private readonly void CheckUnit()
    {
        if (Text.Length > 0
            && !(FamilyName.Length > Text.Length && FamilyName.EndsWith(Text) && FamilyName[^(Text.Length + 1)] == (byte)'_'))
        {
            throw new ExpositionException($"unit {ParseErrors.Quote(Text)} not a suffix of metric {ParseErrors.Quote(FamilyName)}");
        }
    }

    private void ReadBraces(int brace)
    {
        _identityStart = _position;
        int end = LabelParser.FindEnd(_body, brace + 1);
        if (end < 0)
        {
            // Finds the fault and says what it is.
            var lexer = new TextLexer(_body, LexerRules.OpenMetrics, brace + 1) { EntryStart = _entryStart };
            ReadOnlySpan<byte> name = _body.Slice(_identityStart, _nameLength);
            LabelParser.Parse(ref lexer, null, ref name);
            end = lexer.Position;
        }

        _identityLength = end - _identityStart;
        ReadSample(end);
    }

    private void ReadSample(int position)
    {
        HasTimestamp = false;
        HasExemplar = false;
        ReadOnlySpan<byte> body = _body;
        if (position < body.Length && body[position] == (byte)' '
            && FloatParser.TryReadShort(body[(position + 1)..], out double value, out int length)
            && position + 1 + length is var end && end < body.Length && body[end] == (byte)'\n')
        {
            Value = value;
            _position = end + 1;
            return;
        }

        ReadSampleSlowly(position);
    }

    private void ReadSampleSlowly(int position)
    {
        int identityEnd = position;
        Value = ReadNumber(ref position, "expected value after metric", identityEnd);
        if (TryReadLineEnd(ref position) || TryReadExemplarStart(ref position))
        {
            return;
        }

        int tokenStart = position;
        int end = position;
        if (!TryReadWord(position, ref end))
        {
            throw position >= _body.Length ? NoEof() : Unexpected("expected timestamp or # symbol", Token.Invalid, position, end);
        }

        TimestampMs = ReadTimestamp(tokenStart, end, "invalid timestamp ");
        HasTimestamp = true;
        position = end;
        if (!TryReadLineEnd(ref position) && !TryReadExemplarStart(ref position))
        {
            throw BadRecordEnd(position, "expected next entry after timestamp");
        }
    }

    private bool TryReadExemplarStart(ref int position)
    {
        if (!_body[position..].StartsWith(" # {"u8))
        {
            return false;
        }

        CheckLabelsFirst();
        position += 4;
        _exemplarStart = position;
        _exemplarHasTimestamp = false;
        var lexer = new TextLexer(_body, LexerRules.OpenMetrics | LexerRules.Exemplar, position) { EntryStart = _entryStart, TokenStart = position - 4 };
        ReadOnlySpan<byte> none = default;
        LabelParser.Parse(ref lexer, null, ref none);
        position = lexer.Position;
        _exemplarValue = ReadNumber(ref position, "expected value after exemplar labels", position - 1);
        HasExemplar = true;
        if (TryReadLineEnd(ref position))
        {
            return true;
        }

        int end = position;
        if (!TryReadWord(position, ref end))
        {
            throw position >= _body.Length ? NoEof() : Unexpected("expected timestamp or comment", Token.Invalid, position, end);
        }

        _exemplarTimestampMs = ReadTimestamp(position, end, "invalid exemplar timestamp ");
        _exemplarHasTimestamp = true;
        position = end;
        return TryReadLineEnd(ref position) ? true : throw BadRecordEnd(position, "expected next entry after exemplar timestamp");
    }

    private double ReadNumber(ref int position, string expected, int formerTokenStart)
    {
        int end = position;
        if (!TryReadWord(position, ref end))
        {
            if (position >= _body.Length)
            {
                // At the end of the input upstream still points at the token before.
                int start = formerTokenStart == position ? FormerTokenStart(position) : formerTokenStart;
                throw Unexpected(expected, Token.EndOfFile, start, position);
            }

            bool isBrace = _body[position] == (byte)'{';
            throw Unexpected(expected, isBrace ? Token.BraceOpen : Token.Invalid, position, isBrace ? position + 1 : end);
        }

        ReadOnlySpan<byte> text = _body[(position + 1)..end];
        FloatError error = FloatParser.Parse(text, out double value);
        if (error != FloatError.None)
        {
            CheckLabelsFirst();
            ParseErrors.ThrowFloat(error, text, LexerAt(position, end));
        }

        position = end;
        return value;
    }

    private readonly int FormerTokenStart(int position) =>
        position > 0 && _body[position - 1] == (byte)'}' ? position - 1 : _identityStart;

    private readonly long ReadTimestamp(int position, int end, string problem)
    {
        ReadOnlySpan<byte> text = _body[(position + 1)..end];
        FloatError error = FloatParser.Parse(text, out double seconds);
        if (error != FloatError.None)
        {
            CheckLabelsFirst();
            ParseErrors.ThrowFloat(error, text, LexerAt(position, end));
        }

        if (!double.IsFinite(seconds))
        {
            CheckLabelsFirst();
            throw new ExpositionException(problem + FloatFormat.FormatPlain(seconds));
        }

        // Saturates: no number in the body can wrap around.
        return (long)(seconds * 1000);
    }

    // A blank and what follows up to the next blank or line feed. If it is not there, the end is where the mismatch shows.
    private readonly bool TryReadWord(int position, ref int end)
    {
        end = position;
        if (position >= _body.Length || _body[position] != (byte)' ')
        {
            return false;
        }

        ReadOnlySpan<byte> rest = _body[(position + 1)..];
        int length = rest.IndexOfAny((byte)' ', (byte)'\n');
        length = length < 0 ? rest.Length : length;
        end = position + 1 + length;
        return length > 0;
    }

    private bool TryReadLineEnd(ref int position)
    {
        if (position < _body.Length && _body[position] == (byte)'\n')
        {
            position++;
            _position = position;
            return true;
        }

        return false;
    }

    private readonly ExpositionException BadRecordEnd(int position, string expected)
    {
        if (position >= _body.Length)
        {
            return NoEof();
        }

        int end = position;
        bool isWord = TryReadWord(position, ref end);
        return Unexpected(expected, isWord ? Token.Timestamp : Token.Invalid, position, end);
    }

    private readonly ExpositionException NoEof()
    {
        CheckLabelsFirst();
        return new ExpositionException("data does not end with # EOF");
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

    private readonly TextLexer LexerAt(int tokenStart, int position) =>
        new(_body, LexerRules.OpenMetrics, position) { EntryStart = _entryStart, TokenStart = tokenStart };
}
