using System.Runtime.CompilerServices;
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
    private readonly List<RejectedSample> _rejected = [];
    private int[] _rowEntries = new int[256];
    private int _rows;
    private int _firstLastingRow;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
                // What the cache knew before it was emptied it has forgotten already.
                if (row.Row >= _firstLastingRow)
                {
                    _cache[_rowEntries[row.Row]] = default;
                }

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
        _rows = _firstLastingRow = 0;
        _rejected.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryDecodeSeries(ReadOnlySpan<byte> message, long timestampMaxMs)
    {
        int labelsLength = _cache.ExpectedLength;
        if (labelsLength == 0 || labelsLength >= message.Length || !IsDataTag(message[labelsLength])
            || !_cache.TryTakeExpected(message[..labelsLength], out int entry))
        {
            labelsLength = LabelsLength(message);
            int generation = _cache.Generation;
            entry = _cache.FindOrAdd(message[..labelsLength]);
            if (_cache.Generation != generation)
            {
                _firstLastingRow = _rows;
            }
        }

        SeriesRef series = _cache[entry];
        bool valid = true;
        if (series.IsNone)
        {
            if (!TryDecodeLabels(message[..labelsLength], firstField: 1))
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
                _cache[entry] = series;
            }
        }

        // Nearly always what follows is one sample.
        ReadOnlySpan<byte> data = message[labelsLength..];
        return TryReadPlainSample(data, out long timestampMs, out double value)
            ? AddSample(valid, series, entry, timestampMs, value, timestampMaxMs)
            : TryReadData(data, valid, series, entry, timestampMaxMs);
    }

    // With such a byte behind them, the labels of a series are complete: a sample, an exemplar or a histogram follows.
    private static bool IsDataTag(byte tag) => tag is 0x12 or 0x1A or 0x22;

    /// <summary>Reads data that consists of one sample with its fields in their order; zero values are left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadPlainSample(ReadOnlySpan<byte> data, out long timestampMs, out double value)
    {
        const byte ValueTag = (1 << 3) | (byte)WireType.Fixed64;
        const byte TimestampTag = (2 << 3) | (byte)WireType.Varint;
        timestampMs = 0;
        value = 0;
        if (data.Length < 4 || data[0] != 0x12 || data[1] != data.Length - 2)
        {
            return false;
        }

        int position = 2;
        if (data[2] == ValueTag)
        {
            if (data.Length < 3 + sizeof(double))
            {
                return false;
            }

            value = System.Buffers.Binary.BinaryPrimitives.ReadDoubleLittleEndian(data[3..]);
            position = 3 + sizeof(double);
        }

        if (position >= data.Length || data[position] != TimestampTag)
        {
            return false;
        }

        ulong bits = 0;
        int shift = 0;
        for (position++; position < data.Length && shift < 63; position++, shift += 7)
        {
            byte next = data[position];
            bits |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                timestampMs = (long)bits;
                return position == data.Length - 1;
            }
        }

        return false;
    }

    private bool TryReadData(ReadOnlySpan<byte> data, bool valid, SeriesRef series, int entry, long timestampMaxMs)
    {
        var reader = new ProtoReader(data);
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
                2 => TryReadSample(part, valid, series, entry, timestampMaxMs),
                3 => TryReadExemplar(part, valid, series),
                _ => TryReadHistogram(part, valid, series, entry, timestampMaxMs),
            };
            if (!read)
            {
                return false;
            }
        }

        return !reader.Failed;
    }

    // The labels are the first fields of a series, side by side: their bytes as a whole are what the cache knows.
    private static int LabelsLength(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        int end = 0;
        while (reader.Read() && reader.Field == 1 && reader.Type == WireType.Bytes)
        {
            reader.ReadBytes();
            if (reader.Failed)
            {
                return message.Length;
            }

            end = message.Length - reader.Rest.Length;
        }

        return end;
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

    private bool TryReadSample(ReadOnlySpan<byte> message, bool valid, SeriesRef series, int entry, long timestampMaxMs)
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

        return AddSample(valid, series, entry, timestamp, value, timestampMaxMs) && !reader.Failed;
    }

    private bool TryReadHistogram(ReadOnlySpan<byte> message, bool valid, SeriesRef series, int entry, long timestampMaxMs)
    {
        if (HistogramMessage.Decode(message, out long timestamp) is not { } histogram)
        {
            return false;
        }

        Histograms++;
        if (Accept(valid, timestamp, timestampMaxMs, entry))
        {
            appender.Append(series, timestamp, histogram);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool AddSample(bool valid, SeriesRef series, int entry, long timestampMs, double value, long timestampMaxMs)
    {
        Floats++;
        if (Accept(valid, timestampMs, timestampMaxMs, entry))
        {
            appender.Append(series, timestampMs, value);
        }

        return true;
    }

    private bool Accept(bool valid, long timestampMs, long timestampMaxMs, int entry)
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

        if (_rows == _rowEntries.Length)
        {
            Array.Resize(ref _rowEntries, _rows * 2);
        }

        _rowEntries[_rows++] = entry;
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
