using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Narthex.Model;
using Narthex.Tests;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Peers;

public sealed class RealPrometheusTests
{
    [PeerFact]
    public void Promtool_reads_the_log_that_we_write()
    {
        using var directory = new PeerDirectory();
        var expected = new List<string>();
        using (WalWriter writer = WalWriter.Open(directory.Combine("wal"), new WalWriterOptions { SegmentBytes = 32 * 1024 }))
        {
            var batch = new WalBatch();
            var random = new Random(1);
            SeriesRecordWriter series = SeriesRecordWriter.Begin(batch.Buffer);
            for (ulong reference = 1; reference <= 200; reference++)
            {
                series.AddSeries(reference, Labels.FromStrings("__name__", "written", "n", $"{reference:D3}", "text", new string('ä', 50)));
            }

            batch.EndRecord();
            ulong[] refs = [.. Enumerable.Range(1, 200).Select(i => (ulong)i)];
            for (int scrape = 0; scrape < 60; scrape++)
            {
                long timestamp = 1_700_000_000_000 + (scrape * 15_000);
                double[] values = [.. refs.Select(_ => random.Next(3) == 0 ? random.NextDouble() : random.Next(1000))];
                SamplesRecord.Encode(batch.Buffer, refs, [.. refs.Select(_ => timestamp)], values);
                batch.EndRecord();
                writer.Log(batch);
                batch.Clear();
                for (int i = 0; i < refs.Length; i++)
                {
                    string line = $"{{__name__=\"written\", n=\"{refs[i]:D3}\", text=\"{new string('ä', 50)}\"}} ";
                    expected.Add(line + FloatFormat.FormatGeneral(values[i]) + " " + timestamp.ToString(CultureInfo.InvariantCulture));
                }
            }

            Assert.True(writer.CurrentSegment > 1);
        }

        string dump = PeerDirectory.Promtool("tsdb", "dump", directory.Path);

        Assert.Equal(expected.Order(StringComparer.Ordinal), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [PeerFact]
    public void Promtool_reads_our_checkpoint_and_the_segments_behind_it()
    {
        using var directory = new PeerDirectory();
        string wal = directory.Combine("wal");
        using (WalWriter writer = WalWriter.Open(wal))
        {
            var batch = new WalBatch();
            SeriesRecordWriter series = SeriesRecordWriter.Begin(batch.Buffer);
            series.AddSeries(1, Labels.FromStrings("__name__", "kept"));
            series.AddSeries(2, Labels.FromStrings("__name__", "gone"));
            batch.EndRecord();
            SamplesRecord.Encode(batch.Buffer, [1, 2, 1], [1_700_000_000_000, 1_700_000_000_000, 1_700_000_015_000], [1, 2, 3]);
            batch.EndRecord();
            writer.Log(batch);
            writer.CutSegment();
            batch.Clear();
            SamplesRecord.Encode(batch.Buffer, [1], [1_700_000_030_000], [4]);
            batch.EndRecord();
            writer.Log(batch);
            CheckpointWriter.Write(wal, 0, reference => reference == 1, 1_700_000_010_000);
            writer.TruncateBefore(1);
        }

        Assert.Equal(["00000001", "checkpoint.00000000"], Directory.EnumerateFileSystemEntries(wal).Select(Path.GetFileName).Order());
        Assert.Equal(
            "{__name__=\"kept\"} 3 1700000015000\n{__name__=\"kept\"} 4 1700000030000\n",
            PeerDirectory.Promtool("tsdb", "dump", directory.Path));
    }

    [PeerFact]
    public async Task We_read_the_log_of_a_killed_Prometheus()
    {
        using var directory = new PeerDirectory();
        await File.WriteAllTextAsync(directory.Combine("prometheus.yml"), "global: {}\n");
        const long firstTimestamp = 1_700_000_000_000;
        using (Process prometheus = PeerDirectory.Start(
            "prometheus",
            "--config.file=" + directory.Combine("prometheus.yml"),
            "--storage.tsdb.path=" + directory.Combine("data"),
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:0",
            "--web.enable-remote-write-receiver",
            "--enable-feature=exemplar-storage,native-histograms"))
        {
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

                Assert.NotNull(address);
                _ = prometheus.StandardError.ReadToEndAsync(); // Or the pipe fills up.
                _ = prometheus.StandardOutput.ReadToEndAsync();
                using var client = new HttpClient();
                for (int scrape = 0; scrape < 20; scrape++)
                {
                    using var body = new ByteArrayContent(Snappy(WriteRequest(firstTimestamp + (scrape * 15_000), scrape)));
                    body.Headers.TryAddWithoutValidation("Content-Encoding", "snappy");
                    body.Headers.TryAddWithoutValidation("Content-Type", "application/x-protobuf");
                    using HttpResponseMessage response = await client.PostAsync(new Uri($"http://{address}/api/v1/write"), body);
                    Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
                }
            }
            finally
            {
                prometheus.Kill();
                await prometheus.WaitForExitAsync();
            }
        }

        var names = new Dictionary<ulong, string>();
        var samples = new SampleColumns();
        var histograms = new List<(string Name, long Timestamp, FloatHistogram Histogram)>();
        var exemplars = new List<(string Name, Labels Labels, double Value)>();
        using WalReader reader = WalReader.Open(directory.Combine("data/wal"));
        while (reader.MoveNext())
        {
            Read(reader, names, samples, histograms, exemplars);
        }

        Assert.Null(reader.TornTail);
        string[] expected = [.. Enumerable.Range(0, 20).SelectMany(scrape => Enumerable.Range(0, 30).Select(series =>
            $"sent_{series} {firstTimestamp + (scrape * 15_000)} {FloatFormat.FormatGeneral(Value(scrape, series))}"))];
        string[] read = [.. Enumerable.Range(0, samples.Count).Select(i =>
            $"{names[samples.Refs[i]]} {samples.Timestamps[i]} {FloatFormat.FormatGeneral(samples.Values[i])}")];
        Assert.Equal(expected.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        Assert.Equal(20, histograms.Count);
        Assert.Equal(Enumerable.Range(0, 20).Select(scrape => firstTimestamp + (scrape * 15_000)), histograms.Select(histogram => histogram.Timestamp));
        Assert.All(histograms, histogram => Assert.Equal("native", histogram.Name));
        Assert.Equal([2, 5, 4], histograms[3].Histogram.PositiveBuckets);
        Assert.Equal([new HistogramSpan(-1, 2), new HistogramSpan(2, 1)], histograms[3].Histogram.PositiveSpans);
        Assert.Equal((11, 6.5, 1), (histograms[3].Histogram.Count, histograms[3].Histogram.Sum, histograms[3].Histogram.Schema));
        Assert.Equal(Enumerable.Range(0, 20).Select(scrape => ("sent_0", Labels.FromStrings("trace_id", $"t{scrape}"), 0.5)), exemplars);
    }

    [PeerFact]
    public void Chunks_of_a_real_block_decode_and_encode_to_the_same_bytes()
    {
        using var directory = new PeerDirectory();
        var text = new StringBuilder("# TYPE c counter\n# TYPE g gauge\n");
        var expected = new Dictionary<long, double[]>();
        var random = new Random(5);
        double total = 0;
        for (int i = 0; i < 400; i++)
        {
            double time = 1_700_000_000 + (i * 15) + (random.Next(4) == 0 ? random.Next(3000) / 1000.0 : 0);
            total += random.Next(50);
            text.Append(CultureInfo.InvariantCulture, $"c_total {total} {time:F3}\n");
        }

        for (int i = 0; i < 400; i++)
        {
            double value = random.Next(6) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => 1, 3 => -0.25, _ => random.NextDouble() };
            string printed = double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"g{{a=\"b\"}} {printed} {1_700_000_000 + (i * 60)}\n");
        }

        File.WriteAllText(directory.Combine("in.txt"), text.Append("# EOF\n").ToString());
        PeerDirectory.Promtool("tsdb", "create-blocks-from", "openmetrics", directory.Combine("in.txt"), directory.Combine("out"));

        int samples = 0;
        foreach (string file in Directory.EnumerateFiles(directory.Combine("out"), "00000*", SearchOption.AllDirectories))
        {
            byte[] content = File.ReadAllBytes(file);
            var reader = new ByteReader(content.AsSpan(8));
            while (reader.Remaining > 0)
            {
                int length = reader.ReadCount(1);
                ReadOnlySpan<byte> guarded = reader.Rest[..(length + 1)];
                byte encoding = reader.ReadByte();
                ReadOnlySpan<byte> chunk = reader.ReadBytes(length);
                Assert.Equal((byte)ChunkEncoding.Xor, encoding);
                Assert.Equal(Crc32C.Compute(guarded), reader.ReadUInt32());
                AssertSameBytes(chunk);
                samples += XorDecoder.CountSamples(chunk);
            }

            Assert.False(reader.Failed);
        }

        Assert.Equal(800, samples);
    }

