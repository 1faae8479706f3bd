using Narthex.Model;

namespace Narthex.Exposition.Protobuf;

/// <summary>What one pass over a histogram message tells: everything that is a single number, and how long the lists are.</summary>
/// <remarks>Field numbers are those of <c>io.prometheus.client.Histogram</c>. Lists come packed, or element by element.</remarks>
internal struct HistogramMessage
{
    private const int Count = 1;
    private const int Sum = 2;
    public const int Bucket = 3;
    private const int CountFloat = 4;
    private const int Schema = 5;
    private const int ZeroThreshold = 6;
    private const int ZeroCount = 7;
    private const int ZeroCountFloat = 8;
    private const int NegativeSpan = 9;
    private const int NegativeDelta = 10;
    private const int NegativeCount = 11;
    private const int PositiveSpan = 12;
    private const int PositiveDelta = 13;
    private const int PositiveCount = 14;
    private const int StartTimestamp = 15;
    public const int Exemplar = 16;

    private Range32 _message;
    private ulong _count;
    private double _countFloat;
    private int _schema;
    private double _zeroThreshold;
    private ulong _zeroCount;
    private double _zeroCountFloat;
    private ListLengths _negative;
    private ListLengths _positive;

    private struct ListLengths
    {
        public int Spans;
        public int Deltas;
        public int Counts;
    }

    /// <summary>All observations, for the classic series.</summary>
    public readonly double TotalCount => _countFloat != 0 ? _countFloat : _count;

    public double SampleSum { get; private set; }

    public int BucketCount { get; private set; }

    public int ExemplarCount { get; private set; }

    public long StartTimestampMs { get; private set; }

    /// <summary>Whether it has native parts. An empty one has a span without buckets to tell.</summary>
    public readonly bool IsNative => _positive.Spans > 0 || _negative.Spans > 0 || _zeroThreshold > 0 || _zeroCount > 0;

    // By these two fields alone, as upstream tells.
    private readonly bool HasFloatCounts => _countFloat > 0 || _zeroCountFloat > 0;

    public static HistogramMessage Scan(ReadOnlySpan<byte> body, Range32 message)
    {
        var scanned = new HistogramMessage { _message = message };
        var reader = new WireReader(body, message);
        while (reader.Read())
        {
            switch (reader.Field, reader.Type)
            {
                case (Count, WireType.Varint):
                    scanned._count = reader.Number;
                    break;
                case (Sum, WireType.Fixed64):
                    scanned.SampleSum = reader.Double;
                    break;
                case (Bucket, WireType.Bytes):
                    scanned.BucketCount++;
                    break;
                case (CountFloat, WireType.Fixed64):
                    scanned._countFloat = reader.Double;
                    break;
                case (Schema, WireType.Varint):
                    scanned._schema = (int)Math.Clamp(reader.Signed, int.MinValue, int.MaxValue);
                    break;
                case (ZeroThreshold, WireType.Fixed64):
                    scanned._zeroThreshold = reader.Double;
                    break;
                case (ZeroCount, WireType.Varint):
                    scanned._zeroCount = reader.Number;
                    break;
                case (ZeroCountFloat, WireType.Fixed64):
                    scanned._zeroCountFloat = reader.Double;
                    break;
                case (StartTimestamp, WireType.Bytes):
                    scanned.StartTimestampMs = TimestampMessage.ReadMs(body, reader.Bytes);
                    break;
                case (Exemplar, WireType.Bytes):
                    scanned.ExemplarCount++;
                    break;
                case (>= NegativeSpan and <= NegativeCount, _):
                    CountList(body, reader, NegativeSpan, ref scanned._negative);
                    break;
                case (>= PositiveSpan and <= PositiveCount, _):
                    CountList(body, reader, PositiveSpan, ref scanned._positive);
                    break;
                default:
                    break;
            }
        }

        return scanned;
    }

