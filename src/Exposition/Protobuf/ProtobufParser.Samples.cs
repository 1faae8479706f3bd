using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Narthex.Exposition.Protobuf;
using Narthex.Model;

namespace Narthex.Exposition;

/// <content>The metrics of a family and the samples that each of them gives.</content>
public ref partial struct ProtobufParser
{
    private const int SuffixLengthMax = 16;

    // A histogram can come in more than one form: they follow each other.
    [Flags]
    private enum Form : byte
    {
        None = 0,
        Native = 1,
        Listed = 2, // One sample, or count, sum and list.
        Converted = 4,
    }

    private enum Part : byte
    {
        None,
        Value,
        Count,
        Sum,
        Bucket,
        Quantile,
        Histogram,
    }

    /// <inheritdoc/>
    public readonly int IdentityLength => 1 + _name.Length + _labels.Length;

    /// <inheritdoc/>
    public readonly ulong IdentityHash
    {
        get
        {
            ulong bound = _part is Part.Bucket or Part.Quantile ? BitConverter.DoubleToUInt64Bits(_bound) : 0;
            ReadOnlySpan<ulong> parts = [_familyHash, _labelsHash, ((ulong)MetricType << 8) + (ulong)_part, bound];
            return SeriesIdentity.Hash(MemoryMarshal.AsBytes(parts));
        }
    }

    /// <inheritdoc/>
    public readonly bool HasTimestamp => TimestampMs != 0; // The format cannot tell a missing one from zero.

    /// <inheritdoc/>
    public readonly bool HasHistogram => _part == Part.Histogram;

    private readonly bool IsHistogramFamily => _kind is FamilyKind.Histogram or FamilyKind.GaugeHistogram;

    /// <inheritdoc/>
    public readonly FloatHistogram ReadHistogram()
    {
        FloatHistogram histogram = _form == Form.Converted ? _converted! : _histogram.ReadNative(_body, Encoding.UTF8.GetString(FamilyName));
        if (_kind == FamilyKind.GaugeHistogram)
        {
            histogram.CounterResetHint = CounterResetHint.Gauge;
        }

        return histogram;
    }

    /// <inheritdoc/>
    public readonly void ParseLabels(LabelsBuilder? builder)
    {
        if (builder is not null)
        {
            AddName(builder);
        }

        var reader = new WireReader(_body, _labels);
        while (reader.Read())
        {
            if (reader.Is(1, WireType.Bytes))
            {
                ReadLabel(reader.Bytes, out Range32 name, out Range32 value);
                if (name.IsEmpty || !Utf8.IsValid(Bytes(name)))
                {
                    throw new ExpositionException("invalid label name: " + Quoted(name)[1..^1]);
                }

                if (!Utf8.IsValid(Bytes(value)))
                {
                    throw new ExpositionException("invalid label value: " + Quoted(value)[1..^1]);
                }

                builder?.Add(Bytes(name), Bytes(value));
            }
        }

        if (builder is not null && _part is Part.Bucket or Part.Quantile)
        {
            Span<byte> bound = stackalloc byte[FloatFormat.PlainLengthMax];
            FloatFormat.TryFormatWithPoint(_bound, bound, out int length);
            builder!.Add(_part == Part.Bucket ? "le"u8 : "quantile"u8, bound[..length]);
        }
    }

    private readonly void AddName(LabelsBuilder builder)
    {
        ReadOnlySpan<byte> suffix = _part switch
        {
            Part.Count => "_count"u8,
            Part.Sum => "_sum"u8,
            Part.Bucket => "_bucket"u8,
            _ => default,
        };
        byte[] buffer = ArrayPool<byte>.Shared.Rent(_name.Length + SuffixLengthMax);
        FamilyName.CopyTo(buffer);
        suffix.CopyTo(buffer.AsSpan(_name.Length));
        builder.Add(LabelNames.MetricNameUtf8, buffer.AsSpan(0, _name.Length + suffix.Length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private readonly void ReadLabel(Range32 message, out Range32 name, out Range32 value)
    {
        name = value = default;
        var reader = new WireReader(_body, message);
        while (reader.Read())
        {
            name = reader.Is(1, WireType.Bytes) ? reader.Bytes : name;
            value = reader.Is(2, WireType.Bytes) ? reader.Bytes : value;
        }
    }

    private bool TryNextSample()
    {
        while (_hasMetric || TryReadMetric())
        {
            _hasMetric = true;
            if (TryNextPart())
            {
                FindExemplar();
                return true;
            }

            _hasMetric = false;
        }

        return false;
    }

    private bool TryReadMetric()
    {
        var reader = new WireReader(_body, _metrics);
        while (reader.Read())
        {
            if (reader.Is(4, WireType.Bytes))
            {
                _metrics = new Range32(reader.Position, _metrics.End);
                ReadMetric(reader.Bytes);
                return true;
            }
        }

        return false;
    }

    private void ReadMetric(Range32 message)
    {
        (TimestampMs, StartTimestampMs, _value, _labels) = (0, 0, default, default);
        int valueField = _kind switch
        {
            FamilyKind.Gauge => 2,
            FamilyKind.Counter => 3,
            FamilyKind.Summary => 4,
            FamilyKind.Untyped => 5,
            _ => 7,
        };
        var reader = new WireReader(_body, message);
        while (reader.Read())
        {
            if (reader.Is(1, WireType.Bytes))
            {
                _labels = new Range32(_labels.IsEmpty ? reader.FieldStart : _labels.Start, reader.Position);
            }
            else if (reader.Is(6, WireType.Varint))
            {
                TimestampMs = (long)reader.Number;
            }
            else if (reader.Is(valueField, WireType.Bytes))
            {
                _value = reader.Bytes;
            }
        }

        _labelsHash = SeriesIdentity.Hash(Bytes(_labels));
        _part = Part.None;
        _form = Form.None;
        _forms = Form.Listed;
        if (IsHistogramFamily)
        {
            _histogram = HistogramMessage.Scan(_body, _value);
            StartTimestampMs = _histogram.StartTimestampMs;
            _forms = ChooseForms();
        }
    }

    private readonly Form ChooseForms()
    {
        bool keepsClassic = (_histograms & HistogramParsing.KeepClassic) != 0;
        if (_histogram.IsNative && (_histograms & HistogramParsing.Native) != 0)
        {
            return keepsClassic && _histogram.BucketCount > 0 ? Form.Native | Form.Listed : Form.Native;
        }

        return (_histograms & HistogramParsing.ConvertClassic) == 0 ? Form.Listed
            : keepsClassic ? Form.Listed | Form.Converted
            : Form.Converted;
    }

    private bool TryNextPart()
    {
        if (_form == Form.Listed && TryNextListed())
        {
            return true;
        }

        // The next form is the lowest that is left.
        _form = (Form)((int)_forms & -(int)_forms);
        _forms &= ~_form;
        switch (_form)
        {
            case Form.None:
                return false;
            case Form.Listed:
                _part = Part.None;
                _listed = _value.Start;
                _isBehindLast = false;
                return TryNextListed();
            case Form.Converted:
                Convert();
                _part = Part.Histogram;
                return true;
            default:
                _part = Part.Histogram;
                return true;
        }
    }

    private bool TryNextListed()
    {
        if (_kind is FamilyKind.Counter or FamilyKind.Gauge or FamilyKind.Untyped)
        {
            if (_part == Part.Value)
            {
                return false;
            }

            _part = Part.Value;
            ReadValue();
            return true;
        }

        switch (_part)
        {
            case Part.None:
                _part = Part.Count;
                Value = IsHistogramFamily ? _histogram.TotalCount : ReadSummaryCount();
                return true;
            case Part.Count:
                _part = Part.Sum;
                Value = IsHistogramFamily ? _histogram.SampleSum : Number(2);
                return true;
            default:
                return IsHistogramFamily ? TryNextBucket() : TryNextQuantile();
        }
    }

    // All of the simple kinds have their value in the first field.
    private void ReadValue()
    {
        Value = 0;
        var reader = new WireReader(_body, _value);
        while (reader.Read())
        {
            if (reader.Is(1, WireType.Fixed64))
            {
                Value = reader.Double;
            }
            else if (_kind == FamilyKind.Counter && reader.Is(3, WireType.Bytes))
            {
                StartTimestampMs = TimestampMessage.ReadMs(_body, reader.Bytes);
            }
        }
    }

    private double ReadSummaryCount()
    {
        double count = 0;
        var reader = new WireReader(_body, _value);
        while (reader.Read())
        {
            if (reader.Is(1, WireType.Varint))
            {
                count = reader.Number;
            }
            else if (reader.Is(4, WireType.Bytes))
            {
                StartTimestampMs = TimestampMessage.ReadMs(_body, reader.Bytes);
            }
        }

        return count;
    }

    private readonly double Number(int field)
    {
        double number = 0;
        var reader = new WireReader(_body, _value);
        while (reader.Read())
        {
            number = reader.Is(field, WireType.Fixed64) ? reader.Double : number;
        }

        return number;
    }

    private bool TryNextQuantile()
    {
        if (!TryNextListedMessage(out Range32 quantile))
        {
            return false;
        }

        (_part, _bound, Value) = (Part.Quantile, 0, 0);
        var reader = new WireReader(_body, quantile);
        while (reader.Read())
        {
            _bound = reader.Is(1, WireType.Fixed64) ? reader.Double : _bound;
            Value = reader.Is(2, WireType.Fixed64) ? reader.Double : Value;
        }

        return true;
    }

    private bool TryNextBucket()
    {
        if (_isBehindLast)
        {
            return false;
        }

        _part = Part.Bucket;
        if (TryNextListedMessage(out Range32 message))
        {
            BucketMessage bucket = ReadBucket(message);
            (_bound, Value, _bucketExemplar) = (bucket.UpperBound, bucket.Count, bucket.Exemplar);
        }
        else
        {
            // The last bucket may be left out.
            (_bound, Value, _bucketExemplar) = (double.PositiveInfinity, _histogram.TotalCount, default);
        }

        _isBehindLast = double.IsPositiveInfinity(_bound);
        return true;
    }

    // Buckets and quantiles have the same field number.
    private bool TryNextListedMessage(out Range32 message)
    {
        var reader = new WireReader(_body, new Range32(_listed, _value.End));
        while (reader.Read())
        {
            if (reader.Is(HistogramMessage.Bucket, WireType.Bytes))
            {
                _listed = reader.Position;
                message = reader.Bytes;
                return true;
            }
        }

        _listed = _value.End;
        message = default;
        return false;
    }

    private readonly BucketMessage ReadBucket(Range32 message)
    {
        ulong count = 0;
        double countFloat = 0;
        double upperBound = 0;
        Range32 exemplar = default;
        var reader = new WireReader(_body, message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Varint):
                    count = reader.Number;
                    break;
                case (2, WireType.Fixed64):
                    upperBound = reader.Double;
                    break;
                case (3, WireType.Bytes):
                    exemplar = reader.Bytes;
                    break;
                case (4, WireType.Fixed64):
                    countFloat = reader.Double;
                    break;
                default:
                    break;
            }
        }

        return new BucketMessage(upperBound, countFloat != 0 ? countFloat : count, exemplar);
    }

    private void Convert()
    {
        ClassicHistogramCollector collector = _collector ??= new ClassicHistogramCollector();
        collector.Reset();
        collector.SetCount(_histogram.TotalCount);
        collector.SetSum(_histogram.SampleSum);
        _listed = _value.Start;
        while (TryNextListedMessage(out Range32 message))
        {
            BucketMessage bucket = ReadBucket(message);
            collector.AddBucket(bucket.UpperBound, bucket.Count);
        }

        if (!collector.TryConvert(out FloatHistogram histogram, out string fault))
        {
            throw new ExpositionException(fault);
        }

        _converted = histogram;
    }

    private readonly record struct BucketMessage(double UpperBound, double Count, Range32 Exemplar);
}
