using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Compaction;

/// <summary>All blocks of a data directory: opens them, answers queries over them, compacts them and deletes the old ones.</summary>
/// <remarks>
/// Readers never wait. Whatever changes the set (writing, compacting, deleting) runs one at a time. It may be killed at any
/// instant: a new block appears complete before those that it replaces go, and names them, so that the next start finishes the work.
/// A block that cannot be opened is left out, reported by name and counted.
/// </remarks>
public sealed class BlockSet : IQueryableStorage, IDisposable
{
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BlockSetMetrics _metrics;
    private readonly Lock _mutation = new();
    private volatile BlockSetOptions _options;
    private ImmutableArray<BlockReader> _blocks = [];
    private ImmutableDictionary<string, BlockCorruptionException> _broken = ImmutableDictionary<string, BlockCorruptionException>.Empty;

    private BlockSet(string directory, BlockSetOptions options, MetricRegistry metrics, TimeProvider time, ILogger logger)
    {
        _directory = directory;
        _options = options;
        _time = time;
        _logger = logger;
        _metrics = new BlockSetMetrics(metrics, this);
    }

    /// <summary>The open blocks, ascending by their first instant.</summary>
    public IReadOnlyList<BlockReader> Blocks => Current;

    /// <summary>The directories that look like blocks and could not be opened, with the reason.</summary>
    public IReadOnlyDictionary<string, BlockCorruptionException> Broken => Volatile.Read(ref _broken);

    /// <summary>The bytes of all open blocks.</summary>
    public long SizeBytes => Current.Sum(block => block.SizeBytes);

    /// <summary>The first instant of all blocks; <see cref="long.MaxValue"/> if there is none.</summary>
    public long MinTimeMs => Current is { IsEmpty: false } blocks ? blocks.Min(block => block.Meta.MinTime) : long.MaxValue;

    /// <summary>The first instant behind all blocks, from which on samples must be in the head; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs => Current is { IsEmpty: false } blocks ? blocks.Max(block => block.Meta.MaxTime) : long.MinValue;

    /// <summary>As <see cref="MaxTimeMs"/>, without blocks that hold some of the series only: those may be newer than what the head has in order.</summary>
    public long InOrderMaxTimeMs => Current.Where(block => !block.Meta.IsPartial).Select(block => block.Meta.MaxTime).DefaultIfEmpty(long.MinValue).Max();

    /// <summary>The settings. Those of retention may be replaced at any time; they count from the next <see cref="Reload"/> on.</summary>
    public BlockSetOptions Options
    {
        get => _options;
        set => _options = value;
    }

    private ImmutableArray<BlockReader> Current => ImmutableInterlocked.InterlockedCompareExchange(ref _blocks, default, default);

    /// <summary>Removes leftovers of a killed process, repairs what early releases broke, and opens all blocks.</summary>
    /// <exception cref="StorageException">The directory cannot be read.</exception>
    public static BlockSet Open(string directory, BlockSetOptions options, MetricRegistry metrics, TimeProvider time, ILogger logger)
    {
        var set = new BlockSet(directory, options, metrics, time, logger);
        try
        {
            Directory.CreateDirectory(directory);
            BlockDirectory.RemoveLeftovers(directory);
            foreach (string path in set.BlockPaths())
            {
                if (BlockRepair.TryRepair(path))
                {
                    BlockSetLog.Repaired(logger, Path.GetFileName(path));
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"open blocks in {directory}: {error.Message}", error);
        }

        set.Reload();
        return set;
    }

    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range) => MergedQuerier.Over(OpenQueriers(range));

    /// <summary>One querier for each block that overlaps the range, in order of time: to be merged with the head's. The caller owns them.</summary>
    public IReadOnlyList<IQuerier> OpenQueriers(TimeRange range)
    {
        while (true)
        {
            var queriers = new List<IQuerier>();
            bool complete = true;
            foreach (BlockReader block in Current)
            {
                if (!block.Meta.Range.Overlaps(range))
                {
                    continue;
                }

                if (!block.TryOpenQuerier(range, out IQuerier? querier))
                {
                    complete = false; // Replaced since the list was read: there is a newer list.
                    break;
                }

                queriers.Add(querier);
            }

            if (complete)
            {
                return queriers;
            }

            queriers.ForEach(querier => querier.Dispose());
        }
    }

    /// <summary>Looks through the directory: opens new blocks, deletes replaced, emptied and outdated ones.</summary>
    /// <exception cref="StorageException">The directory cannot be read.</exception>
    public void Reload()
    {
        lock (_mutation)
        {
            _metrics.Reloads.Increment();
            try
            {
                ReloadCore();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                _metrics.ReloadFailures.Increment();
                throw new StorageException($"reload blocks in {_directory}: {error.Message}", error);
            }
        }
    }

