using Narthex.Model;
using Narthex.RemoteStorage.Protobuf;
using Narthex.Storage;

namespace Narthex.RemoteStorage.Receiving;

/// <summary>Decodes remote write requests straight into an appender. One request at a time; reused for its buffers and its cache.</summary>
/// <remarks>The messages are those that remote write 1.0 publishes: https://prometheus.io/docs/specs/prw/remote_write_spec.</remarks>
internal sealed class WriteSession(IAppender appender) : IDisposable
{
    private readonly SeriesRefCache _cache = new();
    private readonly LabelsBuilder _labels = new();
    private readonly List<SeriesRefCache.Key> _rowKeys = [];
    private readonly List<RejectedSample> _rejected = [];

    /// <summary>Samples that the request held, floats only.</summary>
    public int Floats { get; private set; }

    /// <summary>Native histograms that it held.</summary>
    public int Histograms { get; private set; }

    /// <summary>Exemplars that it held.</summary>
    public int Exemplars { get; private set; }

    /// <summary>Samples left out because the labels of their series are not valid.</summary>
    public int InvalidLabels { get; private set; }

    /// <summary>What was wrong with the labels of the last such series.</summary>
    public string InvalidLabelsReason { get; private set; } = "";

    /// <summary>Samples left out because they lie too far in the future.</summary>
    public int TooFarInFuture { get; private set; }

    /// <summary>The rows that the commit refused.</summary>
    public IReadOnlyList<RejectedSample> Rejected => _rejected;

