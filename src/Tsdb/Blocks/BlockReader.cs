using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>An open block. Its files stay mapped until it is disposed and the last querier is.</summary>
public sealed class BlockReader : IQueryableStorage, IDisposable
{
    internal const string ChunksDirectory = "chunks";

    private readonly IndexReader _index;
    private readonly ChunkSegmentReader _chunks;
    private readonly Lock _tombstoneLock = new();
    private volatile TombstoneSet _tombstones;
    private volatile BlockMeta _meta;
    private int _users = 1; // One for the opener until Dispose.
    private int _disposed;

    private BlockReader(string directory, BlockMeta meta, IndexReader index, ChunkSegmentReader chunks, TombstoneSet tombstones)
    {
        DirectoryPath = directory;
        _meta = meta;
        _index = index;
        _chunks = chunks;
        _tombstones = tombstones;
        SizeBytes = BlockDirectory.GetSize(directory);
    }

    /// <summary>The block's directory.</summary>
    public string DirectoryPath { get; }

    /// <summary>What <c>meta.json</c> says.</summary>
    public BlockMeta Meta => _meta;

    /// <summary>The bytes of all its files when it was opened.</summary>
    public long SizeBytes { get; }

    /// <summary>What is deleted.</summary>
    public TombstoneSet Tombstones => _tombstones;

    internal IndexReader Index => _index;

    /// <summary>Opens a block. What is verified now: meta, tables of the index, headers of the segments; series and chunks are when they are read.</summary>
    /// <exception cref="BlockCorruptionException">A file is missing or damaged.</exception>
    public static BlockReader Open(string directory)
    {
        string block = Path.GetFileName(directory);
        BlockMeta meta = BlockMetaFile.Read(directory);
        IndexReader? index = null;
        ChunkSegmentReader? chunks = null;
        try
        {
            index = IndexReader.Open(Path.Combine(directory, IndexFormat.FileName), block);
            chunks = ChunkSegmentReader.Open(Path.Combine(directory, ChunksDirectory), block);
            return new BlockReader(directory, meta, index, chunks, TombstoneFile.Read(directory));
        }
        catch
        {
            index?.Dispose();
            chunks?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range) =>
        TryOpenQuerier(range, out IQuerier? querier) ? querier : throw new ObjectDisposedException(nameof(BlockReader));

    /// <summary>Opens a view unless the block has been disposed.</summary>
    public bool TryOpenQuerier(TimeRange range, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IQuerier? querier)
    {
        querier = Volatile.Read(ref _disposed) == 0 && TryAddUser() ? new BlockQuerier(this, range, _tombstones) : null;
        return querier is not null;
    }

    /// <summary>Marks the samples of matching series in the range as deleted, on disk, and returns the number of intervals added.</summary>
    /// <remarks>Views that are open keep seeing them.</remarks>
    public int Delete(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken = default)
    {
        lock (_tombstoneLock)
        {
            var added = new List<KeyValuePair<ulong, TimeRange>>();
            foreach (uint series in PostingsSelector.Select(_index, matchers, cancellationToken))
            {
                SeriesChunks chunks = _index.ReadChunks(series);
                long min = long.MaxValue;
                long max = long.MinValue;
                bool overlaps = false;
                while (chunks.MoveNext())
                {
                    min = Math.Min(min, chunks.Current.Range.MinMs);
                    max = Math.Max(max, chunks.Current.Range.MaxMs);
                    overlaps |= chunks.Current.Range.Overlaps(range);
                }

                if (overlaps)
                {
                    // No longer than the series: so that a block of which everything is deleted can be told.
                    added.Add(new(series, new TimeRange(Math.Max(min, range.MinMs), Math.Min(max, range.MaxMs))));
                }
            }

            if (added.Count > 0)
            {
                TombstoneSet grown = _tombstones.With(added);
                BlockMeta meta = _meta with { Stats = _meta.Stats with { NumTombstones = (ulong)grown.Count } };
                TombstoneFile.Write(DirectoryPath, grown);
                BlockMetaFile.Write(DirectoryPath, meta);
                _tombstones = grown;
                _meta = meta;
            }

            return added.Count;
        }
    }

    /// <summary>Rewrites <c>meta.json</c>, for instance to mark the block as deletable.</summary>
    internal void UpdateMeta(BlockMeta meta)
    {
        lock (_tombstoneLock)
        {
            BlockMetaFile.Write(DirectoryPath, meta);
            _meta = meta;
        }
    }

    /// <summary>Reads every series and chunk and so verifies all checksums. Returns the number of samples, deleted ones included.</summary>
    /// <exception cref="BlockCorruptionException">Something is damaged.</exception>
    public long Verify(CancellationToken cancellationToken = default)
    {
        long samples = 0;
        PostingsView all = _index.GetPostings(default, default);
        for (int i = 0; i < all.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _index.ReadLabels(all[i]);
            SeriesChunks chunks = _index.ReadChunks(all[i]);
            while (chunks.MoveNext())
            {
                ReadOnlySpan<byte> chunk = ReadChunk(chunks.Current, out ChunkEncoding encoding);
                samples += ChunkEncodings.CountSamples(encoding, chunk);
            }

            if (chunks.Failed)
            {
                throw _index.Corrupt("series", $"entry {all[i]} is damaged");
            }
        }

        return samples;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            RemoveUser();
        }
    }

    internal ReadOnlySpan<byte> ReadChunk(ChunkMeta chunk, out ChunkEncoding encoding) => _chunks.Read(chunk.Ref, out encoding);

    /// <summary>Lets the system take pages of chunks that were read out of the process. Readers are not disturbed: what they need comes back.</summary>
    internal void ReleasePages()
    {
        // As a user: where a file was mapped, there may be something else as soon as it is not.
        if (TryAddUser())
        {
            _chunks.ReleasePages();
            RemoveUser();
        }
    }

    internal bool TryAddUser()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    internal void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _index.Dispose();
            _chunks.Dispose();
        }
    }
}
