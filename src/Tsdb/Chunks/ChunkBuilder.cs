using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Chunks;

/// <summary>Encodes samples into chunks of upstream's usual length. Reused from series to series; not thread-safe.</summary>
public sealed class ChunkBuilder
{
    /// <summary>The samples that go into a chunk.</summary>
    public const int SamplesPerChunk = 120;

    private readonly List<Built> _chunks = [];
    private byte[] _bytes = new byte[4096];
    private int _length;

    /// <summary>How floats are encoded that have no start timestamps. Those that have some need <see cref="ChunkEncoding.Xor2"/> in any case.</summary>
    public ChunkEncoding FloatEncoding { get; set; } = ChunkEncoding.Xor;

    /// <summary>Whether chunks of histograms can hold start timestamps, though there are none. Where there are some they must.</summary>
    public bool HistogramsWithStarts { get; set; }

    /// <summary>The number of chunks.</summary>
    public int Count => _chunks.Count;

    /// <summary>Forgets the chunks.</summary>
    public void Clear()
    {
        _chunks.Clear();
        _length = 0;
    }

    /// <summary>A chunk. Valid until more is added.</summary>
    public BlockChunk this[int index]
    {
        get
        {
            Built chunk = _chunks[index];
            return new BlockChunk(chunk.Range, chunk.Encoding, _bytes.AsSpan(chunk.Start, chunk.Length));
        }
    }

    /// <summary>Encodes all samples of a buffer, ascending by time, into new chunks.</summary>
    public void Add(SampleBuffer samples)
    {
        int start = 0;
        while (start < samples.Count)
        {
            int end = RunEnd(samples, start);
            if (samples.HasHistograms && samples.Histograms[start] is not null)
            {
                AddHistograms(samples, start, end);
            }
            else
            {
                AddFloats(samples, start, end);
            }

            start = end;
        }
    }

    // Floats and histograms never share a chunk.
    private static int RunEnd(SampleBuffer samples, int start)
    {
        if (!samples.HasHistograms)
        {
            return samples.Count;
        }

        bool histogram = samples.Histograms[start] is not null;
        int end = start + 1;
        while (end < samples.Count && (samples.Histograms[end] is not null) == histogram)
        {
            end++;
        }

        return end;
    }

    private void AddFloats(SampleBuffer samples, int start, int end)
    {
        for (int from = start; from < end; from += SamplesPerChunk)
        {
            int to = Math.Min(from + SamplesPerChunk, end);
            ChunkEncoding encoding = samples.HasStartTimestamps && samples.StartTimestamps[from..to].ContainsAnyExcept(0) ? ChunkEncoding.Xor2 : FloatEncoding;
            int length = FloatChunk.Encode(encoding, samples, from, to, Reserve(FloatChunk.BytesMax(to - from)));
            _chunks.Add(new Built(new TimeRange(samples.Timestamps[from], samples.Timestamps[to - 1]), encoding, _length, length));
            _length += length;
        }
    }

    // Counts that are integers throughout are kept as such: that takes far less room.
    private void AddHistograms(SampleBuffer samples, int start, int end)
    {
        bool floats = false;
        for (int i = start; i < end && !floats; i++)
        {
            floats = !HistogramChunk.HasIntegerCounts(samples.Histograms[i]!);
        }

        bool hasStarts = HistogramsWithStarts || (samples.HasStartTimestamps && samples.StartTimestamps[start..end].ContainsAnyExcept(0));
        HistogramChunk? chunk = null;
        for (int i = start; i < end; i++)
        {
            long startMs = samples.HasStartTimestamps ? samples.StartTimestamps[i] : 0;
            long timestampMs = samples.Timestamps[i];
            FloatHistogram histogram = samples.Histograms[i]!;
            if (chunk is null || chunk.Count == SamplesPerChunk)
            {
                AddBuilt(chunk);
                chunk = HistogramChunk.Start(floats, timestampMs, histogram, previous: null, hasStarts, startMs);
            }
            else if (!chunk.TryAppend(timestampMs, histogram, out HistogramChunk? next, startMs))
            {
                AddBuilt(chunk);
                chunk = next;
            }
        }

        AddBuilt(chunk);
    }

    private void AddBuilt(HistogramChunk? chunk)
    {
        if (chunk is not null)
        {
            chunk.Bytes.CopyTo(Reserve(chunk.Bytes.Length));
            _chunks.Add(new Built(new TimeRange(chunk.FirstTimestampMs, chunk.LastTimestampMs), chunk.Encoding, _length, chunk.Bytes.Length));
            _length += chunk.Bytes.Length;
        }
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        }

        return _bytes.AsSpan(_length, bytes);
    }

    private readonly record struct Built(TimeRange Range, ChunkEncoding Encoding, int Start, int Length);
}