    /// <summary>Buffers everything in the request. False if it is not a valid message; then nothing is to be committed.</summary>
    public bool TryDecode(ReadOnlySpan<byte> request, long timestampMaxMs)
    {
        Reset();
        var reader = new ProtoReader(request);
        while (reader.Read())
        {
            if (reader.Field == 1 && reader.Type == WireType.Bytes)
            {
                if (!TryDecodeSeries(reader.ReadBytes(), timestampMaxMs))
                {
                    return false;
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return !reader.Failed;
    }

    /// <summary>Commits what was decoded. Series that storage has dropped since they were cached are forgotten.</summary>
    /// <returns>Whether rows were refused only because their series were dropped: decode and commit again.</returns>
    public bool Commit(out CommitResult result)
    {
        result = appender.Commit(_rejected);
        bool forgotten = false;
        foreach (RejectedSample row in _rejected)
        {
            if (row.Error == AppendError.UnknownSeries)
            {
                _cache.Set(_rowKeys[row.Row], default);
                forgotten = true;
            }
        }

        return forgotten;
    }

    /// <summary>Forgets what was decoded.</summary>
    public void Rollback() => appender.Rollback();

    public void Dispose() => appender.Dispose();

    private void Reset()
    {
        Floats = Histograms = Exemplars = InvalidLabels = TooFarInFuture = 0;
        InvalidLabelsReason = "";
        _rowKeys.Clear();
        _rejected.Clear();
    }

    private bool TryDecodeSeries(ReadOnlySpan<byte> message, long timestampMaxMs)
    {
        ReadOnlySpan<byte> labels = LabelBytes(message);
        SeriesRefCache.Key key = _cache.GetKey(labels);
        SeriesRef series = _cache.Find(key);
        bool valid = true;
        if (series.IsNone)
        {
            if (!TryDecodeLabels(labels, firstField: 1))
            {
                return false;
            }

            if (CheckLabels() is { } fault)
            {
                InvalidLabelsReason = fault;
                valid = false;
            }
            else
            {
                series = appender.GetOrAddSeries(_labels.ToLabels());
                _cache.Set(key, series);
            }
        }

        var reader = new ProtoReader(message[labels.Length..]);
        while (reader.Read())
        {
            if (reader.Type != WireType.Bytes || reader.Field is < 2 or > 4)
            {
                reader.Skip();
                continue;
            }

            ReadOnlySpan<byte> part = reader.ReadBytes();
            bool read = !reader.Failed && reader.Field switch
            {
                2 => TryReadSample(part, valid, series, key, timestampMaxMs),
                3 => TryReadExemplar(part, valid, series),
                _ => TryReadHistogram(part, valid, series, key, timestampMaxMs),
            };
            if (!read)
            {
                return false;
            }
        }

        return !reader.Failed;
    }

    // The labels are the first fields of a series, side by side: their bytes as a whole are what the cache knows.
    private static ReadOnlySpan<byte> LabelBytes(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        int end = 0;
        while (reader.Read() && reader.Field == 1 && reader.Type == WireType.Bytes)
        {
            reader.ReadBytes();
            if (reader.Failed)
            {
                return message;
            }

            end = message.Length - reader.Rest.Length;
        }

        return message[..end];
    }

    private bool TryDecodeLabels(ReadOnlySpan<byte> labels, int firstField)
    {
        _labels.Reset();
        var reader = new ProtoReader(labels);
        while (reader.Read())
        {
            if (reader.Field != firstField || reader.Type != WireType.Bytes)
            {
                reader.Skip();
                continue;
            }

            ReadOnlySpan<byte> name = default;
            ReadOnlySpan<byte> value = default;
            var label = new ProtoReader(reader.ReadBytes());
            while (label.Read())
            {
                switch (label.Field, label.Type)
                {
                    case (1, WireType.Bytes):
                        name = label.ReadBytes();
                        break;
                    case (2, WireType.Bytes):
                        value = label.ReadBytes();
                        break;
                    default:
                        label.Skip();
                        break;
                }
            }

            if (label.Failed)
            {
                return false;
            }

            _labels.Add(name, value);
        }

        return !reader.Failed;
    }

    private string? CheckLabels()
    {
        if (_labels.Get(LabelNames.MetricNameUtf8).IsEmpty)
        {
            return "there is no metric name";
        }

        for (int i = 0; i < _labels.Count; i++)
        {
            if (_labels.NameAt(i).IsEmpty)
            {
                return "a label name is empty";
            }

            if (!System.Text.Unicode.Utf8.IsValid(_labels.NameAt(i)) || !System.Text.Unicode.Utf8.IsValid(_labels.ValueAt(i)))
            {
                return "a label is not valid UTF-8";
            }
        }

        ReadOnlySpan<byte> twice = _labels.FindDuplicateName();
        return twice.IsEmpty ? null : $"the label {GoQuote.Quote(System.Text.Encoding.UTF8.GetString(twice))} stands twice";
    }

    private bool TryReadSample(ReadOnlySpan<byte> message, bool valid, SeriesRef series, SeriesRefCache.Key key, long timestampMaxMs)
    {
        double value = 0;
        long timestamp = 0;
        var reader = new ProtoReader(message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Fixed64):
                    value = reader.ReadDouble();
                    break;
                case (2, WireType.Varint):
                    timestamp = (long)reader.ReadVarint();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Floats++;
        if (Accept(valid, timestamp, timestampMaxMs, key))
        {
            appender.Append(series, timestamp, value);
        }

        return !reader.Failed;
    }

    private bool TryReadHistogram(ReadOnlySpan<byte> message, bool valid, SeriesRef series, SeriesRefCache.Key key, long timestampMaxMs)
    {
        if (HistogramMessage.Decode(message, out long timestamp) is not { } histogram)
        {
            return false;
        }

        Histograms++;
        if (Accept(valid, timestamp, timestampMaxMs, key))
        {
            appender.Append(series, timestamp, histogram);
        }

        return true;
    }

    private bool Accept(bool valid, long timestampMs, long timestampMaxMs, SeriesRefCache.Key key)
    {
        if (!valid)
        {
            InvalidLabels++;
            return false;
        }

        if (timestampMs > timestampMaxMs)
        {
            TooFarInFuture++;
            return false;
        }

        _rowKeys.Add(key);
        return true;
    }

    private bool TryReadExemplar(ReadOnlySpan<byte> message, bool valid, SeriesRef series)
    {
        if (!TryDecodeLabels(message, firstField: 1))
        {
            return false;
        }

        double value = 0;
        long timestamp = 0;
        var reader = new ProtoReader(message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (2, WireType.Fixed64):
                    value = reader.ReadDouble();
                    break;
                case (3, WireType.Varint):
                    timestamp = (long)reader.ReadVarint();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Exemplars++;
        if (valid)
        {
            appender.AppendExemplar(series, new Exemplar(_labels.ToLabels(), value, timestamp) { IsTimeAssumed = timestamp == 0 });
        }

        return !reader.Failed;
    }
}
