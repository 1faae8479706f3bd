using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Index;
using Narthex.Tsdb.Tests.Blocks;
using Narthex.Tsdb.Tests.Chunks;

namespace Narthex.Tsdb.Tests.Peers;

/// <summary>The same histograms to the real Prometheus and to our head.</summary>
public sealed class HistogramPeerTests
{
    private const long RangeMs = 7_200_000;
    private const long StartMs = (1_700_000_000_000 / RangeMs * RangeMs) + (RangeMs / 2);

    private static readonly string[] Names = [.. Enum.GetNames<HistogramKind>(), "Mixed", "Stale"];

    [PeerFact]
    public async Task Our_head_makes_the_chunks_that_the_real_Prometheus_makes()
    {
        using var directory = new PeerDirectory();
        List<Dictionary<string, object>> steps = MakeSteps();
        string theirs = await FeedPrometheus(directory, steps);

        var head = new HeadStorage();
        using (IAppender appender = head.OpenAppender())
        {
            for (int step = 0; step < steps.Count; step++)
            {
                foreach ((string name, object sample) in steps[step])
                {
                    SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", name));
                    if (sample is FloatHistogram histogram)
                    {
                        appender.Append(series, TimeOf(step), histogram);
                    }
                    else
                    {
                        appender.Append(series, TimeOf(step), (double)sample);
                    }
                }

                var rejected = new List<RejectedSample>();
                appender.Commit(rejected);
                Assert.Equal("", string.Join(", ", rejected.Select(one => $"{steps[step].Keys.ElementAt(one.Row)} {one.Error}")));
            }
        }

        var range = new TimeRange(head.MinTimeMs, head.MaxTimeMs);
        string ours = directory.Combine("ours");
        Directory.CreateDirectory(Path.Combine(ours, "wal"));
        BlockMeta meta;
        using (var source = new HeadBlockSource(head, range, CancellationToken.None))
        {
            meta = BlockWriter.Write(ours, new BlockMeta { Ulid = BlockId.New(TimeProvider.System), MinTime = range.MinMs, MaxTime = range.MaxMs + 1 }, source)!;
        }

        string theirBlock = Directory.GetDirectories(theirs).Single();
        Assert.Equal(Chunks(theirBlock), Chunks(Path.Combine(ours, meta.Ulid.ToString())));
        Directory.CreateDirectory(Path.Combine(theirs, "wal"));
        string dump = PeerDirectory.Promtool("tsdb", "dump", ours);
        Assert.NotEmpty(dump);
        Assert.Equal(PeerDirectory.Promtool("tsdb", "dump", theirs), dump);
        using BlockReader block = BlockReader.Open(Path.Combine(ours, meta.Ulid.ToString()));
        using BlockReader other = BlockReader.Open(theirBlock);
        Assert.Equal(Dump.All(other), Dump.All(block));
        Assert.Equal(Dump.All(head), Dump.All(block));
        Assert.Equal(steps.Sum(step => step.Count), Dump.All(block).Count);

        // The peer is of a release that does not count them apart. The staleness markers of histograms are some too.
        Assert.Equal(other.Meta.Stats.NumSamples, block.Meta.Stats.NumSamples);
        Assert.Equal((ulong)((6 * steps.Count) + steps.Count(step => step["Mixed"] is FloatHistogram)), block.Meta.Stats.NumHistogramSamples);
    }

    private static long TimeOf(int step) => StartMs + (step * 20_000L);

    private static List<Dictionary<string, object>> MakeSteps()
    {
        var random = new Random(9);
        HistogramSamples[] sources = [.. Enum.GetValues<HistogramKind>().Select(kind => new HistogramSamples(random, kind))];
        var mixed = new HistogramSamples(random, HistogramKind.Counter);
        var stale = new HistogramSamples(random, HistogramKind.Counter);
        var steps = new List<Dictionary<string, object>>();
        for (int step = 0; step < 350; step++)
        {
            var samples = new Dictionary<string, object>();
            for (int kind = 0; kind < sources.Length; kind++)
            {
                samples.Add(Names[kind], sources[kind].Next());
            }

            samples.Add("Mixed", step / 15 % 2 == 0 ? mixed.Next() : step / 2.0);
            samples.Add("Stale", step % 50 is > 45 ? StaleNaN.Value : stale.Next());
            steps.Add(samples);
        }

        return steps;
    }

    // Chunk by chunk. Upstream encodes those that were open again when it writes a snapshot, less their flags: of these the samples must do.
    private static List<string> Chunks(string directory)
    {
        using BlockReader block = BlockReader.Open(directory);
        var lines = new List<string>();
        PostingsView all = block.Index.GetPostings(default, default);
        for (int i = 0; i < all.Count; i++)
        {
            var chunks = new List<(TimeRange Range, string Bytes)>();
            SeriesChunks cursor = block.Index.ReadChunks(all[i]);
            while (cursor.MoveNext())
            {
                ReadOnlySpan<byte> bytes = block.ReadChunk(cursor.Current, out ChunkEncoding encoding);
                chunks.Add((cursor.Current.Range, $"{encoding} {XorDecoder.CountSamples(bytes)} {Convert.ToHexString(bytes)}"));
            }

            Assert.True(chunks.Count > 1);
            string name = block.Index.ReadLabels(all[i]).MetricName;
            lines.AddRange(chunks[..^1].Select(chunk => $"{name} {chunk.Range} {chunk.Bytes}"));
            lines.Add($"{name} {chunks[^1].Range}");
        }

        return lines;
    }

