using Narthex.Model;

namespace Narthex.Exposition;

/// <content>Start timestamps, which stand in lines of their own: <c>…_created</c>, behind the lines of the series that they are about.</content>
/// <remarks>
/// Such a line belongs to all lines of its family in front of it that have the same labels, but for <c>le</c> and <c>quantile</c>. Where another one comes first,
/// there is none for the present series: upstream looks no further either, as the standard wants the lines of a metric together.
/// </remarks>
public ref partial struct OpenMetricsParser
{
    private static ReadOnlySpan<byte> CreatedSuffix => "_created"u8;

    // Of types that count.
    private readonly bool MayHaveStart => _readsStarts && MetricType is MetricType.Counter or MetricType.Histogram or MetricType.Summary;

    /// <inheritdoc/>
    public long StartTimestampMs => MayHaveStart ? FindStart() : 0;

    private readonly bool IsCreatedLine(ReadOnlySpan<byte> identity) => MayHaveStart && NameOf(identity).EndsWith(CreatedSuffix);

    private long FindStart()
    {
        if (_position > _searchEnd)
        {
            Search();
        }

        return _createdLength > 0 && IsAbout(Identity, _body.Slice(_searchEnd, _createdLength)) ? _createdMs : 0;
    }

    /// <summary>Looks for the next line that tells a start, up to the end of the family.</summary>
    private void Search()
    {
        _createdLength = 0;
        for (int position = _position; ;)
        {
            _searchEnd = position;
            ReadOnlySpan<byte> rest = position < _body.Length ? _body[position..] : default;
            int lineLength = rest.IndexOf((byte)'\n');
            if (lineLength < 0 || rest[0] == (byte)'#')
            {
                return;
            }

            int nameLength = rest[0] == (byte)'{' ? 0 : Math.Max(0, rest.IndexOfAnyExcept(TextLexer.MetricNameBytes));
            int identityLength = rest[nameLength] == (byte)'{' ? LabelParser.FindEnd(rest, nameLength + 1) : nameLength;
            if (identityLength <= 0 || identityLength >= lineLength)
            {
                return;
            }

            if (NameOf(rest[..identityLength]).EndsWith(CreatedSuffix))
            {
                ReadOnlySpan<byte> value = rest[(identityLength + 1)..lineLength];
                int end = value.IndexOf((byte)' ');
                if (FloatParser.Parse(end < 0 ? value : value[..end], out double seconds) == FloatError.None)
                {
                    (_createdLength, _createdMs) = (identityLength, (long)(seconds * 1000));
                }

                return;
            }

            position += lineLength + 1;
        }
    }

    // A quoted name stands first in the braces.
    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> identity)
    {
        int brace = identity.IndexOf((byte)'{');
        if (brace != 0)
        {
            return brace < 0 ? identity : identity[..brace];
        }

        var parts = new RawLabels(identity);
        return parts.MoveNext() && parts.IsName ? parts.Value : default;
    }

    private readonly bool IsAbout(ReadOnlySpan<byte> series, ReadOnlySpan<byte> created)
    {
        ReadOnlySpan<byte> name = NameOf(series);
        ReadOnlySpan<byte> family = NameOf(created)[..^CreatedSuffix.Length];
        if (!name.StartsWith(family) || !IsSuffix(name[family.Length..]))
        {
            return false;
        }

        ReadOnlySpan<byte> without = MetricType switch
        {
            MetricType.Histogram => "le"u8,
            MetricType.Summary => "quantile"u8,
            _ => default,
        };
        var left = new RawLabels(series);
        var right = new RawLabels(created);
        while (true)
        {
            bool hasLeft = left.MoveToLabel(without);
            if (hasLeft != right.MoveToLabel(without))
            {
                return false;
            }

            if (!hasLeft)
            {
                return true;
            }

            if (!left.Label.SequenceEqual(right.Label) || !left.Value.SequenceEqual(right.Value))
            {
                return false;
            }
        }
    }

    private readonly bool IsSuffix(ReadOnlySpan<byte> suffix) => MetricType switch
    {
        _ when suffix.IsEmpty => true,
        MetricType.Counter => suffix.SequenceEqual("_total"u8),
        MetricType.Histogram => suffix.SequenceEqual("_bucket"u8) || suffix.SequenceEqual("_count"u8) || suffix.SequenceEqual("_sum"u8),
        _ => suffix.SequenceEqual("_count"u8) || suffix.SequenceEqual("_sum"u8),
    };

    /// <summary>What stands between the braces of a series, escapes and all. It ends where something looks unusual.</summary>
    private ref struct RawLabels
    {
        private ReadOnlySpan<byte> _rest;

        public RawLabels(ReadOnlySpan<byte> identity)
        {
            int brace = identity.IndexOf((byte)'{');
            _rest = brace < 0 ? default : identity[(brace + 1)..];
        }

        public ReadOnlySpan<byte> Label { get; private set; }

        public ReadOnlySpan<byte> Value { get; private set; }

        /// <summary>Whether it is a quoted metric name, which is the value then.</summary>
        public bool IsName { get; private set; }

        /// <summary>Goes to the next label that is not the one named.</summary>
        public bool MoveToLabel(ReadOnlySpan<byte> without)
        {
            while (MoveNext())
            {
                if (!IsName && !Label.SequenceEqual(without))
                {
                    return true;
                }
            }

            return false;
        }

        public bool MoveNext()
        {
            if (_rest.IsEmpty || _rest[0] == (byte)'}')
            {
                return false;
            }

            Label = default;
            if (_rest[0] == (byte)'"')
            {
                if (!TryReadQuoted(out ReadOnlySpan<byte> quoted))
                {
                    return false;
                }

                IsName = _rest.IsEmpty || _rest[0] != (byte)'=';
                if (IsName)
                {
                    Value = quoted;
                    SkipComma();
                    return true;
                }

                Label = quoted;
            }
            else
            {
                int equals = _rest.IndexOf((byte)'=');
                if (equals < 0)
                {
                    return false;
                }

                IsName = false;
                Label = _rest[..equals];
                _rest = _rest[equals..];
            }

            _rest = _rest[1..];
            if (_rest.IsEmpty || _rest[0] != (byte)'"' || !TryReadQuoted(out ReadOnlySpan<byte> value))
            {
                return false;
            }

            Value = value;
            SkipComma();
            return true;
        }

        private void SkipComma()
        {
            if (!_rest.IsEmpty && _rest[0] == (byte)',')
            {
                _rest = _rest[1..];
            }
        }

        private bool TryReadQuoted(out ReadOnlySpan<byte> text)
        {
            for (int i = 1; i < _rest.Length; i++)
            {
                if (_rest[i] == (byte)'\\')
                {
                    i++;
                }
                else if (_rest[i] == (byte)'"')
                {
                    text = _rest[1..i];
                    _rest = _rest[(i + 1)..];
                    return true;
                }
            }

            text = default;
            return false;
        }
    }
}
