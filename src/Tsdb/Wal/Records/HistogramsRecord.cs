using Narthex.Model;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Wal.Records;

/// <summary>Writes one record with native histograms: types 7 to 10, 12 and 13, one type per record.</summary>
/// <remarks>
/// References and times are distances from the first one's, as in sample records. Buckets with integer counts are written
/// as differences from bucket to bucket, float ones as they are. Types 12 and 13 begin like sample records of type 11, and have start timestamps as these do.
/// </remarks>
public ref struct HistogramsRecordWriter
{
    private readonly ByteWriter _destination;
    private readonly RecordType _type;
    private bool _started;
    private ulong _firstRef;
    private long _firstTimestamp;
    private long _firstStart;
    private ulong _previousRef;
    private long _previousStart;

    private HistogramsRecordWriter(ByteWriter destination, RecordType type)
    {
        _destination = destination;
        _type = type;
        _started = false;
        _firstRef = 0;
        _firstTimestamp = 0;
    }

    /// <summary>The type of record that a histogram belongs into.</summary>
    /// <param name="histogram">The histogram.</param>
    /// <param name="integers">Whether it is to be kept with integer counts: see <see cref="HasIntegerCounts"/>.</param>
    public static RecordType TypeFor(FloatHistogram histogram, bool integers) => (histogram.UsesCustomBuckets, integers) switch
    {
        (false, true) => RecordType.HistogramSamples,
        (false, false) => RecordType.FloatHistogramSamples,
        (true, true) => RecordType.CustomBucketsHistogramSamples,
        (true, false) => RecordType.CustomBucketsFloatHistogramSamples,
    };

    /// <summary>Whether all counts are integers that a float holds exactly, so that nothing is lost in an integer record.</summary>
    public static bool HasIntegerCounts(FloatHistogram histogram) =>
        IsInteger(histogram.Count) && IsInteger(histogram.ZeroCount) && AreIntegers(histogram.PositiveBuckets) && AreIntegers(histogram.NegativeBuckets);

    /// <summary>Starts a record of this type behind what the destination holds.</summary>
    public static HistogramsRecordWriter Begin(ByteWriter destination, RecordType type)
    {
        if (!RecordTypes.HasHistograms(type))
        {
            throw new ArgumentOutOfRangeException(nameof(type));
        }

        destination.WriteByte((byte)type);
        return new HistogramsRecordWriter(destination, type);
    }

    /// <summary>Adds a histogram of a series. It must belong into this type of record.</summary>
    /// <param name="reference">The series.</param>
    /// <param name="timestampMs">The time.</param>
    /// <param name="histogram">The histogram.</param>
    /// <param name="startTimestampMs">When its counting began, 0 if that is not known. Only types 12 and 13 keep it.</param>
    public void Add(ulong reference, long timestampMs, FloatHistogram histogram, long startTimestampMs = 0)
    {
        if (HistogramsRecordReader.IsSecondGeneration(_type))
        {
            WriteSecondGenerationHeader(reference, timestampMs, startTimestampMs);
        }
        else
        {
            WriteHeader(reference, timestampMs);
        }

        WriteHistogram(_destination, histogram, HistogramsRecordReader.HasIntegers(_type));
    }

    private void WriteHeader(ulong reference, long timestampMs)
    {
        if (!_started)
        {
            _started = true;
            _firstRef = reference;
            _firstTimestamp = timestampMs;
            _destination.WriteUInt64(reference);
            _destination.WriteInt64(timestampMs);
        }

        _destination.WriteVarint(unchecked((long)(reference - _firstRef)));
        _destination.WriteVarint(unchecked(timestampMs - _firstTimestamp));
    }

    private void WriteSecondGenerationHeader(ulong reference, long timestampMs, long startTimestampMs)
    {
        if (_started)
        {
            _destination.WriteVarint(unchecked((long)(reference - _previousRef)));
            _destination.WriteVarint(unchecked(timestampMs - _firstTimestamp));
            StartTimestamps.Write(_destination, startTimestampMs, _firstStart, _previousStart);
        }
        else
        {
            _started = true;
            _firstTimestamp = timestampMs;
            _firstStart = startTimestampMs;
            _destination.WriteVarint((long)reference);
            _destination.WriteVarint(timestampMs);
            _destination.WriteVarint(startTimestampMs);
        }

        _previousRef = reference;
        _previousStart = startTimestampMs;
    }

    /// <summary>Appends a histogram alone, as it stands in a record.</summary>
    internal static void WriteHistogram(ByteWriter destination, FloatHistogram histogram, bool integers)
    {
        destination.WriteByte((byte)histogram.CounterResetHint);
        destination.WriteVarint(histogram.Schema);
        destination.WriteDouble(histogram.ZeroThreshold);
        if (integers)
        {
            destination.WriteUvarint((ulong)histogram.ZeroCount);
            destination.WriteUvarint((ulong)histogram.Count);
        }
        else
        {
            destination.WriteDouble(histogram.ZeroCount);
            destination.WriteDouble(histogram.Count);
        }

        destination.WriteDouble(histogram.Sum);
        WriteSpans(destination, histogram.PositiveSpans);
        WriteSpans(destination, histogram.NegativeSpans);
        WriteBuckets(destination, histogram.PositiveBuckets, integers);
        WriteBuckets(destination, histogram.NegativeBuckets, integers);
        if (histogram.UsesCustomBuckets)
        {
            WriteBuckets(destination, histogram.CustomValues, integers: false);
        }
    }

    private static bool IsInteger(double count) => count >= 0 && count <= 1L << 53 && Math.Floor(count) == count;

    private static bool AreIntegers(double[] counts)
    {
        foreach (double count in counts)
        {
            if (!IsInteger(count))
            {
                return false;
            }
        }

        return true;
    }

    private static void WriteSpans(ByteWriter destination, HistogramSpan[] spans)
    {
        destination.WriteUvarint((uint)spans.Length);
        foreach (HistogramSpan span in spans)
        {
            destination.WriteVarint(span.Offset);
            destination.WriteUvarint(span.Length);
        }
    }

    private static void WriteBuckets(ByteWriter destination, double[] buckets, bool integers)
    {
        destination.WriteUvarint((uint)buckets.Length);
        long previous = 0;
        foreach (double bucket in buckets)
        {
            if (integers)
            {
                long count = (long)bucket;
                destination.WriteVarint(count - previous);
                previous = count;
            }
            else
            {
                destination.WriteDouble(bucket);
            }
        }
    }
}

