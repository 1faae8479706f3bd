namespace Narthex.PromQL.Execution;

/// <summary>Reads and computes one series. Returns how many samples came out of storage and how they count.</summary>
/// <remarks>Runs on several threads at a time; may use of the context only cancellation and annotations.</remarks>
internal delegate (int Read, SampleCount Count) SeriesComputation(int series, RangeInput input, StepBlock output);

/// <summary>
/// Computes the series of a heavy selection on several threads, a batch at a time, and hands them out in their order:
/// whoever adds them up does so in the same order as with one thread, and gets the same bits.
/// </summary>
/// <remarks>
/// The query's own thread works through the batch as well, so progress needs no free thread in the pool; helpers that come late find nothing
/// to do. A batch takes half a millisecond or more, after which helpers go back to the pool where other queries wait.
/// </remarks>
internal sealed class SeriesBatches : IDisposable
{
    // In units of work as below: about half a millisecond. Waking a helper costs a fiftieth of that; what a larger batch leaves does not fit into the cache.
    private const long BatchWork = 100_000;
    private const int BatchSizeMin = 64;
    internal const int BatchSizeMax = 512;

    private readonly QueryContext _context;
    private readonly SeriesComputation _compute;
    private readonly int _count;
    private readonly RangeInput _ownInput = new();
    private readonly StepBlock[] _blocks;
    private readonly SampleScope _scope;
    private readonly (int Read, SampleCount Count)[] _counts;
    private readonly Stack<RangeInput> _inputs = [];
    private readonly long _held;
    private int _first;
    private int _next;
    private int _end;

    private SeriesBatches(int count, int batchSize, int steps, QueryContext context, SampleScope scope, SeriesComputation compute)
    {
        _count = count;
        _context = context;
        _scope = scope;
        _compute = compute;
        _blocks = new StepBlock[Math.Min(batchSize, count)];
        _counts = new (int, SampleCount)[_blocks.Length];
        long held = (long)_blocks.Length * steps;
        context.HoldSamples(held);
        _held = held;
        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new StepBlock(_context.Memory, steps);
        }
    }

    /// <summary>Batches for a selection that is worth more than one thread, otherwise null. They count samples of all steps together, so none if steps matter.</summary>
    public static SeriesBatches? ForHeavy(int count, StepGrid grid, long spanMs, QueryContext context, SampleScope scope, SeriesComputation compute)
    {
        // Samples come every 15 seconds or so; a step costs about as much as decoding a sample.
        long workOfOne = Math.Max(1, grid.Count + (spanMs / 15_000));
        long work = count * workOfOne;
        return context.Helpers is not null && !scope.NeedsSteps && count > 1 && work >= context.Options.ParallelWork
            ? new SeriesBatches(count, (int)Math.Clamp(BatchWork / workOfOne, BatchSizeMin, BatchSizeMax), grid.Count, context, scope, compute)
            : null;
    }

    /// <summary>Puts the next series into the block. False when all have been read.</summary>
    public bool TryReadNext(StepBlock block)
    {
        if (_next == _end)
        {
            if (_end == _count)
            {
                return false;
            }

            RunBatch();
        }

        int index = _next++ - _first;
        (int read, SampleCount count) = _counts[index];
        _context.HoldSamples(read);
        _context.ReleaseSamples(read);
        _scope.Count(count);
        block.Swap(_blocks[index]);
        return true;
    }

    public void Dispose()
    {
        foreach (StepBlock block in _blocks)
        {
            block.Dispose();
        }

        _ownInput.Dispose();
        lock (_inputs)
        {
            while (_inputs.TryPop(out RangeInput? input))
            {
                input.Dispose();
            }
        }

        if (_end >= 0)
        {
            _end = _next = -1;
            _context.ReleaseSamples(_held);
        }
    }

    private void RunBatch()
    {
        _context.ThrowIfCancelled();
        _first = _end;
        _next = _end;
        _end = Math.Min(_count, _first + _blocks.Length);
        var batch = new Batch(this, _first, _end - _first);
        HelperGate helpers = _context.Helpers!;
        for (int i = 1; i < batch.Count && i < Environment.ProcessorCount && helpers.TryEnter(); i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state =>
                {
                    try
                    {
                        state.Batch.Help();
                    }
                    finally
                    {
                        state.Helpers.Leave();
                    }
                },
                (Batch: batch, Helpers: helpers),
                preferLocal: false);
        }

        batch.Work(_ownInput);
        batch.Wait();
    }

    /// <summary>One run over some series. A helper that outlives it touches nothing else.</summary>
    private sealed class Batch(SeriesBatches owner, int first, int count)
    {
        private int _taken;
        private int _done;
        private Exception? _error;

        public int Count => count;

        public void Help()
        {
            if (Volatile.Read(ref _taken) >= count)
            {
                return;
            }

            RangeInput? input;
            lock (owner._inputs)
            {
                owner._inputs.TryPop(out input);
            }

            input ??= new RangeInput();
            Work(input, keep: true);
        }

        public void Work(RangeInput input, bool keep = false)
        {
            while (true)
            {
                int index = Interlocked.Increment(ref _taken) - 1;
                if (index >= count)
                {
                    break;
                }

                try
                {
                    if (Volatile.Read(ref _error) is null)
                    {
                        owner._counts[index] = owner._compute(first + index, input, owner._blocks[index]);
                    }
                }
                catch (Exception e)
                {
                    // It is thrown again where the query waits for the batch.
                    Interlocked.CompareExchange(ref _error, e, null);
                }
                finally
                {
                    Interlocked.Increment(ref _done);
                }
            }

            if (keep)
            {
                lock (owner._inputs)
                {
                    owner._inputs.Push(input);
                }
            }
        }

        public void Wait()
        {
            var spin = default(SpinWait);
            while (Volatile.Read(ref _done) < count)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            if (_error is { } error)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
            }
        }
    }
}
