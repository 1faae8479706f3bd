using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb.Backfill;

/// <summary>Collects samples in memory and writes them as one block: for data that does not come through a server. Not thread-safe.</summary>
/// <remarks>Samples of a series must come in order of time, as in upstream's importer: an older one is an error, unless both are of the same commit: then it is left out.</remarks>
public sealed class BackfillBlock : IDisposable
{
    private readonly HeadStorage _head;
    private readonly IAppender _appender;
    private readonly TimeProvider _time;
    private readonly int _samplesPerCommit;
    private readonly Dictionary<SeriesRef, (long TimestampMs, long Bits)> _committed = [];
    private readonly List<(SeriesRef Series, long TimestampMs, long Bits)> _pending = [];

    /// <summary>Makes an empty one.</summary>
    /// <param name="rangeMs">What chunks are aligned to: twice the range of the block, so that its samples may come in any order of series.</param>
    /// <param name="samplesPerCommit">How many samples are held back before they are encoded.</param>
    /// <param name="time">The clock that names blocks.</param>
    public BackfillBlock(long rangeMs, int samplesPerCommit, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samplesPerCommit);
        _head = new HeadStorage(new HeadOptions { ChunkRangeMs = rangeMs });
        _appender = _head.OpenAppender();
        _samplesPerCommit = samplesPerCommit;
        _time = time;
    }

    /// <summary>Adds a sample.</summary>
    /// <exception cref="StorageException">It is older than the series' last one, or another one of the same time.</exception>
    public void Add(Labels labels, long timestampMs, double value)
    {
        SeriesRef series = _appender.GetOrAddSeries(labels);
        long bits = BitConverter.DoubleToInt64Bits(value);
        if (_committed.TryGetValue(series, out (long TimestampMs, long Bits) last))
        {
            if (timestampMs < last.TimestampMs)
            {
                throw new StorageException("add sample: out of order sample");
            }

            if (timestampMs == last.TimestampMs && bits != last.Bits)
            {
                string existing = FloatFormat.FormatGeneral(BitConverter.Int64BitsToDouble(last.Bits));
                throw new StorageException(
                    $"add sample: duplicate sample for timestamp {timestampMs}; overrides not allowed: existing {existing}, new value {FloatFormat.FormatGeneral(value)}");
            }
        }

        _appender.Append(series, timestampMs, value);
        _pending.Add((series, timestampMs, bits));
        if (_pending.Count == _samplesPerCommit)
        {
            Commit();
        }
    }

    /// <summary>Writes the block and returns what it says of itself; null, and nothing is written, if there are no samples.</summary>
    /// <exception cref="StorageException">It could not be written.</exception>
    public BlockMeta? Write(string directory, CancellationToken cancellationToken = default)
    {
        Commit();
        var range = new TimeRange(_head.MinTimeMs, _head.MaxTimeMs);
        if (range.MinMs > range.MaxMs)
        {
            return null;
        }

        using var source = new HeadBlockSource(_head, range, cancellationToken);
        BlockId id = BlockId.New(_time);
        var meta = new BlockMeta
        {
            Ulid = id,
            MinTime = range.MinMs,
            MaxTime = range.MaxMs + 1,
            Compaction = new BlockCompaction { Level = 1, Sources = [id.ToString()] },
        };
        return BlockWriter.Write(directory, meta, source, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _appender.Dispose();

    private void Commit()
    {
        _appender.Commit();
        foreach ((SeriesRef series, long timestampMs, long bits) in _pending)
        {
            if (!_committed.TryGetValue(series, out (long TimestampMs, long Bits) last) || timestampMs > last.TimestampMs)
            {
                _committed[series] = (timestampMs, bits);
            }
        }

        _pending.Clear();
    }
}
