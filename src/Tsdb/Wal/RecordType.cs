namespace Narthex.Tsdb.Wal;

/// <summary>What a record of the write-ahead log holds: its first byte.</summary>
/// <remarks>Other numbers come from newer versions: such records are counted and skipped.</remarks>
public enum RecordType : byte
{
    /// <summary>No type: the record is empty.</summary>
    None = 0,

    /// <summary>References and labels of new series.</summary>
    Series = 1,

    /// <summary>Float samples.</summary>
    Samples = 2,

    /// <summary>Deleted intervals of series.</summary>
    Tombstones = 3,

    /// <summary>Exemplars.</summary>
    Exemplars = 4,

    /// <summary>In the out-of-order log: chunks that have gone to disk.</summary>
    MmapMarkers = 5,

    /// <summary>Type, unit and help of series' metric families.</summary>
    Metadata = 6,

    /// <summary>Native histograms with integer counts.</summary>
    HistogramSamples = 7,

    /// <summary>Native histograms with float counts.</summary>
    FloatHistogramSamples = 8,

    /// <summary>Native histograms with integer counts and custom bucket bounds.</summary>
    CustomBucketsHistogramSamples = 9,

    /// <summary>Native histograms with float counts and custom bucket bounds.</summary>
    CustomBucketsFloatHistogramSamples = 10,

    /// <summary>Float samples that may have start timestamps.</summary>
    SamplesV2 = 11,

    /// <summary>Native histograms with integer counts, custom bucket bounds or not, that may have start timestamps.</summary>
    HistogramSamplesV2 = 12,

    /// <summary>Native histograms with float counts, custom bucket bounds or not, that may have start timestamps.</summary>
    FloatHistogramSamplesV2 = 13,

    /// <summary>In checkpoints: the time before which samples were not needed any more when it was written.</summary>
    MinValidTime = 14,
}

/// <summary>Reads the type of a record.</summary>
public static class RecordTypes
{
    /// <summary>The type of the record, <see cref="RecordType.None"/> if it is empty. May be a number without a name.</summary>
    public static RecordType Of(ReadOnlySpan<byte> record) => record.IsEmpty ? RecordType.None : (RecordType)record[0];

    /// <summary>Whether this version knows the type.</summary>
    public static bool IsKnown(RecordType type) => type is >= RecordType.Series and <= RecordType.MinValidTime;

    /// <summary>Whether it holds native histograms.</summary>
    public static bool HasHistograms(RecordType type) =>
        type is (>= RecordType.HistogramSamples and <= RecordType.CustomBucketsFloatHistogramSamples)
            or RecordType.HistogramSamplesV2 or RecordType.FloatHistogramSamplesV2;
}
