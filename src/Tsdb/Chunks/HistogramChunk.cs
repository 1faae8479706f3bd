using System.Buffers.Binary;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>A chunk of native histograms that is being appended to, byte for byte as upstream encodes them. Not thread-safe.</summary>
/// <remarks>
/// <para>
/// All histograms of a chunk have one layout. A counter that was reset, another resolution, other bounds, or an end of staleness need a
/// new chunk. Where buckets appear, the chunk is encoded anew with wider spans; where empty ones disappear, the histogram gets them back.
/// </para>
/// <para>Histograms are taken as valid: their buckets fit their spans.</para>
/// </remarks>
internal sealed class HistogramChunk
{
    // A chunk that is encoded anew with wider spans must stay one that can be stored.
    private const long WidenedBucketsMax = 1 << 22;

    private readonly bool _floats;
    private readonly bool _hasStarts;
    private HistogramStarts _starts;
    private HistogramLayout _layout;
    private BitBuffer _buffer;
    private FloatHistogram _last;
    private XorValue _sum;
    private XorValue _countXor;
    private XorValue _zeroCountXor;
    private XorValue[] _xors = [];
    private long _timeDelta;
    private long _count;
    private long _countDelta;
    private long _zeroCount;
    private long _zeroCountDelta;
    private long[] _buckets = [];
    private long[] _deltas = [];

    private HistogramChunk(bool floats, bool hasStarts, CounterResetHeader header, long timestampMs, FloatHistogram first, long startMs)
    {
        _floats = floats;
        _hasStarts = hasStarts;
        FirstTimestampMs = timestampMs;
        _layout = HistogramLayout.Of(first);
        _buffer = NewBuffer(header);
        _last = first;
        AppendFirst(timestampMs, first, startMs);
    }

    /// <summary>How it is encoded.</summary>
    public ChunkEncoding Encoding => (_floats, _hasStarts) switch
    {
        (false, false) => ChunkEncoding.Histogram,
        (true, false) => ChunkEncoding.FloatHistogram,
        (false, true) => ChunkEncoding.HistogramWithStarts,
        (true, true) => ChunkEncoding.FloatHistogramWithStarts,
    };

    /// <summary>Whether it keeps start timestamps.</summary>
    public bool HasStarts => _hasStarts;

    /// <summary>The number of histograms.</summary>
    public int Count { get; private set; }

    /// <summary>The first time.</summary>
    public long FirstTimestampMs { get; }

    /// <summary>The last time.</summary>
    public long LastTimestampMs { get; private set; }

    /// <summary>The last histogram. Without buckets if it is a staleness marker.</summary>
    public FloatHistogram Last => _last;

    /// <summary>The chunk so far.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.Written;

    /// <summary>About what it holds in memory.</summary>
    public long MemoryBytes => 400 + _buffer.Capacity + (16L * (_buckets.Length + _xors.Length)) + (8L * _layout.BucketCount);

    private CounterResetHeader Header => HistogramDecoder.HeaderOf(_buffer.Written, _hasStarts);

    /// <summary>Starts a chunk.</summary>
    /// <param name="floats">Whether counts are floats. Integer chunks take only what <see cref="HasIntegerCounts"/> says.</param>
    /// <param name="timestampMs">The time.</param>
    /// <param name="histogram">The first histogram.</param>
    /// <param name="previous">The chunk before it, if the new one continues that: the flags then say whether there was a reset in between.</param>
    /// <param name="hasStarts">Whether it keeps start timestamps.</param>
    /// <param name="startMs">That of the first histogram; 0 if it is not known.</param>
    public static HistogramChunk Start(
        bool floats, long timestampMs, FloatHistogram histogram, HistogramChunk? previous, bool hasStarts = false, long startMs = 0)
    {
        CounterResetHeader header = histogram.CounterResetHint switch
        {
            CounterResetHint.Gauge => CounterResetHeader.Gauge,
            CounterResetHint.CounterReset => CounterResetHeader.CounterReset,
            _ when previous is not null => previous.Judge(histogram, out _, out _),
            _ => CounterResetHeader.Unknown,
        };
        return new HistogramChunk(floats, hasStarts, header, timestampMs, histogram, startMs);
    }

