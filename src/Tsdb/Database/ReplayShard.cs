using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Narthex.Model;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;

namespace Narthex.Tsdb;

/// <summary>Encodes the replayed samples of one share of the series, on a thread of its own.</summary>
internal sealed class ReplayShard : IDisposable
{
    private const int BatchSamples = 8192;
    private const int BatchesMax = 16;
    private const int StatesAhead = 16;

    // No sample has it: the replay takes none that is as old as the oldest time there is.
    private const long Eviction = long.MinValue;
    private const long Adoption = long.MinValue + 1;
    private const int ChunksAhead = 8;

    private readonly HeadStorage _head;
    private readonly BlockingCollection<Batch> _full = new(BatchesMax);
    private readonly ConcurrentBag<Batch> _empty = [];
    private readonly Thread _thread;
    private Batch _filling = new();
    private ExceptionDispatchInfo? _failure;

    public ReplayShard(HeadStorage head)
    {
        _head = head;
        _thread = new Thread(Apply) { IsBackground = true, Name = "WAL replay" };
        _thread.Start();
    }

    /// <summary>The oldest sample applied. Valid after <see cref="Wait"/>.</summary>
    public long MinMs { get; private set; } = long.MaxValue;

    /// <summary>The newest sample applied. Valid after <see cref="Wait"/>.</summary>
    public long MaxMs { get; private set; } = long.MinValue;

    /// <summary>Adds a sample, behind those of the same series that were added before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint series, long timestampMs, double value, long startMs = 0)
    {
        Batch batch = _filling;
        if (startMs != 0)
        {
            (batch.Starts ??= new long[BatchSamples])[batch.Count] = startMs;
        }

        batch.Series[batch.Count] = series;
        batch.Timestamps[batch.Count] = timestampMs;
        batch.Values[batch.Count] = value;
        if (++batch.Count == BatchSamples)
        {
            Send();
        }
    }

    /// <inheritdoc cref="Add(uint, long, double, long)"/>
    public void Add(uint series, long timestampMs, FloatHistogram histogram, long startMs = 0)
    {
        _filling.Histograms ??= new FloatHistogram?[BatchSamples];
        _filling.Histograms[_filling.Count] = histogram;
        Add(series, timestampMs, 0, startMs);
    }

    /// <summary>Drops the samples of a series that were added before.</summary>
    public void Evict(uint series) => Add(series, Eviction, 0);

    /// <summary>Gives a series chunks that are in files, behind what was added and dropped before.</summary>
    public void Adopt(uint series, in HeadChunkChain chunks)
    {
        List<HeadChunkChain> adopted = _filling.Adopted ??= [];
        adopted.Add(chunks);
        Add(series, Adoption, adopted.Count - 1);
    }

    /// <summary>There will be no more.</summary>
    public void Complete()
    {
        Send();
        _full.CompleteAdding();
    }

    /// <summary>Waits until all is applied.</summary>
    public void Wait()
    {
        _thread.Join();
        _failure?.Throw();
    }

    /// <summary>Releases it; <see cref="Complete"/> must have been called.</summary>
    public void Dispose()
    {
        _thread.Join();
        _full.Dispose();
    }

    private void Send()
    {
        _full.Add(_filling);
        _filling = _empty.TryTake(out Batch? used) ? used : new Batch();
        _filling.Count = 0;
    }

    private void Apply()
    {
        foreach (Batch batch in _full.GetConsumingEnumerable())
        {
            try
            {
                if (_failure is null)
                {
                    Apply(batch);
                }
            }
            catch (Exception error)
            {
                // Told by Wait; the reader must not be left waiting for room.
                _failure = ExceptionDispatchInfo.Capture(error);
            }

            batch.Histograms = null;
            batch.Adopted = null;
            batch.Starts?.AsSpan().Clear();
            _empty.Add(batch);
        }
    }

    private void Apply(Batch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            // The states and chunks of the series to come are on their way from memory meanwhile.
            if (i + StatesAhead < batch.Count)
            {
                _head.Pages.Prefetch(batch.Series[i + StatesAhead]);
                _head.Chunks.Prefetch(in _head.Pages[batch.Series[i + ChunksAhead]]);
            }

            long timestampMs = batch.Timestamps[i];
            if (timestampMs == Eviction)
            {
                _head.ReplayEviction(batch.Series[i]);
                continue;
            }

            if (timestampMs == Adoption && batch.Adopted is { } adopted)
            {
                _head.Replay(batch.Series[i], adopted[(int)batch.Values[i]]);
                continue;
            }

            bool applied = batch.Histograms?[i] is { } histogram
                ? _head.Replay(batch.Series[i], timestampMs, histogram, batch.Starts?[i] ?? 0)
                : _head.Replay(batch.Series[i], timestampMs, batch.Values[i], batch.Starts?[i] ?? 0);
            if (applied)
            {
                MinMs = Math.Min(MinMs, timestampMs);
                MaxMs = Math.Max(MaxMs, timestampMs);
            }
        }
    }

    private sealed class Batch
    {
        public readonly uint[] Series = new uint[BatchSamples];
        public readonly long[] Timestamps = new long[BatchSamples];
        public readonly double[] Values = new double[BatchSamples];
        public FloatHistogram?[]? Histograms;
        public List<HeadChunkChain>? Adopted;

        // All zero where nothing was added.
        public long[]? Starts;
        public int Count;
    }
}
