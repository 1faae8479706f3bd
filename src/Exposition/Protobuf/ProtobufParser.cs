using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using Narthex.Exposition.Protobuf;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Reads length-delimited messages <c>io.prometheus.client.MetricFamily</c>, which is the only format with native histograms.</summary>
/// <remarks>
/// <para>
/// The messages are never decoded as such. A family, one of its metrics and one part of that metric (a bucket, say) are ranges of the body; a
/// sample is read when the cursor comes to it. A metric of a histogram or summary gives the samples that the text formats would have:
/// count, sum, and one for each bucket or quantile.
/// </para>
/// <para>
/// A series has no bytes of its own here. Its identity is made of the family's name, the bytes of the metric's labels, and which part it is.
/// </para>
/// </remarks>
public ref partial struct ProtobufParser : IExpositionParser
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly HistogramParsing _histograms;
    private Stage _stage;
    private EntryKind _pending;
    private bool _hasPending;
    private int _nextFamily;

    private Range32 _name;
    private Range32 _help;
    private Range32 _unit;
    private FamilyKind _kind;
    private Range32 _metrics; // What is left of the family.
    private ulong _familyHash;
    private ExpositionGap _header;
    private bool _isBehindHeader;

    private bool _hasMetric;
    private Range32 _labels;
    private ulong _labelsHash;
    private Range32 _value; // The message of the family's kind.
    private HistogramMessage _histogram;
    private Form _forms; // What is still to come of the metric.
    private Form _form;
    private Part _part;
    private int _listed; // Where to look for the next bucket or quantile in the message.
    private double _bound;
    private bool _isBehindLast;
    private ClassicHistogramCollector? _collector;
    private FloatHistogram? _converted;

    private Range32 _bucketExemplar;
    private Range32 _exemplar;
    private int _exemplarsLeftFrom;

    /// <param name="body">The body of a scrape.</param>
    /// <param name="histograms">What to make of histograms.</param>
    public ProtobufParser(ReadOnlySpan<byte> body, HistogramParsing histograms)
    {
        _body = body;
        _histograms = histograms;
    }

    private enum Stage : byte
    {
        Family,
        Help,
        Unit,
        Samples,
        End,
    }

    // Upstream's numbers.
    private enum FamilyKind : ulong
    {
        Counter,
        Gauge,
        Summary,
        Untyped,
        Histogram,
        GaugeHistogram,
    }

    /// <inheritdoc/>
    public readonly int Position => _nextFamily;

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> FamilyName => Bytes(_name);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <inheritdoc/>
    public MetricType MetricType { get; private set; }

    /// <inheritdoc/>
    public double Value { get; private set; }

    /// <inheritdoc/>
    public long TimestampMs { get; private set; }

    /// <inheritdoc/>
    public long StartTimestampMs { get; private set; }

    /// <inheritdoc/>
    public bool HasExemplar { get; private set; }

    /// <inheritdoc/>
    public EntryKind Next()
    {
        if (_hasPending)
        {
            _hasPending = false;
            return _pending;
        }

        return Advance();
    }

    /// <inheritdoc/>
    public bool TryNextKnownSeries(int identityLength, ulong identityHash)
    {
        if (Peek() != EntryKind.Series || IdentityLength != identityLength || IdentityHash != identityHash)
        {
            return false;
        }

        _hasPending = false;
        return true;
    }

    /// <inheritdoc/>
    public bool TrySkipKnown(int length, ulong hash, MetricType? type)
    {
        if (Peek() != EntryKind.Help || _header.Length != length || _header.Hash != hash)
        {
            return false;
        }

        _hasPending = false;
        _stage = Stage.Samples;
        return true;
    }

    /// <inheritdoc/>
    public readonly ExpositionGap GapSince(int position) => _isBehindHeader ? _header : default;

    /// <inheritdoc/>
    public readonly string ReadHelp() => System.Text.Encoding.UTF8.GetString(Bytes(_help));

    private EntryKind Peek()
    {
        if (!_hasPending)
        {
            _pending = Advance();
            _hasPending = true;
        }

        return _pending;
    }

    private EntryKind Advance()
    {
        switch (_stage)
        {
            case Stage.Help when !_unit.IsEmpty:
                _stage = Stage.Unit;
                Text = Bytes(_unit);
                return EntryKind.Unit;
            case Stage.Help or Stage.Unit:
                _stage = Stage.Samples;
                _isBehindHeader = true;
                return EntryKind.Type;
            case Stage.Samples:
                // The header counts as read in front of the first sample only.
                _isBehindHeader &= !_hasMetric;
                return TryNextSample() ? EntryKind.Series : NextFamily();
            case Stage.End:
                return EntryKind.End;
            default:
                return NextFamily();
        }
    }

    private EntryKind NextFamily()
    {
        _isBehindHeader = false;
        _hasMetric = false;
        while (_nextFamily < _body.Length)
        {
            var reader = new WireReader(_body, new Range32(_nextFamily, _body.Length));
            ulong length = reader.ReadVarint();
            if (length > (ulong)(_body.Length - reader.Position))
            {
                int prefix = reader.Position - _nextFamily;
                throw new ExpositionException(
                    $"clientpb: insufficient length of buffer, expected at least {length + (ulong)prefix} bytes, got {_body.Length - _nextFamily} bytes");
            }

            var message = new Range32(reader.Position, reader.Position + (int)length);
            _nextFamily = message.End;
            if (ReadFamily(message))
            {
                _stage = Stage.Help;
                Text = Bytes(_help);
                return EntryKind.Help;
            }
        }

        _stage = Stage.End;
        return EntryKind.End;
    }

    // False for a family without metrics: it is passed over, whatever it declares.
    private bool ReadFamily(Range32 message)
    {
        (_name, _help, _unit, _kind) = (default, default, default, FamilyKind.Counter);
        int first = -1;
        int end = message.Start;
        var reader = new WireReader(_body, message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Bytes):
                    _name = reader.Bytes;
                    break;
                case (2, WireType.Bytes):
                    _help = reader.Bytes;
                    break;
                case (3, WireType.Varint):
                    _kind = (FamilyKind)reader.Number;
                    break;
                case (4, WireType.Bytes):
                    first = first < 0 ? reader.FieldStart : first;
                    end = reader.Position;
                    break;
                case (5, WireType.Bytes):
                    _unit = reader.Bytes;
                    break;
                default:
                    break;
            }
        }

        if (first < 0)
        {
            return false;
        }

        CheckFamily();
        _metrics = new Range32(first, end);
        _familyHash = SeriesIdentity.Hash(Bytes(_name));
        ReadOnlySpan<ulong> parts = [_familyHash, SeriesIdentity.Hash(Bytes(_help)), SeriesIdentity.Hash(Bytes(_unit)), (ulong)_kind];
        _header = new ExpositionGap(_name.Length + _help.Length + _unit.Length, SeriesIdentity.Hash(MemoryMarshal.AsBytes(parts)), IsWhole: true);
        MetricType = _kind switch
        {
            FamilyKind.Counter => MetricType.Counter,
            FamilyKind.Gauge => MetricType.Gauge,
            FamilyKind.Summary => MetricType.Summary,
            FamilyKind.Histogram => MetricType.Histogram,
            FamilyKind.GaugeHistogram => MetricType.GaugeHistogram,
            _ => MetricType.Unknown,
        };
        return true;
    }

    private readonly void CheckFamily()
    {
        if (_name.IsEmpty || !Utf8.IsValid(Bytes(_name)))
        {
            throw new ExpositionException("invalid metric name: " + Quoted(_name)[1..^1]);
        }

        if (!Utf8.IsValid(Bytes(_help)) || !Utf8.IsValid(Bytes(_unit)))
        {
            string what = Utf8.IsValid(Bytes(_help)) ? "unit" : "help";
            throw new ExpositionException($"invalid {what} for metric {Quoted(_name)}: {Quoted(what == "help" ? _help : _unit)[1..^1]}");
        }

        if (_kind > FamilyKind.GaugeHistogram)
        {
            throw new ExpositionException($"unknown metric type for metric {Quoted(_name)}: {(ulong)_kind}");
        }
    }

    private readonly string Quoted(Range32 range) => ParseErrors.Quote(Bytes(range));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ReadOnlySpan<byte> Bytes(Range32 range) => _body[range.Start..range.End];
}
