using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.OutOfOrder;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <content>Full chunks of samples out of order in files, and the markers in the log that name them.</content>
/// <remarks>
/// A marker says: what the log gave the series before is in this chunk. So the chunk is written before the marker, and the marker is logged before the next
/// sample of the series. A chunk without a marker means nothing: its samples come from the log. That also makes chunks worthless whose samples have gone
/// into blocks, as their markers go with the log.
/// </remarks>
public sealed partial class HeadStorage
{
    private readonly List<int> _lateRound = [];
    private readonly Dictionary<uint, int> _lateRoom = [];
    private readonly List<(uint Slot, HeadChunkRef Chunk)> _lateMarkers = [];

    // Chunks that views may still see, and that are in blocks.
    private readonly Queue<(uint Barrier, List<OutOfOrderChunk> Chunks)> _lateReleased = new();

    /// <summary>Chunks of samples out of order that were written to files so far.</summary>
    internal long OutOfOrderChunksWritten { get; private set; }

    /// <summary>At the start: the log says that what it gave a series so far is in chunks that were found in files.</summary>
    /// <remarks>
    /// If other samples are there, what the log gave counts: behind damage, files are written anew under the numbers that those had which were thrown away, so that an old
    /// marker may name a chunk that is not the one it meant.
    /// </remarks>
    internal void ReplayOutOfOrder(uint slot, IReadOnlyList<HeadChunk> chunks)
    {
        if (!AreOpen(slot, chunks))
        {
            KeepOutOfOrder(slot);
            return;
        }

        var adopted = new List<OutOfOrderChunk>(chunks.Count);
        foreach (HeadChunk chunk in chunks)
        {
            adopted.Add(new OutOfOrderChunk(new TimeRange(chunk.MinMs, chunk.MaxMs), chunk.Encoding, _chunkFiles!, chunk.Ref, chunk.Length));
        }

        lock (_applyLock)
        {
            OutOfOrder.Adopt(slot, adopted);
            if ((Pages[slot].Flags & Series.SeriesFlags.HasOutOfOrder) == 0)
            {
                MarkOutOfOrder(slot, has: true);
            }
        }
    }

    /// <summary>At the start: the log says that what it gave a series so far is in chunks, which are not there. They become chunks in memory.</summary>
    internal void KeepOutOfOrder(uint slot)
    {
        lock (_applyLock)
        {
            OutOfOrder.Close(slot);
        }
    }

    private bool AreOpen(uint slot, IReadOnlyList<HeadChunk> chunks)
    {
        var range = new TimeRange(chunks.Min(chunk => chunk.MinMs), chunks.Max(chunk => chunk.MaxMs));
        return OutOfOrder.GetNewest(slot)?.HasOpen(chunks.Sum(chunk => ChunkEncodings.CountSamples(chunk.Encoding, _chunkFiles!.GetBytes(chunk.Ref, chunk.Length))), range) == true;
    }

    /// <summary>Ends the full chunks of the series that get samples now, and writes them to files.</summary>
    private void CutOutOfOrder(CommitRows rows)
    {
        _lateMarkers.Clear();
        if (_chunkFiles is null || _lateLog is null)
        {
            return;
        }

        List<(uint Slot, List<OutOfOrderChunk> Chunks)>? full = null;
        _lateRoom.Clear();
        foreach (int row in _lateRows)
        {
            uint slot = (uint)rows.Refs[row] - 1;
            ref int room = ref CollectionsMarshal.GetValueRefOrAddDefault(_lateRoom, slot, out bool known);
            if (known)
            {
                continue;
            }

            room = OutOfOrder.GetRoom(slot);
            if (room == 0)
            {
                var chunks = new List<OutOfOrderChunk>(1);
                OutOfOrder.GetNewest(slot)!.EncodeOpen(chunks);
                (full ??= []).Add((slot, chunks));
                room = OutOfOrderVersion.SamplesMax;
            }
        }

        if (full is null)
        {
            return;
        }

        WriteOutOfOrder(full);
        lock (_applyLock)
        {
            OutOfOrder.BeginCommit();
            foreach ((uint slot, List<OutOfOrderChunk> chunks) in full)
            {
                OutOfOrder.Close(slot, chunks);
            }
        }
    }

