using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>A full chunk of samples that came out of order, in memory or in a file. Immutable.</summary>
internal sealed class OutOfOrderChunk
{
    private readonly byte[] _bytes = [];
    private readonly HeadChunkFiles? _files;
    private readonly int _length;

    /// <summary>A chunk in memory.</summary>
    public OutOfOrderChunk(TimeRange range, ChunkEncoding encoding, byte[] bytes)
    {
        Range = range;
        Encoding = encoding;
        _bytes = bytes;
        _length = bytes.Length;
    }

    /// <summary>A chunk in a file, which it keeps there until <see cref="Release"/>.</summary>
    public OutOfOrderChunk(TimeRange range, ChunkEncoding encoding, HeadChunkFiles files, HeadChunkRef place, int length)
    {
        Range = range;
        Encoding = encoding;
        _files = files;
        Place = place;
        _length = length;
        files.Use(place);
    }

    /// <summary>The first and the last time.</summary>
    public TimeRange Range { get; }

    /// <summary>How the samples are encoded.</summary>
    public ChunkEncoding Encoding { get; }

    /// <summary>Where it is; null if it is in memory only.</summary>
    public HeadChunkRef? Place { get; }

    /// <summary>The encoded samples. Those in a file are there as long as a view is open that sees the chunk.</summary>
    public ReadOnlySpan<byte> Bytes => Place is { } place ? _files!.GetBytes(place, _length) : _bytes;

    /// <summary>Encodes samples, ascending by time: a chunk for each run that can share one.</summary>
    public static void Encode(SampleBuffer samples, List<OutOfOrderChunk> chunks)
    {
        var builder = new ChunkBuilder();
        builder.Add(samples);
        for (int i = 0; i < builder.Count; i++)
        {
            Blocks.BlockChunk built = builder[i];
            chunks.Add(new OutOfOrderChunk(built.Range, built.Encoding, built.Data.ToArray()));
        }
    }

    /// <summary>Nobody sees it any more.</summary>
    public void Release()
    {
        if (Place is { } place)
        {
            _files!.Release(place);
        }
    }

    /// <summary>Appends the samples within a range.</summary>
    public void Read(TimeRange range, SampleBuffer samples)
    {
        if (!Range.Overlaps(range))
        {
            return;
        }

        int before = samples.Count;
        ChunkDecoder.Append(Encoding, Bytes, range, samples);
        for (int i = before; samples.HasHistograms && i < samples.Count; i++)
        {
            // What stands before it in the chunk need not stand before it among all samples of the series.
            if (samples.Histograms[i] is { CounterResetHint: CounterResetHint.CounterReset or CounterResetHint.NotCounterReset } histogram)
            {
                histogram.CounterResetHint = CounterResetHint.Unknown;
            }
        }
    }
}
