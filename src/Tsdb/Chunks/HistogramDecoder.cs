using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>Decodes chunks of native histograms. Safe on any bytes.</summary>
/// <remarks>
/// The format is drawn in upstream's documentation of chunks. Integer chunks hold deltas of deltas of each bucket's
/// difference to the bucket before it; float chunks XOR each bucket with itself.
/// </remarks>
internal static class HistogramDecoder
{
    /// <summary>Count and flags.</summary>
    public const int HeaderBytes = 3;

    // Resolutions that a later release may write; it reads them as the finest that is known.
    private const int SchemaMax = 8;

    /// <summary>Appends the histograms inside <paramref name="range"/> to <paramref name="buffer"/>.</summary>
    /// <exception cref="ChunkCorruptionException">The chunk is damaged; the buffer is as it was.</exception>
    public static void Append(ReadOnlySpan<byte> chunk, bool floats, bool hasStarts, TimeRange range, SampleBuffer buffer)
    {
        int before = buffer.Count;
        int count = XorDecoder.CountSamples(chunk) & (hasStarts ? HistogramStarts.SamplesMax : ushort.MaxValue);
        if (count == 0)
        {
            return;
        }

        if (chunk.Length < HeaderBytes)
        {
            ThrowDamaged(chunk, 0, count);
        }

        HistogramStarts starts = hasStarts ? HistogramStarts.Of(chunk) : default;
        var header = HeaderOf(chunk, hasStarts);
        var reader = new BitReader(chunk[HeaderBytes..]);
        HistogramLayout layout = HistogramLayout.Read(ref reader);
        var integers = new IntegerState();
        var values = new FloatState();
        if (floats)
        {
            values.Buckets = new XorValue[layout.BucketCount];
        }
        else
        {
            integers.Buckets = new long[layout.BucketCount];
            integers.Deltas = new long[layout.BucketCount];
        }

        var times = new Times();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            long previousMs = times.Current;
            bool stale = floats
                ? values.Read(ref reader, ref times, i == 0)
                : integers.Read(ref reader, ref times, i == 0);
            if (hasStarts)
            {
                starts.Read(ref reader, chunk, i, times.Current, previousMs);
            }

            if (reader.Failed || times.Current > range.MaxMs)
            {
                break;
            }

            if (times.Current < range.MinMs)
            {
                continue;
            }

            buffer.Append(times.Current, stale ? new FloatHistogram { Sum = StaleNaN.Value } : Make(layout, header, i, floats, in values, in integers));
            buffer.SetStartTimestamp(starts.Last);
        }