    private static void AssertSameBytes(ReadOnlySpan<byte> chunk)
    {
        int count = XorDecoder.CountSamples(chunk);
        long[] timestamps = new long[count];
        double[] values = new double[count];
        XorDecoder.Decode(chunk, timestamps, values);
        byte[] again = new byte[chunk.Length];
        var state = new XorAppenderState();
        for (int i = 0; i < count; i++)
        {
            Assert.True(XorEncoder.TryAppend(ref state, again, timestamps[i], values[i]));
        }

        Assert.Equal(Convert.ToHexString(chunk), Convert.ToHexString(again));
    }

    private static void Read(
        WalReader reader,
        Dictionary<ulong, string> names,
        SampleColumns samples,
        List<(string Name, long Timestamp, FloatHistogram Histogram)> histograms,
        List<(string Name, Labels Labels, double Value)> exemplars)
    {
        switch (reader.RecordType)
        {
            case RecordType.Series:
                var series = new SeriesRecordReader(reader.Record);
                while (series.MoveNext())
                {
                    names.Add(series.Ref, series.Labels.ToLabels().MetricName);
                }

                Assert.False(series.IsDamaged);
                break;
            case RecordType.Samples:
                Assert.True(SamplesRecord.TryDecode(reader.Record, samples));
                break;
            case RecordType.HistogramSamples:
                var histogramReader = new HistogramsRecordReader(reader.Record);
                while (histogramReader.MoveNext())
                {
                    histograms.Add((names[histogramReader.Ref], histogramReader.TimestampMs, histogramReader.Histogram));
                }

                Assert.False(histogramReader.IsDamaged);
                break;
            case RecordType.Exemplars:
                var exemplarReader = new ExemplarsRecordReader(reader.Record);
                while (exemplarReader.MoveNext())
                {
                    exemplars.Add((names[exemplarReader.Ref], exemplarReader.Labels.ToLabels(), exemplarReader.Value));
                }

                Assert.False(exemplarReader.IsDamaged);
                break;
            default:
                Assert.Fail($"unexpected record {reader.RecordType}");
                break;
        }
    }