    /// <summary>Makes a chunk that goes on from these bytes. Null if they are damaged, or were encoded in a way that cannot be continued to the byte.</summary>
    public static HistogramChunk? TryRestore(ChunkEncoding encoding, ReadOnlySpan<byte> chunk)
    {
        bool floats = encoding is ChunkEncoding.FloatHistogram or ChunkEncoding.FloatHistogramWithStarts;
        bool hasStarts = encoding is ChunkEncoding.HistogramWithStarts or ChunkEncoding.FloatHistogramWithStarts;
        using var samples = new SampleBuffer();
        try
        {
            HistogramDecoder.Append(chunk, floats, hasStarts, TimeRange.All, samples);
        }
        catch (ChunkCorruptionException)
        {
            return null;
        }

        if (samples.Count == 0)
        {
            return null;
        }

        ReadOnlySpan<long> starts = samples.StartTimestamps;
        CounterResetHeader header = HistogramDecoder.HeaderOf(chunk, hasStarts);
        var restored = new HistogramChunk(floats, hasStarts, header, samples.Timestamps[0], samples.Histograms[0]!, starts.IsEmpty ? 0 : starts[0]);
        for (int i = 1; i < samples.Count; i++)
        {
            restored.AppendNext(samples.Timestamps[i], samples.Histograms[i]!, starts.IsEmpty ? 0 : starts[i]);
        }

        return restored.Bytes.SequenceEqual(chunk) ? restored : null;
    }

    /// <summary>Appends a histogram. False, and nothing changed, if it needs a new chunk: then <paramref name="next"/> is that chunk.</summary>
    public bool TryAppend(long timestampMs, FloatHistogram histogram, out HistogramChunk? next, long startMs = 0)
    {
        next = null;
        CounterResetHeader header = Judge(histogram, out bool fits, out HistogramLayout? wider);
        int samplesMax = _hasStarts ? HistogramStarts.SamplesMax : XorEncoder.SamplesMax;
        if (!fits || Count == samplesMax || (long)Count * (wider?.BucketCount ?? 0) > WidenedBucketsMax)
        {
            header = histogram.CounterResetHint == CounterResetHint.Gauge ? CounterResetHeader.Gauge : header;
            next = new HistogramChunk(_floats, _hasStarts, header, timestampMs, histogram, startMs);
            return false;
        }

        if (wider is not null)
        {
            Recode(wider);
        }

        AppendNext(timestampMs, histogram.IsStale ? histogram : InLayout(histogram), startMs);
        return true;
    }

    /// <summary>Whether all counts are integers that a float holds exactly.</summary>
    public static bool HasIntegerCounts(FloatHistogram histogram) => histogram.IsStale || Wal.Records.HistogramsRecordWriter.HasIntegerCounts(histogram);

    private BitBuffer NewBuffer(CounterResetHeader header)
    {
        var buffer = new BitBuffer(128);
        buffer.Write(_hasStarts ? (ulong)header << 16 : (ulong)header, 8 * HistogramDecoder.HeaderBytes);
        return buffer;
    }