    private static async Task<string> FeedPrometheus(PeerDirectory directory, List<Dictionary<string, object>> steps)
    {
        await File.WriteAllTextAsync(directory.Combine("prometheus.yml"), "global: {}\n");
        using Process prometheus = PeerDirectory.Start(
            "prometheus",
            "--config.file=" + directory.Combine("prometheus.yml"),
            "--storage.tsdb.path=" + directory.Combine("data"),
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:0",
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
            "--enable-feature=native-histograms");
        try
        {
            // The two lines come from different threads, in either order.
            string? address = null;
            bool isReady = false;
            while ((address is null || !isReady) && await prometheus.StandardError.ReadLineAsync() is { } line)
            {
                isReady |= line.Contains("ready to receive");
                address = Regex.Match(line, "Listening on\".* address=(\\S+)") is { Success: true } match ? match.Groups[1].Value : address;
            }

            _ = prometheus.StandardError.ReadToEndAsync(); // Or the pipe fills up.
            _ = prometheus.StandardOutput.ReadToEndAsync();
            using var client = new HttpClient { BaseAddress = new Uri($"http://{address}") };
            for (int step = 0; step < steps.Count; step++)
            {
                byte[] request = WriteRequest(steps[step], TimeOf(step));
                byte[] compressed = new byte[SnappyBlock.GetMaxCompressedLength(request.Length)];
                using var body = new ByteArrayContent(compressed, 0, SnappyBlock.Compress(request, compressed));
                body.Headers.TryAddWithoutValidation("Content-Encoding", "snappy");
                body.Headers.TryAddWithoutValidation("Content-Type", "application/x-protobuf");
                using HttpResponseMessage response = await client.PostAsync(new Uri("/api/v1/write", UriKind.Relative), body);
                Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            }

            using HttpResponseMessage snapshot = await client.PostAsync(new Uri("/api/v1/admin/tsdb/snapshot", UriKind.Relative), null);
            string answer = await snapshot.Content.ReadAsStringAsync();
            Assert.True(snapshot.IsSuccessStatusCode, answer);
            using JsonDocument json = JsonDocument.Parse(answer);
            return directory.Combine("data/snapshots/" + json.RootElement.GetProperty("data").GetProperty("name").GetString());
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync();
        }
    }

    // A remote write 1.0 request, field by field.
    private static byte[] WriteRequest(Dictionary<string, object> samples, long timestampMs)
    {
        var request = new ByteWriter();
        foreach ((string name, object sample) in samples)
        {
            var series = new ByteWriter();
            var label = new ByteWriter();
            Bytes(label, 1, Encoding.UTF8.GetBytes("__name__"));
            Bytes(label, 2, Encoding.UTF8.GetBytes(name));
            Bytes(series, 1, label.WrittenSpan);
            var message = new ByteWriter();
            if (sample is FloatHistogram histogram)
            {
                WriteHistogram(message, histogram);
                Varint(message, 15, (ulong)timestampMs);
                Bytes(series, 4, message.WrittenSpan);
            }
            else
            {
                Double(message, 1, (double)sample);
                Varint(message, 2, (ulong)timestampMs);
                Bytes(series, 2, message.WrittenSpan);
            }

            Bytes(request, 1, series.WrittenSpan);
        }

        return request.WrittenSpan.ToArray();
    }

    private static void WriteHistogram(ByteWriter message, FloatHistogram histogram)
    {
        bool floats = histogram.Count != Math.Floor(histogram.Count) || histogram.ZeroThreshold == 0.3;
        Double(message, 3, histogram.Sum);
        Varint(message, 4, Zigzag(histogram.Schema));
        Double(message, 5, histogram.ZeroThreshold);
        if (floats)
        {
            Double(message, 2, histogram.Count);
            Double(message, 7, histogram.ZeroCount);
        }
        else
        {
            Varint(message, 1, (ulong)histogram.Count);
            Varint(message, 6, (ulong)histogram.ZeroCount);
        }

        WriteSide(message, 8, histogram.NegativeSpans, histogram.NegativeBuckets, floats);
        WriteSide(message, 11, histogram.PositiveSpans, histogram.PositiveBuckets, floats);
        Varint(message, 14, (ulong)histogram.CounterResetHint);
        WriteDoubles(message, 16, histogram.CustomValues);
    }

    private static void WriteSide(ByteWriter message, int field, HistogramSpan[] spans, double[] buckets, bool floats)
    {
        foreach (HistogramSpan span in spans)
        {
            var part = new ByteWriter();
            Varint(part, 1, Zigzag(span.Offset));
            Varint(part, 2, span.Length);
            Bytes(message, field, part.WrittenSpan);
        }

        if (floats)
        {
            WriteDoubles(message, field + 2, buckets);
            return;
        }

        var deltas = new ByteWriter();
        long previous = 0;
        foreach (double bucket in buckets)
        {
            deltas.WriteVarint((long)bucket - previous);
            previous = (long)bucket;
        }

        Bytes(message, field + 1, deltas.WrittenSpan);
    }

    private static void WriteDoubles(ByteWriter message, int field, double[] values)
    {
        var packed = new ByteWriter();
        foreach (double value in values)
        {
            packed.WriteBytes(BitConverter.GetBytes(value));
        }

        Bytes(message, field, packed.WrittenSpan);
    }

    private static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));

    private static void Bytes(ByteWriter target, int field, ReadOnlySpan<byte> bytes)
    {
        target.WriteUvarint((uint)((field << 3) | 2));
        target.WriteString(bytes);
    }

    private static void Varint(ByteWriter target, int field, ulong value)
    {
        target.WriteUvarint((uint)(field << 3));
        target.WriteUvarint(value);
    }

    private static void Double(ByteWriter target, int field, double value)
    {
        target.WriteUvarint((uint)((field << 3) | 1));
        target.WriteBytes(BitConverter.GetBytes(value));
    }
}
