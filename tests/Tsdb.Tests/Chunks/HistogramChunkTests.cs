using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Tests.Chunks;

public sealed class HistogramChunkTests
{
    private const long StartMs = 1_700_000_000_000;

    [Theory]
    [InlineData(HistogramKind.Counter)]
    [InlineData(HistogramKind.Resetting)]
    [InlineData(HistogramKind.Floats)]
    [InlineData(HistogramKind.CustomBuckets)]
    [InlineData(HistogramKind.Gauge)]
    public void Histograms_come_back_from_their_chunks(HistogramKind kind)
    {
        var random = new Random((int)kind + 11);
        var source = new HistogramSamples(random, kind);
        using var written = new SampleBuffer();
        long time = StartMs;
        for (int i = 0; i < 1000; i++)
        {
            time += random.Next(40) == 0 ? random.Next(100_000_000) + 1 : 15_000 + random.Next(3);
            written.Append(time, random.Next(100) == 0 ? new FloatHistogram { Sum = StaleNaN.Value } : source.Next());
        }

        var builder = new ChunkBuilder();
        builder.Add(written);
        using var read = new SampleBuffer();
        for (int i = 0; i < builder.Count; i++)
        {
            BlockChunkCheck(builder, i, kind, read);
        }

        Assert.Equal(written.Timestamps.ToArray(), read.Timestamps.ToArray());
        for (int i = 0; i < written.Count; i++)
        {
            Assert.True(HistogramStore.AreSame(written.Histograms[i]!, read.Histograms[i]!), $"{kind} {i}: {written.Histograms[i]} {read.Histograms[i]}");
        }
    }

    private static void BlockChunkCheck(ChunkBuilder builder, int index, HistogramKind kind, SampleBuffer read)
    {
        var chunk = builder[index];
        int before = read.Count;
        ChunkDecoder.Append(chunk.Encoding, chunk.Data, TimeRange.All, read);
        Assert.Equal(kind == HistogramKind.Floats ? ChunkEncoding.FloatHistogram : ChunkEncoding.Histogram, chunk.Encoding);
        Assert.Equal(chunk.SampleCount, read.Count - before);
        Assert.Equal((chunk.Range.MinMs, chunk.Range.MaxMs), (read.Timestamps[before], read.Timestamps[^1]));
        for (int i = before; i < read.Count; i++)
        {
            CounterResetHint expected = read.Histograms[i]!.IsStale ? CounterResetHint.Unknown
                : kind == HistogramKind.Gauge ? CounterResetHint.Gauge
                : i > before ? CounterResetHint.NotCounterReset
                : CounterResetHint.Unknown;
            Assert.Equal(expected, read.Histograms[i]!.CounterResetHint);
        }

        // A part of a chunk is the samples within.
        using var part = new SampleBuffer();
        var range = new TimeRange(chunk.Range.MinMs + 1, chunk.Range.MaxMs - 1);
        ChunkDecoder.Append(chunk.Encoding, chunk.Data, range, part);
        Assert.Equal(read.Timestamps[before..].ToArray().Where(range.Contains), part.Timestamps.ToArray());
    }

