using System.Text;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Reads a text format and turns each classic histogram into a native one with custom buckets.</summary>
/// <remarks>
/// Lines of a histogram follow each other; when something else comes, what was collected is handed out as one sample, and then what came. So
/// this parser is at most one entry behind the one that it reads from. Only families that are declared as histograms are converted. A histogram
/// whose lines contradict each other gives no native one, silently, as upstream does it.
/// </remarks>
/// <typeparam name="TParser">The parser of the text.</typeparam>
public ref struct ClassicConversionParser<TParser> : IExpositionParser
    where TParser : struct, IExpositionParser, allows ref struct
{
    private readonly bool _keepsClassic;
    private readonly LabelsBuilder _labels = new();
    private readonly LabelsBuilder _baseLabels = new();
    private readonly ClassicHistogramCollector _collector = new();
    private readonly List<Exemplar> _exemplars = [];
    private TParser _inner;
    private byte[] _family = [];
    private MetricType _type;
    private bool _isCollecting;
    private ulong _collectedHash;
    private int _collectedLength;
    private bool _hasTimestamp;
    private long _timestampMs;
    private long _collectedStartMs;
    private FloatHistogram? _histogram; // The present sample, if it is a converted one.
    private EntryKind _held; // What came behind the histogram.
    private bool _isHolding;
    private int _heldPosition;
    private int _exemplarsRead;
    private EntryKind _pending;
    private bool _hasPending;
    private int _pendingPosition;

    /// <param name="inner">Reads the text. Not to be used elsewhere.</param>
    /// <param name="keepsClassic">Whether the classic series are handed out as well.</param>
    public ClassicConversionParser(TParser inner, bool keepsClassic)
    {
        _inner = inner;
        _keepsClassic = keepsClassic;
    }

    private enum Part : byte
    {
        None,
        Bucket,
        Count,
        Sum,
    }

    /// <inheritdoc/>
    public readonly int Position => _hasPending ? _pendingPosition : _isHolding ? _heldPosition : _inner.Position;

    /// <inheritdoc/>
    public readonly int IdentityLength => HasHistogram ? _collectedLength : _inner.IdentityLength;

    /// <inheritdoc/>
    public readonly ulong IdentityHash => HasHistogram ? _collectedHash : _inner.IdentityHash;

    /// <inheritdoc/>
    public readonly double Value => _inner.Value;

    /// <inheritdoc/>
    public readonly bool HasHistogram => _histogram is not null;

    /// <inheritdoc/>
    public readonly bool HasTimestamp => HasHistogram ? _hasTimestamp : _inner.HasTimestamp;

    /// <inheritdoc/>
    public readonly long TimestampMs => HasHistogram ? _timestampMs : _inner.TimestampMs;

    /// <inheritdoc/>
    public long StartTimestampMs => HasHistogram ? _collectedStartMs : _inner.StartTimestampMs;

    /// <inheritdoc/>
    public readonly bool HasExemplar => HasHistogram ? _exemplarsRead < _exemplars.Count : _inner.HasExemplar;

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> FamilyName => _inner.FamilyName;

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> Text => _inner.Text;

    /// <inheritdoc/>
    public readonly MetricType MetricType => HasHistogram ? MetricType.Histogram : _inner.MetricType;

    /// <inheritdoc/>
    public readonly string ReadHelp() => _inner.ReadHelp();

    /// <inheritdoc/>
    public readonly ExpositionGap GapSince(int position) => HasHistogram ? default : _inner.GapSince(position);

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
        if (!_hasPending && !_isHolding && !_isCollecting && _type != MetricType.Histogram)
        {
            _histogram = null;
            return _inner.TryNextKnownSeries(identityLength, identityHash);
        }

        if (!_hasPending)
        {
            _pendingPosition = Position;
            _pending = Advance();
            _hasPending = true;
        }

        if (_pending != EntryKind.Series || IdentityLength != identityLength || IdentityHash != identityHash)
        {
            return false;
        }

        _hasPending = false;
        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Always false: who passes over a declaration does not learn the family's name, which tells the histogram's lines.</remarks>
    public readonly bool TrySkipKnown(int length, ulong hash, MetricType? type) => false;

    /// <inheritdoc/>
    public readonly void ParseLabels(LabelsBuilder? builder)
    {
        if (!HasHistogram)
        {
            _inner.ParseLabels(builder);
            return;
        }

        for (int i = 0; builder is not null && i < _baseLabels.Count; i++)
        {
            builder.Add(_baseLabels.NameAt(i), _baseLabels.ValueAt(i));
        }
    }

    /// <inheritdoc/>
    public readonly FloatHistogram ReadHistogram() => _histogram ?? throw new InvalidOperationException("The sample is no histogram.");

    /// <inheritdoc/>
    public Exemplar ReadExemplar(LabelsBuilder scratch, long defaultTimestampMs) =>
        HasHistogram ? _exemplars[_exemplarsRead++] : _inner.ReadExemplar(scratch, defaultTimestampMs);

    private EntryKind Advance()
    {
        _histogram = null;
        while (true)
        {
            EntryKind kind;
            if (_isHolding)
            {
                // The histogram has gone out; now it is the turn of what ended it.
                _isHolding = false;
                kind = _held;
            }
            else
            {
                int position = _inner.Position;
                kind = _inner.Next();
                if (_isCollecting && !BelongsToCollected(kind) && TryHandOut())
                {
                    (_held, _isHolding, _heldPosition) = (kind, true, position);
                    return EntryKind.Series;
                }
            }

            if (kind == EntryKind.Type)
            {
                _type = _inner.MetricType;
                _family = _type == MetricType.Histogram ? _inner.FamilyName.ToArray() : [];
            }

            if (kind != EntryKind.Series || !TryCollect() || _keepsClassic)
            {
                return kind;
            }
        }
    }

    private readonly bool BelongsToCollected(EntryKind kind) =>
        kind == EntryKind.Series && _type == MetricType.Histogram && TellPart(out ulong hash) != Part.None && hash == _collectedHash;

    // Which line of a histogram the present one is, with the hash of the labels of the whole. The labels are in the scratch builder then.
    private readonly Part TellPart(out ulong hash)
    {
        hash = 0;
        _inner.ParseLabels(_labels.Reset());
        ReadOnlySpan<byte> name = _labels.Get(LabelNames.MetricNameUtf8);
        Part part = !name.StartsWith(_family) ? Part.None
            : name[_family.Length..].SequenceEqual("_bucket"u8) ? Part.Bucket
            : name[_family.Length..].SequenceEqual("_count"u8) ? Part.Count
            : name[_family.Length..].SequenceEqual("_sum"u8) ? Part.Sum
            : Part.None;
        if (part == Part.None)
        {
            return part;
        }

        // The order of the labels does not matter.
        hash = SeriesIdentity.Hash(_family);
        for (int i = 0; i < _labels.Count; i++)
        {
            ReadOnlySpan<byte> label = _labels.NameAt(i);
            if (!label.SequenceEqual(LabelNames.MetricNameUtf8) && !label.SequenceEqual("le"u8))
            {
                hash += System.Numerics.BitOperations.RotateLeft(SeriesIdentity.Hash(label), 23) ^ SeriesIdentity.Hash(_labels.ValueAt(i));
            }
        }

        return part;
    }

    // False if the present line is no part of a histogram.
    private bool TryCollect()
    {
        if (_type != MetricType.Histogram)
        {
            return false;
        }

        Part part = TellPart(out ulong hash);
        double bound = 0;
        if (part == Part.None
            || (part == Part.Bucket && (FloatParser.Parse(_labels.Get("le"u8), out bound) != FloatError.None || double.IsNaN(bound))))
        {
            return false;
        }

        if (!_isCollecting)
        {
            Begin(hash);
            _collectedStartMs = _inner.StartTimestampMs;
        }

        switch (part)
        {
            case Part.Bucket:
                _collector.AddBucket(bound, _inner.Value);
                break;
            case Part.Count:
                _collector.SetCount(_inner.Value);
                break;
            default:
                _collector.SetSum(_inner.Value);
                break;
        }

        (_hasTimestamp, _timestampMs) = (_inner.HasTimestamp, _inner.TimestampMs);
        CollectExemplar();
        return true;
    }

    private void Begin(ulong hash)
    {
        _isCollecting = true;
        _collector.Reset();
        _exemplars.Clear();
        _exemplarsRead = 0;
        _collectedHash = hash;
        _collectedLength = 1 + _family.Length;
        _baseLabels.Reset().Add(LabelNames.MetricNameUtf8, _family);
        for (int i = 0; i < _labels.Count; i++)
        {
            ReadOnlySpan<byte> name = _labels.NameAt(i);
            if (!name.SequenceEqual(LabelNames.MetricNameUtf8) && !name.SequenceEqual("le"u8))
            {
                _baseLabels.Add(name, _labels.ValueAt(i));
                _collectedLength += name.Length + _labels.ValueAt(i).Length;
            }
        }
    }

    // Native histograms have only exemplars with a time of their own. Those of the lines stay where they are: reading goes on a copy.
    private readonly void CollectExemplar()
    {
        if (_inner.HasExemplar)
        {
            TParser copy = _inner;
            Exemplar exemplar = copy.ReadExemplar(_labels.Reset(), 0);
            if (!exemplar.IsTimeAssumed)
            {
                _exemplars.Add(exemplar);
            }
        }
    }

    private bool TryHandOut()
    {
        _isCollecting = false;
        bool isWhole = _collector.TryConvert(out FloatHistogram histogram, out _);
        _histogram = isWhole ? histogram : null;
        return isWhole;
    }
}