    /// <summary>The native histogram.</summary>
    public readonly FloatHistogram ReadNative(ReadOnlySpan<byte> body, string family)
    {
        bool isFloat = HasFloatCounts;
        var histogram = new FloatHistogram
        {
            Count = isFloat ? _countFloat : _count,
            Sum = SampleSum,
            Schema = _schema,
            ZeroThreshold = _zeroThreshold,
            ZeroCount = isFloat ? _zeroCountFloat : _zeroCount,
            PositiveSpans = new HistogramSpan[_positive.Spans],
            PositiveBuckets = new double[isFloat ? _positive.Counts : _positive.Deltas],
            NegativeSpans = new HistogramSpan[_negative.Spans],
            NegativeBuckets = new double[isFloat ? _negative.Counts : _negative.Deltas],
        };
        Fill(body, PositiveSpan, isFloat, histogram.PositiveSpans, histogram.PositiveBuckets);
        Fill(body, NegativeSpan, isFloat, histogram.NegativeSpans, histogram.NegativeBuckets);
        string? fault = CheckLengths("positive", histogram.PositiveSpans, histogram.PositiveBuckets)
            ?? CheckLengths("negative", histogram.NegativeSpans, histogram.NegativeBuckets)
            ?? NativeHistogramRules.FindFault(histogram, !isFloat);
        return fault is null
            ? NeedsCompacting(histogram.PositiveSpans, histogram.PositiveBuckets) || NeedsCompacting(histogram.NegativeSpans, histogram.NegativeBuckets)
                ? histogram.Compacted()
                : histogram
            : throw new ExpositionException($"histogram {ParseErrors.Quote(System.Text.Encoding.UTF8.GetBytes(family))}: {fault}");
    }

    private static void CountList(ReadOnlySpan<byte> body, in WireReader field, int spanField, ref ListLengths lengths)
    {
        switch (field.Field - spanField, field.Type)
        {
            case (0, WireType.Bytes):
                lengths.Spans++;
                break;
            case (1, WireType.Varint):
                lengths.Deltas++;
                break;
            case (1, WireType.Bytes):
                // The last byte of each number has its upper bit clear.
                foreach (byte b in body[field.Bytes.Start..field.Bytes.End])
                {
                    lengths.Deltas += b < 0x80 ? 1 : 0;
                }

                break;
            case (2, WireType.Fixed64):
                lengths.Counts++;
                break;
            case (2, WireType.Bytes):
                lengths.Counts += field.Bytes.Length / sizeof(double);
                break;
            default:
                break;
        }
    }

    private readonly void Fill(ReadOnlySpan<byte> body, int spanField, bool isFloat, HistogramSpan[] spans, double[] buckets)
    {
        int span = 0;
        int bucket = 0;
        long absolute = 0;
        int bucketField = spanField + (isFloat ? 2 : 1);
        var reader = new WireReader(body, _message);
        while (reader.Read())
        {
            if (reader.Is(spanField, WireType.Bytes))
            {
                spans[span++] = ReadSpan(body, reader.Bytes);
            }
            else if (reader.Field != bucketField)
            {
                continue;
            }
            else if (reader.Type == WireType.Bytes)
            {
                var packed = new WireReader(body, reader.Bytes);
                while (packed.HasMore)
                {
                    buckets[bucket++] = isFloat ? packed.ReadDouble() : absolute += packed.ReadSigned();
                }
            }
            else if (reader.Type == (isFloat ? WireType.Fixed64 : WireType.Varint))
            {
                buckets[bucket++] = isFloat ? reader.Double : absolute += reader.Signed;
            }
        }
    }

    private static HistogramSpan ReadSpan(ReadOnlySpan<byte> body, Range32 message)
    {
        int offset = 0;
        uint length = 0;
        var reader = new WireReader(body, message);
        while (reader.Read())
        {
            offset = reader.Is(1, WireType.Varint) ? (int)reader.Signed : offset;
            length = reader.Is(2, WireType.Varint) ? (uint)reader.Number : length;
        }

        return new HistogramSpan(offset, length);
    }

    // Before anything is made of the spans: their lengths are what somebody sent.
    private static string? CheckLengths(string side, HistogramSpan[] spans, double[] buckets)
    {
        ulong total = 0;
        foreach (HistogramSpan span in spans)
        {
            total += span.Length;
        }

        return total == (ulong)buckets.Length ? null : $"{side} side: spans require {total} buckets, have {buckets.Length}";
    }

    private static bool NeedsCompacting(HistogramSpan[] spans, double[] buckets)
    {
        for (int i = 0; i < spans.Length; i++)
        {
            if (spans[i].Length == 0 || (i > 0 && spans[i].Offset == 0))
            {
                return true;
            }
        }

        return buckets.AsSpan().Contains(0);
    }
}

/// <summary>Reads <c>google.protobuf.Timestamp</c>.</summary>
internal static class TimestampMessage
{
    public static long ReadMs(ReadOnlySpan<byte> body, Range32 message)
    {
        long seconds = 0;
        int nanoseconds = 0;
        var reader = new WireReader(body, message);
        while (reader.Read())
        {
            seconds = reader.Is(1, WireType.Varint) ? (long)reader.Number : seconds;
            nanoseconds = reader.Is(2, WireType.Varint) ? (int)reader.Number : nanoseconds;
        }

        return unchecked((seconds * 1000) + (nanoseconds / 1_000_000));
    }
}
