using System.Collections.Concurrent;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Memory;
using Narthex.Tsdb.Snapshots;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb;

/// <summary>Gives series their open chunks back from a snapshot, on a thread of its own, while the next series are being made.</summary>
/// <param name="head">The head that is filled.</param>
/// <param name="reader">What the batches come from, and go back to.</param>
/// <param name="recovered">The ends of the chunks of floats, in their order.</param>
internal sealed class SnapshotRestorer(HeadStorage head, WalReadAhead reader, SnapshotRestorer.RecoveredChunks recovered) : IDisposable
{
    private const int BatchesAhead = 3;

    private readonly BlockingCollection<Work> _work = new(BatchesAhead);
    private Work? _open;
    private Task _restoring = Task.CompletedTask;

    /// <summary>The earliest time of an open chunk, once all is done.</summary>
    public long MinMs { get; private set; } = long.MaxValue;

    /// <summary>The latest.</summary>
    public long MaxMs { get; private set; } = long.MinValue;

    /// <summary>Begins.</summary>
    public void Start() => _restoring = Task.Factory.StartNew(Restore, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Adds a series of a batch.</summary>
    public void Add(RecordBatch batch, uint slot, in SnapshotSeries series)
    {
        _open ??= new Work(batch);
        batch.Bytes.Overlaps(series.Chunk, out int offset);
        _open.Chunks.Add(new Chunk(slot, series.HasChunk, series.Encoding, offset, series.Chunk.Length, series.MinMs, series.MaxMs));
    }

    /// <summary>All series of a batch are added: it is given away.</summary>
    public void EndBatch(RecordBatch batch)
    {
        if (_open is null)
        {
            reader.Return(batch);
        }
        else
        {
            _work.Add(_open);
            _open = null;
        }
    }

    /// <summary>Waits until all is done.</summary>
    public void Finish()
    {
        _work.CompleteAdding();
        _restoring.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        ((IAsyncResult)_restoring).AsyncWaitHandle.WaitOne();
        _work.Dispose();
    }

    private void Restore()
    {
        try
        {
            foreach (Work work in _work.GetConsumingEnumerable())
            {
                Restore(work);
                reader.Return(work.Batch);
            }
        }
        catch
        {
            // Whoever adds must not wait for ever; the failure comes at the end.
            foreach (Work work in _work.GetConsumingEnumerable())
            {
                reader.Return(work.Batch);
            }

            throw;
        }
    }

    private void Restore(Work work)
    {
        foreach (Chunk chunk in work.Chunks)
        {
            if (!chunk.Exists)
            {
                head.RestoreStaleness(chunk.Slot);
            }
            else if (Restore(chunk, work.Batch.Bytes.Slice(chunk.Offset, chunk.Length)))
            {
                MinMs = Math.Min(MinMs, chunk.MinMs);
                MaxMs = Math.Max(MaxMs, chunk.MaxMs);
            }
        }
    }

    private bool Restore(in Chunk chunk, ReadOnlySpan<byte> bytes)
    {
        if (!ChunkEncodings.IsFloat(chunk.Encoding))
        {
            return head.Restore(chunk.Slot, chunk.Encoding, bytes);
        }

        XorAppenderState encoder = recovered.Next(out long lastStartMs);
        return head.RestoreFloats(chunk.Slot, chunk.Encoding, in encoder, lastStartMs, bytes);
    }

    private readonly record struct Chunk(uint Slot, bool Exists, ChunkEncoding Encoding, int Offset, int Length, long MinMs, long MaxMs);

    private sealed class Work(RecordBatch batch)
    {
        public RecordBatch Batch { get; } = batch;

        public List<Chunk> Chunks { get; } = new(batch.Count);
    }

    /// <summary>What a check found at the ends of open chunks, in their order, so that none is decoded twice.</summary>
    internal sealed class RecoveredChunks
    {
        private readonly PagedColumn<XorAppenderState> _encoders = new();
        private readonly Dictionary<uint, long> _lastStarts = [];
        private uint _count;
        private uint _next;

        /// <summary>Adds the next.</summary>
        public void Add(in XorAppenderState encoder, long lastStartMs)
        {
            _encoders.EnsureRoom(_count);
            _encoders[_count] = encoder;
            if (lastStartMs != 0)
            {
                _lastStarts.Add(_count, lastStartMs);
            }

            _count++;
        }

        /// <summary>Takes the next.</summary>
        public XorAppenderState Next(out long lastStartMs)
        {
            lastStartMs = _lastStarts.Count == 0 ? 0 : _lastStarts.GetValueOrDefault(_next);
            return _encoders[_next++];
        }
    }
}
