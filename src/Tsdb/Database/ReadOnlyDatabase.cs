using Microsoft.Extensions.Logging;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <summary>A data directory that is only read: its blocks, and what its log has behind them. Takes no lock, writes, repairs and deletes nothing.</summary>
/// <remarks>
/// It may be the directory of a running server: what is seen then is the state at the time of opening. Blocks that others have replaced are left
/// out, as a server that starts would delete them.
/// </remarks>
public sealed class ReadOnlyDatabase : IQueryableStorage, IDisposable
{
    private readonly IReadOnlyList<BlockReader> _blocks;
    private readonly HeadStorage _head;

    private ReadOnlyDatabase(IReadOnlyList<BlockReader> blocks, IReadOnlyDictionary<string, BlockCorruptionException> broken, HeadStorage head)
    {
        _blocks = blocks;
        _head = head;
        Broken = broken;
    }

    /// <summary>The blocks, ascending by their first instant.</summary>
    public IReadOnlyList<BlockReader> Blocks => _blocks;

    /// <summary>The blocks that cannot be opened, with the reason.</summary>
    public IReadOnlyDictionary<string, BlockCorruptionException> Broken { get; }

    /// <summary>The oldest sample's time in milliseconds; <see cref="long.MaxValue"/> if there is none.</summary>
    public long MinTimeMs => _blocks.Select(block => block.Meta.MinTime).Append(_head.MinTimeMs).Min();

    /// <summary>The newest sample's time in milliseconds; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs => _blocks.Select(block => block.Meta.MaxTime - 1).Append(_head.MaxTimeMs).Max();

    /// <summary>Opens a directory and reads its log.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="logger">Told of the progress of reading the log, and of what is wrong with it.</param>
    /// <param name="time">The clock that measures it.</param>
    /// <param name="withLog">Whether to read the log too: tools that look at blocks only need not wait for it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="StorageException">There is no such directory, or its log is damaged or cannot be read.</exception>
    public static ReadOnlyDatabase Open(string directory, ILogger logger, TimeProvider time, bool withLog = true, CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(directory))
        {
            throw new StorageException($"open {directory}: no such directory");
        }

        var broken = new Dictionary<string, BlockCorruptionException>(StringComparer.Ordinal);
        List<BlockReader> blocks = OpenBlocks(directory, broken);
        try
        {
            var head = new HeadStorage();
            if (withLog)
            {
                long newestMs = blocks.Where(block => !block.Meta.IsPartial).Select(block => block.Meta.MaxTime).DefaultIfEmpty(long.MinValue).Max();
                head.SetMinValidTime(newestMs);
                var replay = new WalReplay(head, Path.Combine(directory, "wal"), WalFileSystem.Instance, logger, time) { ReadOnly = true };
                replay.Run(cancellationToken);
                replay.RunOutOfOrder(Path.Combine(directory, "wbl"), cancellationToken);
                replay.FinishEvictions();
                head.FinishReplayingDeletions();
            }

            return new ReadOnlyDatabase(blocks, broken, head);
        }
        catch
        {
            blocks.ForEach(block => block.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range)
    {
        var queriers = new List<IQuerier>();
        try
        {
            foreach (BlockReader block in _blocks)
            {
                if (block.Meta.Range.Overlaps(range))
                {
                    queriers.Add(block.OpenQuerier(range));
                }
            }

            queriers.Add(_head.OpenQuerier(range));
            return MergedQuerier.Over([.. queriers]);
        }
        catch
        {
            queriers.ForEach(querier => querier.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BlockReader block in _blocks)
        {
            block.Dispose();
        }
    }

    private static List<BlockReader> OpenBlocks(string directory, Dictionary<string, BlockCorruptionException> broken)
    {
        var blocks = new List<BlockReader>();
        try
        {
            foreach (string path in Directory.EnumerateDirectories(directory).Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileName(path);
                if (!BlockId.TryParse(name, out _))
                {
                    continue;
                }

                try
                {
                    blocks.Add(BlockReader.Open(path));
                }
                catch (BlockCorruptionException error)
                {
                    broken.Add(name, error);
                }
            }
        }
        catch (Exception error)
        {
            blocks.ForEach(block => block.Dispose());
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"open blocks in {directory}: {error.Message}", error);
            }

            throw;
        }

        HashSet<BlockId> replaced = [.. blocks.SelectMany(block => block.Meta.Compaction.Parents ?? []).Select(parent => parent.Ulid)];
        foreach (BlockReader block in blocks.Where(block => IsGone(block, replaced)).ToArray())
        {
            blocks.Remove(block);
            block.Dispose();
        }

        foreach (BlockId id in replaced)
        {
            broken.Remove(id.ToString());
        }

        blocks.Sort(static (left, right) => (left.Meta.MinTime, left.Meta.Ulid).CompareTo((right.Meta.MinTime, right.Meta.Ulid)));
        return blocks;
    }

    private static bool IsGone(BlockReader block, HashSet<BlockId> replaced) => block.Meta.Compaction.Deletable || replaced.Contains(block.Meta.Ulid);
}