    /// <summary>Writes a block from the head and opens it. Null if the source had no samples.</summary>
    /// <param name="source">What goes into it; its chunks must lie within the range.</param>
    /// <param name="minTimeMs">The first instant of the block.</param>
    /// <param name="maxTimeMs">The first instant behind it.</param>
    /// <param name="hints">Notes for <c>meta.json</c>, such as <c>from-out-of-order</c>.</param>
    /// <param name="cancellationToken">Ends the writing; nothing is left behind.</param>
    /// <exception cref="StorageException">It could not be written.</exception>
    public BlockMeta? WriteBlock(
        IBlockSeriesSource source, long minTimeMs, long maxTimeMs, IReadOnlyList<string>? hints = null, CancellationToken cancellationToken = default)
    {
        lock (_mutation)
        {
            BlockId id = BlockId.New(_time);
            var meta = new BlockMeta
            {
                Ulid = id,
                MinTime = minTimeMs,
                MaxTime = maxTimeMs,
                Compaction = new BlockCompaction { Level = 1, Sources = [id.ToString()], Hints = hints },
            };
            long start = _time.GetTimestamp();
            BlockMeta? written = Write(meta, new ObservedSource(source, _metrics), cancellationToken);
            string duration = Duration(start);
            if (written is null)
            {
                BlockSetLog.WrittenEmpty(_logger, minTimeMs, maxTimeMs, duration);
                return null;
            }

            BlockSetLog.Written(_logger, minTimeMs, maxTimeMs, id.ToString(), duration);
            Reload();
            return written;
        }
    }