    /// <summary>Writes chunks, and puts those in files into the place of those in memory. If that fails they stay there: the log has their samples.</summary>
    private void WriteOutOfOrder(List<(uint Slot, List<OutOfOrderChunk> Chunks)> full)
    {
        lock (_chunkFilesLock)
        {
            try
            {
                Write(full);
            }
            catch (StorageException)
            {
                _lateMarkers.Clear();
                return;
            }

            // Before anybody else comes in: what is not in use may be deleted.
            int next = 0;
            foreach ((uint _, List<OutOfOrderChunk> chunks) in full)
            {
                for (int i = 0; i < chunks.Count; i++)
                {
                    HeadChunkRef place = _lateMarkers[next++].Chunk;
                    chunks[i] = new OutOfOrderChunk(chunks[i].Range, chunks[i].Encoding, _chunkFiles!, place, chunks[i].Bytes.Length);
                }
            }
        }

        OutOfOrderChunksWritten += _lateMarkers.Count;
    }

    private void Write(List<(uint Slot, List<OutOfOrderChunk> Chunks)> full)
    {
        foreach ((uint slot, List<OutOfOrderChunk> chunks) in full)
        {
            ulong number = WalRefs.Get(slot, Pages[slot].Generation);
            foreach (OutOfOrderChunk chunk in chunks)
            {
                ReadOnlySpan<byte> bytes = chunk.Bytes;
                if (!_chunkFiles!.FitsBatch(bytes.Length))
                {
                    _chunkFiles.WriteBatch();
                }

                _lateMarkers.Add((slot, _chunkFiles.AddToBatch(number, chunk.Range.MinMs, chunk.Range.MaxMs, chunk.Encoding, isOutOfOrder: true, bytes)));
            }
        }

        _chunkFiles!.WriteBatch();
    }

    /// <summary>Takes as many rows as their chunks have room for, in their order; the others wait for the next round.</summary>
    private void TakeLateRound(CommitRows rows)
    {
        _lateRound.Clear();
        if (_chunkFiles is null || _lateLog is null)
        {
            _lateRound.AddRange(_lateRows);
            _lateRows.Clear();
            return;
        }

        int waiting = 0;
        for (int i = 0; i < _lateRows.Count; i++)
        {
            int row = _lateRows[i];
            ref int room = ref CollectionsMarshal.GetValueRefOrNullRef(_lateRoom, (uint)rows.Refs[row] - 1);
            if (room > 0)
            {
                room--;
                _lateRound.Add(row);
            }
            else
            {
                _lateRows[waiting++] = row;
            }
        }

        _lateRows.RemoveRange(waiting, _lateRows.Count - waiting);
    }

    private void EncodeMarkers(WalBatch batch)
    {
        if (_lateMarkers.Count == 0)
        {
            return;
        }

        MmapMarkersRecordWriter writer = MmapMarkersRecordWriter.Begin(batch.Buffer);
        foreach ((uint slot, HeadChunkRef chunk) in _lateMarkers)
        {
            writer.Add(WalRefs.Get(slot, Pages[slot].Generation), chunk.Value);
        }

        batch.EndRecord();
    }

    /// <summary>The chunks are in blocks: their files may go when nobody reads them any more.</summary>
    private void ReleaseOutOfOrderChunks(IEnumerable<OutOfOrderChunk[]> dropped)
    {
        List<OutOfOrderChunk> inFiles = [.. dropped.SelectMany(chunks => chunks).Where(chunk => chunk.Place is not null)];
        lock (_reclaimLock)
        {
            if (inFiles.Count > 0)
            {
                lock (_applyLock)
                {
                    _lateReleased.Enqueue((_views.SetBarrier(), inFiles));
                }
            }

            FreeReleased();
        }
    }

    private void FreeReleased()
    {
        while (_lateReleased.TryPeek(out (uint Barrier, List<OutOfOrderChunk> Chunks) batch))
        {
            lock (_applyLock)
            {
                if (!_views.HasPassed(batch.Barrier))
                {
                    return;
                }
            }

            batch.Chunks.ForEach(chunk => chunk.Release());
            _lateReleased.Dequeue();
        }
    }
}
