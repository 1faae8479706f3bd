using System.Runtime.InteropServices;
using Narthex.Storage;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Moving full chunks from memory to files, in the background.</content>
/// <remarks>
/// Readers find a chunk in memory or in a file, whichever its record names when they look. So its samples in memory are freed only when the views
/// that were open at the moving are closed.
/// </remarks>
public sealed partial class HeadStorage
{
    private const int ChunkBatchBytes = 1 << 20;

    private readonly Queue<(uint Barrier, List<MovedSamples> Samples)> _moved = new();
    // Around writing and deleting, which commits do too where they have filled a chunk out of order. No other lock is taken inside.
    private readonly Lock _chunkFilesLock = new();
    private HeadChunkFiles? _chunkFiles;

    /// <summary>The files of full chunks; null if they stay in memory.</summary>
    internal HeadChunkFiles? ChunkFiles => _chunkFiles;

    /// <summary>From here on, full chunks can be in files. Before there is any series.</summary>
    internal void AttachChunkFiles(HeadChunkFiles files)
    {
        _chunkFiles = files;
        ClosedChunks.Attach(files);
    }

    /// <summary>Before the replay: what is older is in blocks, and not seen even if chunks in files reach back behind it.</summary>
    internal void BeginAt(long minValidTimeMs)
    {
        SetMinValidTime(minValidTimeMs);
        _truncatedMs = minValidTimeMs;
        _reclaimedMs = minValidTimeMs;
    }

    /// <summary>Gives a series that has no samples yet its chunks from files. For the thread that replays the log.</summary>
    internal void Replay(uint series, in HeadChunkChain chunks)
    {
        ref SeriesState state = ref Pages[series];
        state.ClosedChunks = chunks.Newest;
        if (chunks.HasHistograms)
        {
            state.Flags |= SeriesFlags.HasHistograms;
            Histograms.AddSeries(series);
        }

        Interlocked.Add(ref Chunks.ChunksCreated, chunks.Count);
        CoverTimes(Math.Max(chunks.MinMs, _minValidTimeMs), chunks.MaxMs);
    }

    /// <summary>Writes all full chunks that are in memory only, and frees memory that nobody reads any more.</summary>
    /// <exception cref="StorageException">Not all are written. The rest stays in memory until the next time.</exception>
    internal void WriteClosedChunks()
    {
        if (_chunkFiles is null)
        {
            return;
        }

        // Nothing is freed and no slot changes its series while this lock is held.
        lock (_reclaimLock)
        {
            FreeMoved();
            FreeReleased();
            List<uint> unwritten = ClosedChunks.TakeUnwritten();
            int written = 0;
            var moved = new List<MovedSamples>(unwritten.Count);
            try
            {
                while (written < unwritten.Count)
                {
                    written += WriteBatch(unwritten, written, moved);
                }
            }
            finally
            {
                if (written < unwritten.Count)
                {
                    ClosedChunks.ReturnUnwritten(CollectionsMarshal.AsSpan(unwritten)[written..]);
                }

                if (moved.Count > 0)
                {
                    lock (_applyLock)
                    {
                        _moved.Enqueue((_views.SetBarrier(), moved));
                    }

                    FreeMoved();
                }
            }

            _chunkFiles.ReleasePages();
        }
    }

    /// <summary>Lets the system take pages of the files that were read out of the process: they stay in its cache.</summary>
    internal void ReleaseChunkPages() => Volatile.Read(ref _chunkFiles)?.ReleasePages();

    /// <summary>Finishes the files. The mappings go too, unless a view is still open that may be reading them.</summary>
    internal void CloseChunkFiles()
    {
        lock (_reclaimLock)
        {
            bool idle;
            lock (_applyLock)
            {
                idle = _views.HasPassed(_views.SetBarrier());
            }

            lock (_chunkFilesLock)
            {
                _chunkFiles?.Close(unmap: idle);
            }

            _chunkFiles = null;
        }
    }

    private int WriteBatch(List<uint> unwritten, int start, List<MovedSamples> moved)
    {
        var places = new List<HeadChunkRef>();
        int end = start;
        using Lock.Scope writing = _chunkFilesLock.EnterScope();
        for (; end < unwritten.Count && _chunkFiles!.BatchBytes < ChunkBatchBytes; end++)
        {
            ClosedChunk chunk = ClosedChunks.Get(unwritten[end]);
            ReadOnlySpan<byte> samples = chunk.Bytes;
            if (!_chunkFiles.FitsBatch(samples.Length))
            {
                break;
            }

            uint series = ClosedChunks.GetSeries(unwritten[end]);
            ulong number = WalRefs.Get(series, Pages[series].Generation);
            places.Add(_chunkFiles.AddToBatch(number, chunk.MinMs, chunk.MaxMs, chunk.Encoding, isOutOfOrder: false, samples));
        }

        _chunkFiles!.WriteBatch();
        for (int i = 0; i < places.Count; i++)
        {
            moved.Add(ClosedChunks.Move(unwritten[start + i], places[i]));
        }

        return places.Count;
    }

    private void FreeMoved()
    {
        bool freed = false;
        while (_moved.TryPeek(out (uint Barrier, List<MovedSamples> Samples) batch))
        {
            lock (_applyLock)
            {
                if (!_views.HasPassed(batch.Barrier))
                {
                    break;
                }
            }

            ClosedChunks.FreeMoved(batch.Samples);
            _moved.Dequeue();
            freed = true;
        }

        if (freed)
        {
            ClosedChunks.ReleaseMemory();
        }
    }

    /// <summary>After a truncation: files with nothing in use go, and what comes next goes into a new one.</summary>
    private void ReleaseChunkFiles()
    {
        if (_chunkFiles is not null)
        {
            try
            {
                lock (_chunkFilesLock)
                {
                    _chunkFiles.Cut();
                    _chunkFiles.DeleteUnused();
                }
            }
            catch (StorageException)
            {
                // Tried again with the next truncation; at a start, what is too old in it is not looked at.
            }
        }
    }
}