    /// <summary>Compacts until nothing is left to do, then deletes what is outdated.</summary>
    /// <exception cref="StorageException">A compaction failed; the blocks are as they were.</exception>
    public void Compact(CancellationToken cancellationToken = default)
    {
        _metrics.CompactionsTriggered.Increment();
        if (_options.DisableCompaction)
        {
            _metrics.CompactionsSkipped.Increment();
            return;
        }

        while (CompactOnce(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Makes the most urgent compaction. False if there was nothing to do.</summary>
    /// <exception cref="StorageException">It failed; the blocks are as they were.</exception>
    public bool CompactOnce(CancellationToken cancellationToken = default)
    {
        lock (_mutation)
        {
            ImmutableArray<BlockReader> blocks = Current;

            // Together with a whole block, one that holds a part of its range only would count as such, and a start would take the head's samples of its range for old ones.
            long inOrderMaxMs = InOrderMaxTimeMs;
            IReadOnlyList<BlockId> plan = CompactionPlanner.Plan(
                blocks.Select(block => block.Meta)
                    .Where(meta => _options.IsHeldBack?.Invoke(meta) != true && !(meta.IsPartial && meta.MaxTime > inOrderMaxMs)),
                _options.RangesMs, _options.MergeOverlapping);
            if (plan.Count == 0)
            {
                return false;
            }

            BlockReader[] chosen = [.. blocks.Where(block => plan.Contains(block.Meta.Ulid))];
            BlockMeta meta = Combine(BlockId.New(_time), chosen);
            if (IsVertical(chosen))
            {
                _metrics.VerticalCompactions.Increment();
                BlockSetLog.Overlapping(_logger, meta.Ulid.ToString());
            }

            Rewrite(meta, chosen, cancellationToken);
            Reload();
            return true;
        }
    }

    /// <summary>Marks the samples of matching series in the range as deleted. The head is another matter.</summary>
    public void Delete(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken = default)
    {
        lock (_mutation)
        {
            foreach (BlockReader block in Current)
            {
                if (block.Meta.Range.Overlaps(range))
                {
                    block.Delete(matchers, range, cancellationToken);
                }
            }
        }
    }

    /// <summary>Rewrites every block that has deleted samples without them.</summary>
    public void CleanTombstones(CancellationToken cancellationToken = default)
    {
        lock (_mutation)
        {
            long start = _time.GetTimestamp();
            foreach (BlockReader block in Current.Where(block => block.Tombstones.Count > 0))
            {
                BlockMeta old = block.Meta;
                BlockMeta meta = old with
                {
                    Ulid = BlockId.New(_time),
                    Compaction = old.Compaction with { Parents = [ToParent(old)], Deletable = false, Failed = false },
                };
                Rewrite(meta, [block], cancellationToken);
            }

            Reload();
            _metrics.TombstoneCleanupSeconds.Observe(_time.GetElapsedTime(start).TotalSeconds);
        }
    }

    /// <summary>Puts all blocks into another directory: as links to the same files where the file system can do that.</summary>
    public void Snapshot(string directory)
    {
        lock (_mutation)
        {
            foreach (BlockReader block in Current)
            {
                BlockSetLog.Snapshotting(_logger, block.Meta.Ulid.ToString());
                BlockSnapshot.Take(block.DirectoryPath, directory);
            }
        }
    }

    /// <summary>Writes a block from the head into another directory. Null if the source had no samples.</summary>
    /// <exception cref="StorageException">It could not be written.</exception>
    public BlockMeta? WriteSnapshot(
        string directory, IBlockSeriesSource source, TimeRange range, CancellationToken cancellationToken, IReadOnlyList<string>? hints = null)
    {
        lock (_mutation)
        {
            BlockId id = BlockId.New(_time);
            var meta = new BlockMeta
            {
                Ulid = id,
                MinTime = range.MinMs,
                MaxTime = range.MaxMs + 1,
                Compaction = new BlockCompaction { Level = 1, Sources = [id.ToString()], Hints = hints },
            };
            long start = _time.GetTimestamp();
            BlockMeta? written = BlockWriter.Write(directory, meta, source, _options.ChunkSegmentBytes, cancellationToken);
            if (written is not null)
            {
                BlockSetLog.Written(_logger, meta.MinTime, meta.MaxTime, id.ToString(), Duration(start));
            }

            return written;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_mutation)
        {
            foreach (BlockReader block in ImmutableInterlocked.InterlockedExchange(ref _blocks, []))
            {
                block.Dispose();
            }
        }
    }

    private static bool IsVertical(BlockReader[] blocks)
    {
        for (int i = 1; i < blocks.Length; i++)
        {
            if (blocks[i].Meta.MinTime < blocks[..i].Max(block => block.Meta.MaxTime))
            {
                return true;
            }
        }

        return false;
    }

    private static BlockMeta Combine(BlockId id, BlockReader[] blocks) => new()
    {
        Ulid = id,
        MinTime = blocks.Min(block => block.Meta.MinTime),
        MaxTime = blocks.Max(block => block.Meta.MaxTime),
        Compaction = new BlockCompaction
        {
            Level = blocks.Max(block => block.Meta.Compaction.Level) + 1,
            Sources = [.. blocks.SelectMany(block => block.Meta.Compaction.Sources ?? []).Distinct().Order(StringComparer.Ordinal)],
            Parents = [.. blocks.Select(block => ToParent(block.Meta))],
            Hints = blocks.All(block => block.Meta.IsOutOfOrder) ? [BlockMeta.OutOfOrderHint] : null,
        },
    };

    private static BlockParent ToParent(BlockMeta meta) => new() { Ulid = meta.Ulid, MinTime = meta.MinTime, MaxTime = meta.MaxTime };

    private void Rewrite(BlockMeta meta, BlockReader[] blocks, CancellationToken cancellationToken)
    {
        string sources = string.Join(",", blocks.Select(block => block.Meta.Ulid));
        long start = _time.GetTimestamp();
        BlockMeta? written;
        try
        {
            written = Write(meta, new CompactionSource(blocks, meta.Range), cancellationToken);
        }
        catch (StorageException error)
        {
            BlockSetLog.CompactionFailed(_logger, sources, error.Message);
            if (error is BlockCorruptionException)
            {
                // It would fail each time. A full disk, by contrast, may have room again.
                foreach (BlockReader block in blocks)
                {
                    block.UpdateMeta(block.Meta with { Compaction = block.Meta.Compaction with { Failed = true } });
                }
            }

            throw;
        }

        if (written is not null)
        {
            BlockSetLog.Compacted(_logger, blocks.Length, meta.MinTime, meta.MaxTime, meta.Ulid.ToString(), sources, Duration(start));
            return;
        }

        BlockSetLog.CompactedEmpty(_logger, blocks.Length, sources, Duration(start));
        foreach (BlockReader block in blocks)
        {
            block.UpdateMeta(block.Meta with { Compaction = block.Meta.Compaction with { Deletable = true } });
        }
    }

    private BlockMeta? Write(BlockMeta meta, IBlockSeriesSource source, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        _metrics.Compactions.Increment();
        _metrics.Populating.Set(1);
        try
        {
            return BlockWriter.Write(_directory, meta, source, _options.ChunkSegmentBytes, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            _metrics.CompactionsFailed.Increment();
            throw;
        }
        finally
        {
            _metrics.Populating.Set(0);
            _metrics.CompactionSeconds.Observe(_time.GetElapsedTime(start).TotalSeconds);
        }
    }

    private void ReloadCore()
    {
        Dictionary<BlockId, BlockReader> open = Current.ToDictionary(block => block.Meta.Ulid);
        var loaded = new List<BlockReader>();
        var broken = ImmutableDictionary.CreateBuilder<string, BlockCorruptionException>();
        foreach (string path in BlockPaths())
        {
            string name = Path.GetFileName(path);
            if (open.Remove(BlockId.Parse(name), out BlockReader? block) || TryOpen(path, name, broken, out block))
            {
                loaded.Add(block);
            }
        }

        HashSet<BlockId> doomed = FindDeletable(loaded);
        BlockReader[] gone = [.. loaded.Where(block => doomed.Contains(block.Meta.Ulid)), .. open.Values];
        ImmutableArray<BlockReader> kept =
            [.. loaded.Where(block => !doomed.Contains(block.Meta.Ulid)).OrderBy(block => block.Meta.MinTime).ThenBy(block => block.Meta.Ulid)];
        ImmutableInterlocked.InterlockedExchange(ref _blocks, kept);
        foreach (BlockReader block in gone)
        {
            block.Dispose();
        }

        // A broken block that another one has replaced is of no use to anybody.
        foreach (string name in broken.Keys.Where(name => doomed.Contains(BlockId.Parse(name))).ToArray())
        {
            broken.Remove(name);
        }

        Volatile.Write(ref _broken, broken.ToImmutable());
        if (broken.Count > 0)
        {
            _metrics.ReloadFailures.Increment();
        }

        foreach (BlockId id in doomed)
        {
            Delete(Path.Combine(_directory, id.ToString()));
        }
    }

    private bool TryOpen(
        string path, string name, ImmutableDictionary<string, BlockCorruptionException>.Builder broken, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BlockReader? block)
    {
        try
        {
            block = BlockReader.Open(path);
            if (block.Meta.Ulid.ToString() != name)
            {
                string inside = block.Meta.Ulid.ToString();
                block.Dispose();
                throw new BlockCorruptionException(name, BlockMetaFile.Name, $"it describes block {inside}");
            }

            BlockSetLog.Opened(_logger, block.Meta.MinTime, block.Meta.MaxTime, name);
            return true;
        }
        catch (BlockCorruptionException error)
        {
            block = null;
            broken[name] = error;
            if (!_broken.ContainsKey(name))
            {
                _metrics.LoadsFailed.Increment();
                BlockSetLog.OpenFailed(_logger, name, error.Message);
            }

            return false;
        }
    }

    private HashSet<BlockId> FindDeletable(List<BlockReader> blocks)
    {
        var doomed = new HashSet<BlockId>();
        foreach (BlockReader block in blocks)
        {
            if (block.Meta.Compaction.Deletable)
            {
                doomed.Add(block.Meta.Ulid);
            }

            foreach (BlockParent parent in block.Meta.Compaction.Parents ?? [])
            {
                doomed.Add(parent.Ulid);
            }
        }

        List<BlockReader> left = [.. blocks.Where(block => !doomed.Contains(block.Meta.Ulid))];
        BlockSetOptions options = _options;
        IReadOnlyList<BlockId> old = BlockRetention.BeyondTime(left.Select(block => block.Meta), (long)options.RetentionTime.TotalMilliseconds);
        doomed.UnionWith(old);
        if (old.Count > 0)
        {
            _metrics.TimeRetentions.Increment();
        }

        if (options.RetentionBytes > 0)
        {
            IReadOnlyList<BlockId> large = BlockRetention.BeyondSize(left.Select(block => (block.Meta, block.SizeBytes)), options.RetentionBytes, options.OtherBytes());
            doomed.UnionWith(large);
            if (large.Count > 0)
            {
                _metrics.SizeRetentions.Increment();
            }
        }

        return doomed;
    }

    private void Delete(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        BlockSetLog.Deleting(_logger, Path.GetFileName(path));
        try
        {
            BlockDirectory.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is no longer served; the next reload tries again.
            BlockSetLog.DeleteFailed(_logger, Path.GetFileName(path), error.Message);
        }
    }

    private IEnumerable<string> BlockPaths() =>
        Directory.EnumerateDirectories(_directory).Where(path => BlockId.TryParse(Path.GetFileName(path), out _)).Order(StringComparer.Ordinal);

    private string Duration(long start) => GoDuration.Format(_time.GetElapsedTime(start));
}