    private static double Value(int scrape, int series) => (scrape * 0.1) + series;

    // A remote write 1.0 request, field by field.
    private static byte[] WriteRequest(long timestamp, int scrape)
    {
        var request = new ByteWriter();
        for (int i = 0; i < 30; i++)
        {
            var series = new ByteWriter();
            Label(series, "__name__", $"sent_{i}");
            var sample = new ByteWriter();
            Double(sample, 1, Value(scrape, i));
            Varint(sample, 2, (ulong)timestamp);
            Message(series, 2, sample);
            if (i == 0)
            {
                var exemplar = new ByteWriter();
                Label(exemplar, "trace_id", $"t{scrape}");
                Double(exemplar, 2, 0.5);
                Varint(exemplar, 3, (ulong)timestamp);
                Message(series, 3, exemplar);
            }

            Message(request, 1, series);
        }

        var native = new ByteWriter();
        Label(native, "__name__", "native");
        var histogram = new ByteWriter();
        Varint(histogram, 1, 11);
        Double(histogram, 3, 6.5);
        Varint(histogram, 4, 2); // Schema 1 in zigzag.
        Double(histogram, 5, 0.001);
        Varint(histogram, 6, 0);
        Span(histogram, offsetZigzag: 1, length: 2);
        Span(histogram, offsetZigzag: 4, length: 1);
        histogram.WriteBytes([(12 << 3) | 2, 3, 4, 6, 1]); // Deltas 2, +3, -1 in zigzag.
        Varint(histogram, 15, (ulong)timestamp);
        Message(native, 4, histogram);
        Message(request, 1, native);
        return request.WrittenSpan.ToArray();
    }

    private static void Span(ByteWriter histogram, ulong offsetZigzag, ulong length)
    {
        var span = new ByteWriter();
        Varint(span, 1, offsetZigzag);
        Varint(span, 2, length);
        Message(histogram, 11, span);
    }

    private static void Label(ByteWriter target, string name, string value)
    {
        var label = new ByteWriter();
        label.WriteByte((1 << 3) | 2);
        label.WriteString(Encoding.UTF8.GetBytes(name));
        label.WriteByte((2 << 3) | 2);
        label.WriteString(Encoding.UTF8.GetBytes(value));
        Message(target, 1, label);
    }

    private static void Message(ByteWriter target, int field, ByteWriter message)
    {
        target.WriteByte((byte)((field << 3) | 2));
        target.WriteString(message.WrittenSpan);
    }

    private static void Varint(ByteWriter target, int field, ulong value)
    {
        target.WriteByte((byte)(field << 3));
        target.WriteUvarint(value);
    }

    private static void Double(ByteWriter target, int field, double value)
    {
        target.WriteByte((byte)((field << 3) | 1));
        target.WriteBytes(BitConverter.GetBytes(value));
    }

    private static byte[] Snappy(byte[] data)
    {
        byte[] compressed = new byte[SnappyBlock.GetMaxCompressedLength(data.Length)];
        return compressed[..SnappyBlock.Compress(data, compressed)];
    }
}
