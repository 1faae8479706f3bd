using Narthex.Model;
using Narthex.RemoteStorage.Protobuf;

namespace Narthex.RemoteStorage.Receiving;

/// <summary>Decodes the native histograms of remote write; integer ones become float ones with the same counts.</summary>
internal static class HistogramMessage
{
    /// <summary>Decodes one message. Null if the bytes are broken.</summary>
    public static FloatHistogram? Decode(ReadOnlySpan<byte> message, out long timestampMs)
    {
        timestampMs = 0;
        var histogram = new FloatHistogram();
        var lists = new Lists();
        var reader = new ProtoReader(message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (1, WireType.Varint):
                    histogram.Count = reader.ReadVarint();
                    break;
                case (2, WireType.Fixed64):
                    histogram.Count = reader.ReadDouble();
                    break;
                case (3, WireType.Fixed64):
                    histogram.Sum = reader.ReadDouble();
                    break;
                case (4, WireType.Varint):
                    histogram.Schema = (int)reader.ReadSignedVarint();
                    break;
                case (5, WireType.Fixed64):
                    histogram.ZeroThreshold = reader.ReadDouble();
                    break;
                case (6, WireType.Varint):
                    histogram.ZeroCount = reader.ReadVarint();
                    break;
                case (7, WireType.Fixed64):
                    histogram.ZeroCount = reader.ReadDouble();
                    break;
                case (14, WireType.Varint):
                    histogram.CounterResetHint = (CounterResetHint)Math.Min(reader.ReadVarint(), 3);
                    break;
                case (15, WireType.Varint):
                    timestampMs = (long)reader.ReadVarint();
                    break;
                default:
                    ReadList(ref reader, lists);
                    break;
            }
        }

        if (reader.Failed)
        {
            return null;
        }

        histogram.NegativeSpans = [.. lists.NegativeSpans];
        histogram.PositiveSpans = [.. lists.PositiveSpans];
        histogram.NegativeBuckets = Buckets(lists.NegativeDeltas, lists.NegativeCounts);
        histogram.PositiveBuckets = Buckets(lists.PositiveDeltas, lists.PositiveCounts);
        histogram.CustomValues = [.. lists.CustomValues];
        return histogram;
    }

    private static void ReadList(ref ProtoReader reader, Lists lists)
    {
        switch (reader.Field)
        {
            case 8 when reader.Type == WireType.Bytes:
                lists.NegativeSpans.Add(ReadSpan(ref reader));
                break;
            case 9:
                ReadSigned(ref reader, lists.NegativeDeltas);
                break;
            case 10:
                ReadDoubles(ref reader, lists.NegativeCounts);
                break;
            case 11 when reader.Type == WireType.Bytes:
                lists.PositiveSpans.Add(ReadSpan(ref reader));
                break;
            case 12:
                ReadSigned(ref reader, lists.PositiveDeltas);
                break;
            case 13:
                ReadDoubles(ref reader, lists.PositiveCounts);
                break;
            case 16:
                ReadDoubles(ref reader, lists.CustomValues);
                break;
            default:
                reader.Skip();
                break;
        }
    }

    private static HistogramSpan ReadSpan(ref ProtoReader reader)
    {
        int offset = 0;
        uint length = 0;
        var span = new ProtoReader(reader.ReadBytes());
        while (span.Read())
        {
            switch (span.Field, span.Type)
            {
                case (1, WireType.Varint):
                    offset = (int)span.ReadSignedVarint();
                    break;
                case (2, WireType.Varint):
                    length = (uint)span.ReadVarint();
                    break;
                default:
                    span.Skip();
                    break;
            }
        }

        if (span.Failed)
        {
            reader.Fail();
        }

        return new HistogramSpan(offset, length);
    }

    // Lists of numbers come packed, or field by field from older senders.
    private static void ReadSigned(ref ProtoReader reader, List<long> values)
    {
        if (reader.Type == WireType.Varint)
        {
            values.Add(reader.ReadSignedVarint());
            return;
        }

        var packed = new ProtoReader(reader.Type == WireType.Bytes ? reader.ReadBytes() : default);
        while (!packed.Rest.IsEmpty)
        {
            values.Add(packed.ReadSignedVarint());
        }

        if (packed.Failed || reader.Type != WireType.Bytes)
        {
            reader.Fail();
        }
    }

    private static void ReadDoubles(ref ProtoReader reader, List<double> values)
    {
        if (reader.Type == WireType.Fixed64)
        {
            values.Add(reader.ReadDouble());
            return;
        }

        var packed = new ProtoReader(reader.Type == WireType.Bytes ? reader.ReadBytes() : default);
        while (!packed.Rest.IsEmpty)
        {
            values.Add(packed.ReadDouble());
        }

        if (packed.Failed || reader.Type != WireType.Bytes)
        {
            reader.Fail();
        }
    }

    // Integer histograms carry the difference from bucket to bucket, float ones the counts themselves.
    private static double[] Buckets(List<long> deltas, List<double> counts)
    {
        if (deltas.Count == 0)
        {
            return [.. counts];
        }

        var buckets = new double[deltas.Count];
        long count = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            count += deltas[i];
            buckets[i] = count;
        }

        return buckets;
    }

    private sealed class Lists
    {
        public List<HistogramSpan> NegativeSpans { get; } = [];

        public List<HistogramSpan> PositiveSpans { get; } = [];

        public List<long> NegativeDeltas { get; } = [];

        public List<long> PositiveDeltas { get; } = [];

        public List<double> NegativeCounts { get; } = [];

        public List<double> PositiveCounts { get; } = [];

        public List<double> CustomValues { get; } = [];
    }
}