/// <summary>Walks the native histograms in a record of types 7 to 10, 12 and 13.</summary>
/// <remarks>Whether the parts of a histogram fit together is not checked here: that is the head's business, as with scraped ones.</remarks>
public ref struct HistogramsRecordReader
{
    private readonly ulong _firstRef;
    private readonly long _firstTimestamp;
    private readonly bool _integers;
    private readonly bool _secondGeneration;
    private readonly long _firstStart;
    private bool _started;
    private ByteReader _reader;

    /// <summary>Starts at the record's first histogram.</summary>
    public HistogramsRecordReader(ReadOnlySpan<byte> record)
    {
        _reader = new ByteReader(record);
        var type = (RecordType)_reader.ReadByte();
        IsDamaged = !RecordTypes.HasHistograms(type);
        _integers = HasIntegers(type);
        _secondGeneration = IsSecondGeneration(type);
        if (_reader.Remaining > 0)
        {
            _firstRef = _secondGeneration ? (ulong)_reader.ReadVarint() : _reader.ReadUInt64();
            _firstTimestamp = _secondGeneration ? _reader.ReadVarint() : _reader.ReadInt64();
            _firstStart = _secondGeneration ? _reader.ReadVarint() : 0;
            IsDamaged |= _reader.Failed;
        }

        Histogram = null!;
    }

    /// <summary>The series.</summary>
    public ulong Ref { get; private set; }

    /// <summary>The time.</summary>
    public long TimestampMs { get; private set; }

    /// <summary>When its counting began; 0 if that is not known.</summary>
    public long StartTimestampMs { get; private set; }

    /// <summary>The histogram, which the caller owns. Set after a successful <see cref="MoveNext"/>.</summary>
    public FloatHistogram Histogram { get; private set; }

    /// <summary>Whether the record has integer counts.</summary>
    public readonly bool IsInteger => _integers;

    /// <summary>Whether reading stopped because the record is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next histogram. False at the end and at damage.</summary>
    public bool MoveNext()
    {
        if (IsDamaged || _reader.Remaining == 0)
        {
            return false;
        }

        ReadHeader();
        Histogram = ReadHistogram();
        IsDamaged = _reader.Failed;
        return !IsDamaged;
    }

    internal static bool HasIntegers(RecordType type) =>
        type is RecordType.HistogramSamples or RecordType.CustomBucketsHistogramSamples or RecordType.HistogramSamplesV2;

    internal static bool IsSecondGeneration(RecordType type) => type is RecordType.HistogramSamplesV2 or RecordType.FloatHistogramSamplesV2;

    private void ReadHeader()
    {
        if (!_secondGeneration)
        {
            Ref = unchecked(_firstRef + (ulong)_reader.ReadVarint());
            TimestampMs = unchecked(_firstTimestamp + _reader.ReadVarint());
        }
        else if (_started)
        {
            Ref = unchecked(Ref + (ulong)_reader.ReadVarint());
            TimestampMs = unchecked(_firstTimestamp + _reader.ReadVarint());
            StartTimestampMs = StartTimestamps.Read(ref _reader, _firstStart, StartTimestampMs);
        }
        else
        {
            _started = true;
            Ref = _firstRef;
            TimestampMs = _firstTimestamp;
            StartTimestampMs = _firstStart;
        }
    }

    private FloatHistogram ReadHistogram()
    {
        var histogram = new FloatHistogram
        {
            CounterResetHint = (CounterResetHint)(_reader.ReadByte() & 3),
            Schema = (int)_reader.ReadVarint(),
            ZeroThreshold = _reader.ReadDouble(),
            ZeroCount = _integers ? _reader.ReadUvarint() : _reader.ReadDouble(),
            Count = _integers ? _reader.ReadUvarint() : _reader.ReadDouble(),
            Sum = _reader.ReadDouble(),
        };
        histogram.PositiveSpans = ReadSpans();
        histogram.NegativeSpans = ReadSpans();
        histogram.PositiveBuckets = ReadBuckets(_integers);
        histogram.NegativeBuckets = ReadBuckets(_integers);
        if (histogram.UsesCustomBuckets)
        {
            histogram.CustomValues = ReadBuckets(integers: false);
        }

        return histogram;
    }

    private HistogramSpan[] ReadSpans()
    {
        int count = _reader.ReadCount(2);
        HistogramSpan[] spans = count == 0 ? [] : new HistogramSpan[count];
        for (int i = 0; i < spans.Length; i++)
        {
            spans[i] = new HistogramSpan((int)_reader.ReadVarint(), (uint)_reader.ReadUvarint());
        }

        return spans;
    }

    private double[] ReadBuckets(bool integers)
    {
        int count = _reader.ReadCount(integers ? 1 : 8);
        double[] buckets = count == 0 ? [] : new double[count];
        long total = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            if (integers)
            {
                total = unchecked(total + _reader.ReadVarint());
                buckets[i] = total;
            }
            else
            {
                buckets[i] = _reader.ReadDouble();
            }
        }

        return buckets;
    }
}
