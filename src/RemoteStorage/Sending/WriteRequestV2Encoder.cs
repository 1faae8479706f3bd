using System.Buffers;
using System.Text;
using Narthex.Model;

namespace Narthex.RemoteStorage.Sending;

/// <summary>Encodes samples as an <c>io.prometheus.write.v2.Request</c>: one series with its metadata and one sample for each.</summary>
/// <remarks>
/// The message: <c>Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5 }</c>,
/// <c>TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; Metadata metadata = 5 }</c>,
/// <c>Metadata { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }</c>. References are places in the list of symbols, whose first is empty.
/// </remarks>
public sealed class WriteRequestV2Encoder
{
    private const byte Field1Varint = 1 << 3;
    private const byte Field3Varint = 3 << 3;
    private const byte Field1Bytes = (1 << 3) | 2;
    private const byte Field2Bytes = (2 << 3) | 2;
    private const byte Field4Bytes = (4 << 3) | 2;
    private const byte Field5Bytes = (5 << 3) | 2;

    private readonly Dictionary<string, uint> _places = new(StringComparer.Ordinal) { [""] = 0 };
    private readonly List<string> _symbols = [""];
    private readonly ArrayBufferWriter<byte> _timeseries = new();
    private readonly ArrayBufferWriter<byte> _series = new();
    private readonly ArrayBufferWriter<byte> _part = new();

    /// <summary>Adds a sample.</summary>
    public void Add(Labels labels, MetricType type, string help, long timestampMs, double value)
    {
        _series.ResetWrittenCount();
        _part.ResetWrittenCount();
        foreach ((string name, string text) in labels.ToPairs())
        {
            _part.WriteVarint(PlaceOf(name));
            _part.WriteVarint(PlaceOf(text));
        }

        _series.WriteBytes(Field1Bytes, _part.WrittenSpan);
        _part.ResetWrittenCount();
        _part.WriteSample(timestampMs, value);
        _series.WriteBytes(Field2Bytes, _part.WrittenSpan);
        WriteMetadata(type, help);
        _timeseries.WriteBytes(Field5Bytes, _series.WrittenSpan);
    }

    /// <summary>The message so far, not compressed.</summary>
    public byte[] ToArray()
    {
        var message = new ArrayBufferWriter<byte>();
        foreach (string symbol in _symbols)
        {
            message.WriteBytes(Field4Bytes, Encoding.UTF8.GetBytes(symbol));
        }

        message.Write(_timeseries.WrittenSpan);
        return message.WrittenSpan.ToArray();
    }

    private void WriteMetadata(MetricType type, string help)
    {
        _part.ResetWrittenCount();
        _part.WriteByte(Field1Varint);
        _part.WriteVarint(NumberOf(type));
        _part.WriteByte(Field3Varint);
        _part.WriteVarint(PlaceOf(help));
        _series.WriteBytes(Field5Bytes, _part.WrittenSpan);
    }

    private static ulong NumberOf(MetricType type) => type switch
    {
        MetricType.Counter => 1,
        MetricType.Gauge => 2,
        MetricType.Histogram => 3,
        MetricType.GaugeHistogram => 4,
        MetricType.Summary => 5,
        MetricType.Info => 6,
        MetricType.StateSet => 7,
        _ => 0,
    };

    private uint PlaceOf(string symbol)
    {
        if (!_places.TryGetValue(symbol, out uint place))
        {
            place = (uint)_symbols.Count;
            _places.Add(symbol, place);
            _symbols.Add(symbol);
        }

        return place;
    }
}
