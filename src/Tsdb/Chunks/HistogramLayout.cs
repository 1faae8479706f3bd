using Narthex.Model;

namespace Narthex.Tsdb.Chunks;

/// <summary>What all histograms of a chunk have in common: it stands before the first one.</summary>
internal sealed record HistogramLayout(int Schema, double ZeroThreshold, HistogramSpan[] Positive, HistogramSpan[] Negative, double[] CustomValues)
{
    // The numbers of thousandths that take at most four bytes.
    private const double ThousandthsMax = 33554430;

    private const int SchemaMin = -9;
    private const int SchemaMax = 52;

    /// <summary>That of a staleness marker.</summary>
    public static HistogramLayout Empty { get; } = new(0, 0, [], [], []);

    /// <summary>The number of positive buckets.</summary>
    public int PositiveCount { get; } = (int)CountBuckets(Positive);

    /// <summary>The number of buckets.</summary>
    public int BucketCount { get; } = (int)(CountBuckets(Positive) + CountBuckets(Negative));

    public static HistogramLayout Of(FloatHistogram histogram) =>
        histogram.IsStale ? Empty : new(histogram.Schema, histogram.ZeroThreshold, histogram.PositiveSpans, histogram.NegativeSpans, histogram.CustomValues);

    public static long CountBuckets(HistogramSpan[] spans)
    {
        long count = 0;
        foreach (HistogramSpan span in spans)
        {
            count += span.Length;
        }

        return count;
    }

    public void Write(BitBuffer buffer)
    {
        WriteThreshold(buffer, ZeroThreshold);
        buffer.WriteVarint(Schema);
        WriteSpans(buffer, Positive);
        WriteSpans(buffer, Negative);
        if (Schema != FloatHistogram.CustomBucketsSchema)
        {
            return;
        }

        buffer.WriteUvarint((ulong)CustomValues.Length);
        foreach (double bound in CustomValues)
        {
            double thousandths = bound * 1000;
            if (thousandths >= 0 && thousandths <= ThousandthsMax && Math.Truncate(thousandths) == thousandths)
            {
                buffer.WriteUvarint((ulong)thousandths + 1);
            }
            else
            {
                buffer.Write(0, 1);
                buffer.WriteDouble(bound);
            }
        }
    }

    /// <summary>Reads a layout; the reader has failed if it makes no sense.</summary>
    public static HistogramLayout Read(ref BitReader reader)
    {
        double threshold = ReadThreshold(ref reader);
        long schema = reader.ReadVarint();
        HistogramSpan[] positive = ReadSpans(ref reader);
        HistogramSpan[] negative = ReadSpans(ref reader);
        double[] custom = [];
        if (schema == FloatHistogram.CustomBucketsSchema)
        {
            custom = ReadCustomValues(ref reader);
        }
        else if (schema is < SchemaMin or > SchemaMax)
        {
            reader.Fail();
        }

        // Every bucket takes a bit at least, so that a lying layout cannot make us reserve much.
        if (CountBuckets(positive) + CountBuckets(negative) > reader.Remaining)
        {
            reader.Fail();
        }

        return reader.Failed ? Empty : new HistogramLayout((int)schema, threshold, positive, negative, custom);
    }

    // Powers of two, which thresholds usually are, take one byte.
    private static void WriteThreshold(BitBuffer buffer, double threshold)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(threshold);
        int exponent = (int)(bits >> 52) - 1022;
        if (threshold == 0)
        {
            buffer.Write(0, 8);
        }
        else if (bits << 12 == 0 && exponent is >= -242 and <= 11)
        {
            buffer.Write((ulong)(exponent + 243), 8);
        }
        else
        {
            buffer.Write(0xFF, 8);
            buffer.WriteDouble(threshold);
        }
    }

    private static double ReadThreshold(ref BitReader reader) => reader.ReadBits(8) switch
    {
        0 => 0,
        0xFF => BitConverter.UInt64BitsToDouble(reader.ReadBits(64)),
        ulong exponent => Math.ScaleB(0.5, (int)exponent - 243),
    };

    private static void WriteSpans(BitBuffer buffer, HistogramSpan[] spans)
    {
        buffer.WriteUvarint((ulong)spans.Length);
        foreach (HistogramSpan span in spans)
        {
            buffer.WriteUvarint(span.Length);
            buffer.WriteVarint(span.Offset);
        }
    }

    private static HistogramSpan[] ReadSpans(ref BitReader reader)
    {
        int count = ReadCount(ref reader, bitsEach: 2);
        HistogramSpan[] spans = count == 0 ? [] : new HistogramSpan[count];
        for (int i = 0; i < spans.Length; i++)
        {
            ulong length = reader.ReadUvarint();
            long offset = reader.ReadVarint();
            if (length > uint.MaxValue || offset is < int.MinValue or > int.MaxValue)
            {
                reader.Fail();
                return [];
            }

            spans[i] = new HistogramSpan((int)offset, (uint)length);
        }

        return spans;
    }

    private static double[] ReadCustomValues(ref BitReader reader)
    {
        int count = ReadCount(ref reader, bitsEach: 1);
        double[] values = count == 0 ? [] : new double[count];
        for (int i = 0; i < values.Length; i++)
        {
            ulong thousandths = reader.ReadUvarint();
            values[i] = thousandths == 0 ? BitConverter.UInt64BitsToDouble(reader.ReadBits(64)) : (thousandths - 1) / 1000.0;
        }

        return values;
    }

    private static int ReadCount(ref BitReader reader, int bitsEach)
    {
        ulong count = reader.ReadUvarint();
        if (count > (ulong)reader.Remaining / (uint)bitsEach)
        {
            reader.Fail();
            return 0;
        }

        return (int)count;
    }
}
