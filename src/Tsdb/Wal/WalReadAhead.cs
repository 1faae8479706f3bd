using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Narthex.Storage;

namespace Narthex.Tsdb.Wal;

/// <summary>Reads records on a thread of its own, a few batches ahead of whoever uses them.</summary>
/// <remarks>Reading, checksums and decompression cost about as much as what is done with a record. Memory is bounded by the batches and the largest records.</remarks>
internal sealed class WalReadAhead : IDisposable
{
    private const int BatchesAhead = 3;

    private readonly WalReader _reader;
    private readonly BlockingCollection<RecordBatch> _filled = new(BatchesAhead);
    private readonly ConcurrentBag<RecordBatch> _empty = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private ExceptionDispatchInfo? _failure;
    private RecordBatch _batch = new();
    private int _position = -1;

    /// <summary>Starts reading. The reader is this object's from here on.</summary>
    public WalReadAhead(WalReader reader)
    {
        _reader = reader;
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc cref="WalReader.Record"/>
    public ReadOnlySpan<byte> Record => _batch[_position];

    /// <inheritdoc cref="WalReader.Segment"/>
    public int Segment => _batch.GetPlace(_position).Segment;

    /// <inheritdoc cref="WalReader.Offset"/>
    public long Offset => _batch.GetPlace(_position).Offset;

    /// <inheritdoc cref="WalReader.TornTail"/>
    /// <remarks>Known once <see cref="MoveNext"/> has said that there is no more.</remarks>
    public WalTornTail? TornTail => _reading.IsCompleted ? _reader.TornTail : null;

    /// <inheritdoc cref="WalReader.MoveNext"/>
    public bool MoveNext()
    {
        if (_position + 1 < _batch.Count)
        {
            _position++;
            return true;
        }

        Return(_batch);
        _batch = TakeBatch() ?? new RecordBatch();
        _position = 0;
        return _batch.Count > 0;
    }

    /// <summary>The next records; null at the end. They stay until the batch is returned.</summary>
    /// <exception cref="WalCorruptionException">The log is damaged behind the last batch.</exception>
    /// <exception cref="StorageException">A segment cannot be read, or not by this version.</exception>
    public RecordBatch? TakeBatch()
    {
        if (_filled.TryTake(out RecordBatch? next, Timeout.Infinite))
        {
            return next;
        }

        _reading.Wait();
        _failure?.Throw();
        return null;
    }

    /// <summary>Takes a batch back, to be filled again. Its records are gone. Thread-safe.</summary>
    public void Return(RecordBatch batch) => _empty.Add(batch);

    /// <summary>Ends the reading, wherever it is.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _reading.Wait();
        _reader.Dispose();
        _filled.Dispose();
        _stop.Dispose();
    }

    private void Read()
    {
        RecordBatch batch = TakeEmpty();
        try
        {
            while (_reader.MoveNext())
            {
                batch.Add(_reader);
                if (batch.IsFull)
                {
                    _filled.Add(batch, _stop.Token);
                    batch = TakeEmpty();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody wants the rest.
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }

        Finish(batch);
    }

    // What was read before a failure comes before it.
    private void Finish(RecordBatch batch)
    {
        try
        {
            if (batch.Count > 0)
            {
                _filled.Add(batch, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // As above.
        }

        _filled.CompleteAdding();
    }

    private RecordBatch TakeEmpty()
    {
        if (!_empty.TryTake(out RecordBatch? batch))
        {
            return new RecordBatch();
        }

        batch.Clear();
        return batch;
    }
}
