using System.Buffers;
using Narthex.Model;

namespace Narthex.RemoteStorage.Sending;

/// <summary>Encodes samples as a <c>prometheus.WriteRequest</c>: one series of labels and one sample for each.</summary>
/// <remarks>
/// The message: <c>WriteRequest { repeated TimeSeries timeseries = 1 }</c>, <c>TimeSeries { repeated Label labels = 1; repeated Sample samples = 2 }</c>,
/// <c>Label { string name = 1; string value = 2 }</c>, <c>Sample { double value = 1; int64 timestamp = 2 }</c>.
/// </remarks>
public sealed class WriteRequestEncoder
{
    private const byte Field1Bytes = (1 << 3) | 2;
    private const byte Field2Bytes = (2 << 3) | 2;

    private readonly ArrayBufferWriter<byte> _message = new();
    private readonly ArrayBufferWriter<byte> _series = new();
    private readonly ArrayBufferWriter<byte> _part = new();

    /// <summary>Adds a sample.</summary>
    public void Add(Labels labels, long timestampMs, double value)
    {
        _series.ResetWrittenCount();
        foreach (LabelPair label in labels)
        {
            _part.ResetWrittenCount();
            _part.WriteBytes(Field1Bytes, label.Name);
            _part.WriteBytes(Field2Bytes, label.Value);
            _series.WriteBytes(Field1Bytes, _part.WrittenSpan);
        }

        _part.ResetWrittenCount();
        _part.WriteSample(timestampMs, value);
        _series.WriteBytes(Field2Bytes, _part.WrittenSpan);
        _message.WriteBytes(Field1Bytes, _series.WrittenSpan);
    }

    /// <summary>The message so far, not compressed.</summary>
    public byte[] ToArray() => _message.WrittenSpan.ToArray();
}