        if (reader.Failed)
        {
            int decoded = buffer.Count - before;
            buffer.Truncate(before);
            ThrowDamaged(chunk, decoded, count);
        }
    }

    /// <summary>The flags of a chunk: in front of the count where start timestamps take their place, else behind it.</summary>
    public static CounterResetHeader HeaderOf(ReadOnlySpan<byte> chunk, bool hasStarts) =>
        (CounterResetHeader)chunk[hasStarts ? 0 : 2] & CounterResetHeader.Gauge;

    private static FloatHistogram Make(
        HistogramLayout layout, CounterResetHeader header, int index, bool floats, in FloatState values, in IntegerState integers)
    {
        var histogram = new FloatHistogram
        {
            CounterResetHint = HintOf(header, index),
            Schema = layout.Schema,
            ZeroThreshold = layout.ZeroThreshold,

            // One layout serves all histograms of the chunk.
            PositiveSpans = layout.Positive,
            NegativeSpans = layout.Negative,
            CustomValues = layout.CustomValues,
            Sum = floats ? values.Sum.Value : integers.Sum.Value,
            Count = floats ? values.Count.Value : integers.Count,
            ZeroCount = floats ? values.ZeroCount.Value : integers.ZeroCount,
        };
        int positive = layout.PositiveCount;
        histogram.PositiveBuckets = floats ? values.Absolute(0, positive) : integers.Absolute(0, positive);
        histogram.NegativeBuckets = floats ? values.Absolute(positive, layout.BucketCount) : integers.Absolute(positive, layout.BucketCount);
        return layout.Schema > SchemaMax ? histogram.CopyToSchema(SchemaMax) : histogram;
    }

    /// <summary>What the chunk says about a reset before one of its histograms.</summary>
    /// <remarks>
    /// Within a chunk of counters there is none. Before the first one there may be one even if the chunk was begun without, as the chunk before
    /// it may be gone, or another may have come between: so it is to be looked for, as upstream does.
    /// </remarks>
    private static CounterResetHint HintOf(CounterResetHeader header, int index) =>
        header == CounterResetHeader.Gauge ? CounterResetHint.Gauge
        : index > 0 ? CounterResetHint.NotCounterReset
        : CounterResetHint.Unknown;

    private static void ThrowDamaged(ReadOnlySpan<byte> chunk, int decoded, int count) =>
        throw new ChunkCorruptionException($"histogram chunk of {chunk.Length} bytes is damaged behind sample {decoded} of {count}");

    private struct Times
    {
        public long Current;
        public long Delta;

        public void Read(ref BitReader reader, bool first)
        {
            long value = reader.ReadVarint();
            Delta = first ? 0 : unchecked(Delta + value);
            Current = first ? value : unchecked(Current + Delta);
        }
    }

    private struct IntegerState
    {
        public ulong Count;
        public ulong ZeroCount;
        public XorValue Sum;
        public long[] Buckets;
        public long[] Deltas;
        private long _countDelta;
        private long _zeroCountDelta;

        /// <summary>Reads a histogram. True if it is a staleness marker, of which nothing else matters.</summary>
        public bool Read(ref BitReader reader, ref Times times, bool first)
        {
            times.Read(ref reader, first);
            if (first)
            {
                Count = reader.ReadUvarint();
                ZeroCount = reader.ReadUvarint();
                Sum = new XorValue { Bits = reader.ReadBits(64), Leading = XorValue.NoWindow };
                foreach (ref long bucket in Buckets.AsSpan())
                {
                    bucket = reader.ReadVarint();
                }

                return StaleNaN.IsStale(Sum.Value);
            }

            _countDelta = unchecked(_countDelta + reader.ReadVarint());
            Count = unchecked((ulong)((long)Count + _countDelta));
            _zeroCountDelta = unchecked(_zeroCountDelta + reader.ReadVarint());
            ZeroCount = unchecked((ulong)((long)ZeroCount + _zeroCountDelta));
            reader.ReadXor(ref Sum);
            if (StaleNaN.IsStale(Sum.Value))
            {
                return true;
            }

            for (int i = 0; i < Buckets.Length; i++)
            {
                Deltas[i] = unchecked(Deltas[i] + reader.ReadVarint());
                Buckets[i] = unchecked(Buckets[i] + Deltas[i]);
            }

            return false;
        }

        public readonly double[] Absolute(int start, int end)
        {
            double[] counts = start == end ? [] : new double[end - start];
            long count = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                count = unchecked(count + Buckets[start + i]);
                counts[i] = count;
            }

            return counts;
        }
    }

    private struct FloatState
    {
        public XorValue Count;
        public XorValue ZeroCount;
        public XorValue Sum;
        public XorValue[] Buckets;

        /// <inheritdoc cref="IntegerState.Read"/>
        public bool Read(ref BitReader reader, ref Times times, bool first)
        {
            times.Read(ref reader, first);
            ReadValue(ref reader, ref Count, first);
            ReadValue(ref reader, ref ZeroCount, first);
            ReadValue(ref reader, ref Sum, first);
            if (!first && StaleNaN.IsStale(Sum.Value))
            {
                return true;
            }

            foreach (ref XorValue bucket in Buckets.AsSpan())
            {
                ReadValue(ref reader, ref bucket, first);
            }

            return StaleNaN.IsStale(Sum.Value);
        }

        public readonly double[] Absolute(int start, int end)
        {
            double[] counts = start == end ? [] : new double[end - start];
            for (int i = 0; i < counts.Length; i++)
            {
                counts[i] = Buckets[start + i].Value;
            }

            return counts;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void ReadValue(ref BitReader reader, ref XorValue value, bool first)
        {
            if (first)
            {
                value = new XorValue { Bits = reader.ReadBits(64), Leading = XorValue.NoWindow };
            }
            else
            {
                reader.ReadXor(ref value);
            }
        }
    }
}

/// <summary>The flags of a chunk of histograms: whether a counter was reset between the chunk before and this one.</summary>
[Flags]
internal enum CounterResetHeader : byte
{
    /// <summary>It must be looked for.</summary>
    Unknown = 0,

    /// <summary>It was not.</summary>
    NotCounterReset = 0x40,

    /// <summary>It was.</summary>
    CounterReset = 0x80,

    /// <summary>The chunk has gauges.</summary>
    Gauge = NotCounterReset | CounterReset,
}