    /// <summary>Whether a histogram can join the chunk, and what is to be said about a reset if it cannot.</summary>
    private CounterResetHeader Judge(FloatHistogram histogram, out bool fits, out HistogramLayout? wider)
    {
        wider = null;
        fits = false;
        bool gauge = histogram.CounterResetHint == CounterResetHint.Gauge;
        if (gauge != (Header == CounterResetHeader.Gauge))
        {
            return CounterResetHeader.NotCounterReset;
        }

        if (histogram.CounterResetHint == CounterResetHint.CounterReset)
        {
            return CounterResetHeader.CounterReset;
        }

        if (histogram.IsStale)
        {
            fits = true;
            return CounterResetHeader.NotCounterReset;
        }

        // Behind a staleness marker come only more of them: nothing but their times is known then.
        if (_last.IsStale)
        {
            return CounterResetHeader.Unknown;
        }

        if (!gauge && histogram.Count < _last.Count)
        {
            return CounterResetHeader.CounterReset;
        }

        if (histogram.Schema != _layout.Schema || histogram.ZeroThreshold != _layout.ZeroThreshold)
        {
            return CounterResetHeader.Unknown;
        }

        if ((histogram.UsesCustomBuckets && !histogram.CustomValues.AsSpan().SequenceEqual(_layout.CustomValues))
            || (!gauge && histogram.ZeroCount < _last.ZeroCount))
        {
            return CounterResetHeader.CounterReset;
        }

        BucketComparison positive = BucketComparison.Of(_layout.Positive, _last.PositiveBuckets, histogram.PositiveSpans, histogram.PositiveBuckets);
        BucketComparison negative = BucketComparison.Of(_layout.Negative, _last.NegativeBuckets, histogram.NegativeSpans, histogram.NegativeBuckets);
        if (!gauge && (positive.Fell || negative.Fell))
        {
            return CounterResetHeader.CounterReset;
        }

        fits = true;
        if (positive.ChunkLacks || negative.ChunkLacks)
        {
            bool mergeBoth = gauge && (positive.HistogramLacks || negative.HistogramLacks);
            wider = new HistogramLayout(
                _layout.Schema,
                _layout.ZeroThreshold,
                mergeBoth || positive.HistogramLacks ? BucketRemapping.Union(_layout.Positive, histogram.PositiveSpans) : histogram.PositiveSpans,
                mergeBoth || negative.HistogramLacks ? BucketRemapping.Union(_layout.Negative, histogram.NegativeSpans) : histogram.NegativeSpans,
                _layout.CustomValues);
        }

        return CounterResetHeader.NotCounterReset;
    }

    /// <summary>Encodes the chunk anew with more buckets.</summary>
    private void Recode(HistogramLayout wider)
    {
        using var samples = new SampleBuffer();
        HistogramDecoder.Append(_buffer.Written, _floats, _hasStarts, TimeRange.All, samples);
        _layout = wider;
        _buffer = NewBuffer(Header);
        _starts = default;
        Count = 0;
        for (int i = 0; i < samples.Count; i++)
        {
            FloatHistogram histogram = InLayout(samples.Histograms[i]!);
            long startMs = samples.HasStartTimestamps ? samples.StartTimestamps[i] : 0;
            if (i == 0)
            {
                AppendFirst(samples.Timestamps[i], histogram, startMs);
            }
            else
            {
                AppendNext(samples.Timestamps[i], histogram, startMs);
            }
        }
    }

    private FloatHistogram InLayout(FloatHistogram histogram)
    {
        if (SameSpans(histogram.PositiveSpans, _layout.Positive) && SameSpans(histogram.NegativeSpans, _layout.Negative))
        {
            return histogram;
        }

        return new FloatHistogram
        {
            CounterResetHint = histogram.CounterResetHint,
            Schema = histogram.Schema,
            ZeroThreshold = histogram.ZeroThreshold,
            ZeroCount = histogram.ZeroCount,
            Count = histogram.Count,
            Sum = histogram.Sum,
            PositiveSpans = _layout.Positive,
            NegativeSpans = _layout.Negative,
            PositiveBuckets = BucketRemapping.Move(histogram.PositiveSpans, histogram.PositiveBuckets, _layout.Positive),
            NegativeBuckets = BucketRemapping.Move(histogram.NegativeSpans, histogram.NegativeBuckets, _layout.Negative),
            CustomValues = _layout.CustomValues,
        };
    }

    private static bool SameSpans(HistogramSpan[] left, HistogramSpan[] right) => left == right || left.AsSpan().SequenceEqual(right);