    [Fact]
    public void A_reset_needs_a_new_chunk_and_new_buckets_widen_the_old_one()
    {
        HistogramChunk chunk = HistogramChunk.Start(false, 1, Make(4, [new(0, 2)], [1, 3]), null);
        Assert.True(chunk.TryAppend(2, Make(9, [new(-1, 4)], [2, 3, 4, 0]), out _));
        Assert.Equal(0, chunk.Bytes[2]);

        // An empty bucket may go; one with observations may not.
        Assert.True(chunk.TryAppend(3, Make(9, [new(-1, 3)], [2, 3, 4]), out _));
        Assert.False(chunk.TryAppend(4, Make(9, [new(1, 2)], [5, 4]), out HistogramChunk? reset));
        Assert.Equal(0x80, reset!.Bytes[2]);
        Assert.False(reset.TryAppend(5, Make(8, [new(1, 2)], [5, 3]), out reset));
        Assert.Equal(0x80, reset!.Bytes[2]);

        // Another resolution: nobody has looked.
        FloatHistogram coarser = Make(20, [new(1, 2)], [10, 10]);
        coarser.Schema = 0;
        Assert.False(reset.TryAppend(6, coarser, out HistogramChunk? other));
        Assert.Equal(0, other!.Bytes[2]);

        FloatHistogram gauge = Make(20, [new(1, 2)], [10, 10]);
        gauge.CounterResetHint = CounterResetHint.Gauge;
        Assert.False(other.TryAppend(7, gauge, out HistogramChunk? gauges));
        Assert.Equal(0xC0, gauges!.Bytes[2]);
        Assert.True(gauges.TryAppend(8, WithHint(Make(2, [new(0, 1)], [2]), CounterResetHint.Gauge), out _));
        using var samples = new SampleBuffer();
        ChunkDecoder.Append(gauges.Encoding, gauges.Bytes, TimeRange.All, samples);
        Assert.Equal([new HistogramSpan(0, 3)], samples.Histograms[0]!.PositiveSpans);
        Assert.Equal([[0, 10, 10], [2, 0, 0]], samples.Histograms.ToArray().Select(histogram => histogram!.PositiveBuckets));
    }

    [Fact]
    public void Staleness_ends_a_chunk_for_all_but_staleness()
    {
        var stale = new FloatHistogram { Sum = StaleNaN.Value };
        HistogramChunk chunk = HistogramChunk.Start(false, 1, Make(4, [new(0, 2)], [1, 3]), null);
        Assert.True(chunk.TryAppend(2, stale, out _));
        Assert.True(chunk.TryAppend(3, stale, out _));
        Assert.False(chunk.TryAppend(4, Make(4, [new(0, 2)], [1, 3]), out HistogramChunk? next));
        Assert.Equal(0, next!.Bytes[2]);
        using var samples = new SampleBuffer();
        ChunkDecoder.Append(chunk.Encoding, chunk.Bytes, TimeRange.All, samples);
        Assert.Equal([false, true, true], samples.Histograms.ToArray().Select(histogram => histogram!.IsStale));
    }

    [Fact]
    public void Damaged_chunks_are_refused_and_leave_the_buffer_as_it_was()
    {
        var random = new Random(4);
        int refused = 0;
        using var samples = new SampleBuffer();
        samples.Append(1, 1);
        foreach (HistogramKind kind in Enum.GetValues<HistogramKind>())
        {
            var source = new HistogramSamples(random, kind);
            using var written = new SampleBuffer();
            for (int i = 0; i < 40; i++)
            {
                written.Append(StartMs + i, source.Next());
            }

            var builder = new ChunkBuilder();
            builder.Add(written);
            for (int round = 0; round < 3000; round++)
            {
                ChunkEncoding encoding = random.Next(2) == 0 ? ChunkEncoding.Histogram : ChunkEncoding.FloatHistogram;
                byte[] bytes = builder[random.Next(builder.Count)].Data.ToArray();
                for (int i = random.Next(6); i >= 0; i--)
                {
                    bytes[random.Next(random.Next(2) == 0 ? Math.Min(24, bytes.Length) : bytes.Length)] = (byte)random.Next(256);
                }

                bytes = bytes[..random.Next(bytes.Length + 1)];
                try
                {
                    ChunkDecoder.Append(encoding, bytes, TimeRange.All, samples);
                }
                catch (ChunkCorruptionException)
                {
                    refused++;
                    Assert.Equal(1, samples.Count);
                }

                samples.Truncate(1);
            }
        }

        Assert.InRange(refused, 5000, 15_000);
    }

    private static FloatHistogram WithHint(FloatHistogram histogram, CounterResetHint hint)
    {
        histogram.CounterResetHint = hint;
        return histogram;
    }

    private static FloatHistogram Make(double count, HistogramSpan[] spans, double[] buckets) => new()
    {
        Schema = 1,
        Count = count,
        Sum = count * 2,
        PositiveSpans = spans,
        PositiveBuckets = buckets,
    };
}
