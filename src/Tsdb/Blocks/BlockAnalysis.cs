using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>What a block is made of: for people who look for what makes their storage large.</summary>
public sealed class BlockAnalysis
{
    private readonly Dictionary<string, long> _commonPairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _valueLengths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _cardinalities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _metricNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _churningPairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _churningNames = new(StringComparer.Ordinal);

    private BlockAnalysis()
    {
    }

    /// <summary>The series that were looked at.</summary>
    public long SeriesCount { get; private set; }

    /// <summary>How many names of labels there are.</summary>
    public int LabelNameCount => _cardinalities.Count;

    /// <summary>How many different label pairs there are.</summary>
    public int LabelPairCount => _commonPairs.Count;

    /// <summary>How many label pairs all series have together.</summary>
    public long LabelPairTotal { get; private set; }

    /// <summary>The series of each label pair.</summary>
    public IReadOnlyDictionary<string, long> CommonPairs => _commonPairs;

    /// <summary>The bytes of all values of each name.</summary>
    public IReadOnlyDictionary<string, long> ValueLengths => _valueLengths;

    /// <summary>The values of each name.</summary>
    public IReadOnlyDictionary<string, long> Cardinalities => _cardinalities;

    /// <summary>The series of each metric.</summary>
    public IReadOnlyDictionary<string, long> MetricNames => _metricNames;

    /// <summary>For each label pair, how many whole block lengths its series are missing, taken together.</summary>
    public IReadOnlyDictionary<string, long> ChurningPairs => Whole(_churningPairs);

    /// <summary>The same for each name.</summary>
    public IReadOnlyDictionary<string, long> ChurningNames => Whole(_churningNames);

    /// <summary>How full chunks are; null if they were not looked at.</summary>
    public ChunkSizes? Chunks { get; private set; }

    /// <summary>Looks at all series of a block that match.</summary>
    /// <param name="block">The block.</param>
    /// <param name="matchers">The conditions; none for all series.</param>
    /// <param name="withChunks">Whether to read all chunks, too.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="BlockCorruptionException">Something is damaged.</exception>
    public static BlockAnalysis Of(BlockReader block, IReadOnlyList<LabelMatcher> matchers, bool withChunks, CancellationToken cancellationToken = default)
    {
        var analysis = new BlockAnalysis { Chunks = withChunks ? new ChunkSizes() : null };
        if (matchers.Count > 0)
        {
            foreach (uint series in PostingsSelector.Select(block.Index, matchers, cancellationToken))
            {
                analysis.Add(block, series);
            }

            return analysis;
        }

        PostingsView all = block.Index.GetPostings(default, default);
        for (int i = 0; i < all.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            analysis.Add(block, all[i]);
        }

        return analysis;
    }

    private void Add(BlockReader block, uint series)
    {
        SeriesCount++;
        long? firstMs = null;
        long lastMs = 0;
        SeriesChunks chunks = block.Index.ReadChunks(series);
        while (chunks.MoveNext())
        {
            firstMs ??= chunks.Current.Range.MinMs;
            lastMs = chunks.Current.Range.MaxMs;
            if (Chunks is { } sizes)
            {
                ReadOnlySpan<byte> data = block.ReadChunk(chunks.Current, out ChunkEncoding encoding);
                bool isFloat = encoding is ChunkEncoding.Xor or ChunkEncoding.Xor2;
                (isFloat ? sizes.FloatSamplesList : sizes.HistogramSamplesList).Add(ChunkEncodings.CountSamples(encoding, data));
                (isFloat ? sizes.FloatBytesList : sizes.HistogramBytesList).Add(data.Length);
                if (!isFloat)
                {
                    sizes.HistogramBucketsList.Add(CountBuckets(block, encoding, data, sizes.Buffer));
                }
            }
        }

        // Gaps in between do not count: what churns is what begins late or ends early.
        double lengthMs = block.Meta.MaxTime - block.Meta.MinTime;
        double missing = lengthMs > 0 ? (lengthMs - (lastMs - (firstMs ?? 0))) / lengthMs : 0;
        foreach (LabelPair label in block.Index.ReadLabels(series))
        {
            LabelPairTotal++;
            string name = Encoding.UTF8.GetString(label.Name);
            string value = Encoding.UTF8.GetString(label.Value);
            string pair = $"{name}={value}";
            if (Increment(_commonPairs, pair))
            {
                Increment(_cardinalities, name);
                _valueLengths[name] = _valueLengths.GetValueOrDefault(name) + label.Value.Length;
            }

            if (name == LabelNames.MetricName)
            {
                Increment(_metricNames, value);
            }

            _churningPairs[pair] = _churningPairs.GetValueOrDefault(pair) + missing;
            _churningNames[name] = _churningNames.GetValueOrDefault(name) + missing;
        }
    }

    private static int CountBuckets(BlockReader block, ChunkEncoding encoding, ReadOnlySpan<byte> chunk, SampleBuffer samples)
    {
        samples.Clear();
        try
        {
            ChunkDecoder.Append(encoding, chunk, TimeRange.All, samples);
        }
        catch (ChunkCorruptionException error)
        {
            throw new BlockCorruptionException(Path.GetFileName(block.DirectoryPath), "chunks", error.Message, error);
        }

        int count = 0;
        foreach (FloatHistogram? histogram in samples.Histograms)
        {
            count += histogram is null ? 0 : histogram.PositiveBuckets.Length + histogram.NegativeBuckets.Length;
        }

        return count;
    }

    private static bool Increment(Dictionary<string, long> counts, string key)
    {
        long count = counts.GetValueOrDefault(key);
        counts[key] = count + 1;
        return count == 0;
    }

    private static Dictionary<string, long> Whole(Dictionary<string, double> sums) => sums.ToDictionary(sum => sum.Key, sum => (long)sum.Value, StringComparer.Ordinal);
}

/// <summary>The sizes of a block's chunks.</summary>
public sealed class ChunkSizes
{
    /// <summary>Samples of each chunk of floats.</summary>
    public IReadOnlyList<int> FloatSamples => FloatSamplesList;

    /// <summary>Bytes of each chunk of floats.</summary>
    public IReadOnlyList<int> FloatBytes => FloatBytesList;

    /// <summary>Samples of each chunk of histograms.</summary>
    public IReadOnlyList<int> HistogramSamples => HistogramSamplesList;

    /// <summary>Bytes of each chunk of histograms.</summary>
    public IReadOnlyList<int> HistogramBytes => HistogramBytesList;

    /// <summary>Buckets of all samples of each chunk of histograms.</summary>
    public IReadOnlyList<int> HistogramBuckets => HistogramBucketsList;

    internal List<int> FloatSamplesList { get; } = [];

    internal List<int> FloatBytesList { get; } = [];

    internal List<int> HistogramSamplesList { get; } = [];

    internal List<int> HistogramBytesList { get; } = [];

    internal SampleBuffer Buffer { get; } = new();

    internal List<int> HistogramBucketsList { get; } = [];
}