    private void AppendFirst(long timestampMs, FloatHistogram histogram, long startMs)
    {
        if (histogram.IsStale)
        {
            histogram = new FloatHistogram { Sum = histogram.Sum };
        }

        _layout.Write(_buffer);
        _buffer.WriteVarint(timestampMs);
        if (_floats)
        {
            WriteFirst(ref _countXor, histogram.Count);
            WriteFirst(ref _zeroCountXor, histogram.ZeroCount);
            WriteFirst(ref _sum, histogram.Sum);
            _xors = new XorValue[_layout.BucketCount];
            for (int i = 0; i < _xors.Length; i++)
            {
                WriteFirst(ref _xors[i], CountAt(histogram, i));
            }
        }
        else
        {
            (_count, _countDelta) = ((long)(ulong)histogram.Count, 0);
            (_zeroCount, _zeroCountDelta) = ((long)(ulong)histogram.ZeroCount, 0);
            _buffer.WriteUvarint((ulong)_count);
            _buffer.WriteUvarint((ulong)_zeroCount);
            WriteFirst(ref _sum, histogram.Sum);
            _buckets = new long[_layout.BucketCount];
            _deltas = new long[_layout.BucketCount];
            for (int i = 0; i < _buckets.Length; i++)
            {
                _buckets[i] = DifferenceAt(histogram, i);
                _buffer.WriteVarint(_buckets[i]);
            }
        }

        _timeDelta = 0;
        Finish(timestampMs, histogram, startMs);
    }

    private void AppendNext(long timestampMs, FloatHistogram histogram, long startMs)
    {
        bool stale = histogram.IsStale;
        if (stale)
        {
            histogram = new FloatHistogram { Sum = histogram.Sum };
        }

        long delta = unchecked(timestampMs - LastTimestampMs);
        _buffer.WriteVarint(unchecked(delta - _timeDelta));
        _timeDelta = delta;
        if (_floats)
        {
            _buffer.WriteXor(ref _countXor, histogram.Count);
            _buffer.WriteXor(ref _zeroCountXor, histogram.ZeroCount);
        }
        else
        {
            WriteChange(ref _count, ref _countDelta, (long)(ulong)histogram.Count, stale);
            WriteChange(ref _zeroCount, ref _zeroCountDelta, (long)(ulong)histogram.ZeroCount, stale);
        }

        _buffer.WriteXor(ref _sum, histogram.Sum);
        if (!stale && _floats)
        {
            for (int i = 0; i < _xors.Length; i++)
            {
                _buffer.WriteXor(ref _xors[i], CountAt(histogram, i));
            }
        }
        else if (!stale)
        {
            for (int i = 0; i < _buckets.Length; i++)
            {
                WriteChange(ref _buckets[i], ref _deltas[i], DifferenceAt(histogram, i), stale: false);
            }
        }

        Finish(timestampMs, histogram, startMs);
    }

    private void WriteFirst(ref XorValue value, double first)
    {
        value = XorValue.Start(first);
        _buffer.WriteDouble(first);
    }

    // Of a staleness marker, readers look at the sum alone, so that the counts need not change.
    private void WriteChange(ref long value, ref long delta, long next, bool stale)
    {
        long nextDelta = unchecked(next - value);
        _buffer.WriteVarint(stale ? 0 : unchecked(nextDelta - delta));
        delta = nextDelta;
        value = next;
    }

    private void Finish(long timestampMs, FloatHistogram histogram, long startMs)
    {
        if (_hasStarts)
        {
            _starts.Write(_buffer, Count, timestampMs, LastTimestampMs, startMs);
            HistogramStarts.WriteCount(_buffer.Patch(0, 2), Header, Count + 1);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.Patch(0, 2), (ushort)(Count + 1));
        }

        Count++;
        LastTimestampMs = timestampMs;
        _last = histogram;
    }

    private double CountAt(FloatHistogram histogram, int bucket) =>
        bucket < _layout.PositiveCount ? histogram.PositiveBuckets[bucket] : histogram.NegativeBuckets[bucket - _layout.PositiveCount];

    // Integer buckets are kept as the difference to the bucket before them, of the same sign.
    private long DifferenceAt(FloatHistogram histogram, int bucket)
    {
        bool isFirst = bucket == 0 || bucket == _layout.PositiveCount;
        return (long)CountAt(histogram, bucket) - (isFirst ? 0 : (long)CountAt(histogram, bucket - 1));
    }
}
