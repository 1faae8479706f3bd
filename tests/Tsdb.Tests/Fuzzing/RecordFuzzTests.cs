using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;
using Narthex.Tsdb.Tests.Wal;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Fuzzing;

/// <summary>Records whose checksum is right and whose content is not: what a bug of another writer, or memory gone bad, leaves in a log.</summary>
public sealed class RecordFuzzTests
{
    private static readonly byte[][] s_sound = [.. MakeRecords()];

    [Fact]
    public void Decoders_never_throw_and_need_no_more_memory_than_the_record_warrants()
    {
        for (int seed = 0; seed < Mutations.Rounds(20_000); seed++)
        {
            var random = new Random(seed);
            byte[] record = Mutations.Damage(random, s_sound[seed % s_sound.Length]);
            if (record.Length > 0 && random.Next(10) == 0)
            {
                record[0] = (byte)random.Next(1, 16);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            int items = Decode(record);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.True(items <= record.Length, $"seed {seed}: {items} items in {record.Length} bytes");
            Assert.True(allocated < (256 * record.Length) + 32_768, $"seed {seed}: {allocated} bytes for a record of {record.Length}");
        }
    }

    [Fact]
    public async Task A_database_opens_whatever_its_log_holds_and_can_be_read_and_written()
    {
        for (int seed = 0; seed < Mutations.Rounds(40); seed++)
        {
            using var directory = new PeerDirectory();
            WriteLog(directory, seed);
            await using (TsdbDatabase database = await OpenAsync(directory))
            {
                HeadReading.ReadAll(database);
                using IAppender appender = database.OpenAppender();
                long timestamp = Math.Max(1_800_000_000_000, Math.Min(database.MaxTimeMs, long.MaxValue / 2) + 1);
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "afterwards")), timestamp, 1);
                CommitResult result = appender.Commit();
                Assert.True(result.Appended == 1 || database.MaxTimeMs >= timestamp, $"seed {seed}: {result} at {timestamp}");
            }

            await using TsdbDatabase again = await OpenAsync(directory);
            Assert.True(again.IsReady, $"seed {seed}");
        }
    }

    [Fact]
    public void A_checkpoint_is_written_or_refused()
    {
        for (int seed = 0; seed < Mutations.Rounds(200); seed++)
        {
            var files = new MemoryWalFiles();
            using (WalWriter writer = WalRoundTripTests.Open(files))
            {
                var random = new Random(seed);
                for (int i = 0; i < 10; i++)
                {
                    writer.Log(random.Next(8) == 0 ? NotEmpty(Mutations.Damage(random, s_sound[i % s_sound.Length])) : s_sound[i % s_sound.Length]);
                }
            }

            try
            {
                CheckpointWriter.Write("wal", 0, reference => reference % 2 == 0, 1000, new WalWriterOptions { Files = files });
            }
            catch (StorageException)
            {
                Assert.DoesNotContain(files.Files.Keys, name => name.Contains("checkpoint"));
            }
        }
    }

    private static Task<TsdbDatabase> OpenAsync(PeerDirectory directory) => TsdbDatabase.OpenAsync(
        directory.Combine("data"), new TsdbOptions(), new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static void WriteLog(PeerDirectory directory, int seed)
    {
        var random = new Random(seed);
        using WalWriter writer = WalWriter.Open(directory.Combine("data/wal"), new WalWriterOptions { Compression = (WalCompression)(seed % 3) });
        writer.Log(s_sound[0]);
        for (int i = 0; i < 40; i++)
        {
            byte[] sound = s_sound[random.Next(s_sound.Length)];
            writer.Log(random.Next(4) == 0 ? sound : NotEmpty(Mutations.Damage(random, sound)));
        }
    }

    private static byte[] NotEmpty(byte[] record) => record.Length == 0 ? [255] : record;

    private static int Decode(byte[] record)
    {
        int items = 0;
        switch (RecordTypes.Of(record))
        {
            case RecordType.Series:
                var series = new SeriesRecordReader(record);
                while (series.MoveNext())
                {
                    items += series.Labels.ToLabels().Count >= 0 ? 1 : 0;
                }

                break;
            case RecordType.Samples or RecordType.SamplesV2:
                var columns = new SampleColumns();
                SamplesRecord.TryDecode(record, columns);
                items = columns.Count;
                break;
            case RecordType.Tombstones:
                var tombstones = new TombstonesRecordReader(record);
                while (tombstones.MoveNext())
                {
                    items++;
                }

                break;
            case RecordType.Exemplars:
                var exemplars = new ExemplarsRecordReader(record);
                while (exemplars.MoveNext())
                {
                    items += exemplars.Labels.ToLabels().Count >= 0 ? 1 : 0;
                }

                break;
            case RecordType.MmapMarkers:
                var markers = new MmapMarkersRecordReader(record);
                while (markers.MoveNext())
                {
                    items++;
                }

                break;
            case RecordType.Metadata:
                var metadata = new MetadataRecordReader(record);
                while (metadata.MoveNext())
                {
                    items++;
                }

                break;
            case RecordType.MinValidTime:
                MinValidTimeRecord.TryDecode(record, out _);
                break;
            case RecordType type when RecordTypes.HasHistograms(type):
                var histograms = new HistogramsRecordReader(record);
                while (histograms.MoveNext())
                {
                    items += histograms.Histogram.PositiveBuckets.Length >= 0 ? 1 : 0;
                }

                break;
        }

        return items;
    }

    private static IEnumerable<byte[]> MakeRecords()
    {
        var buffer = new ByteWriter();
        byte[] Take()
        {
            byte[] record = buffer.WrittenSpan.ToArray();
            buffer.Clear();
            return record;
        }

        ulong[] refs = [.. Enumerable.Range(1, 20).Select(i => (ulong)i)];
        long[] timestamps = [.. refs.Select(reference => 1_700_000_000_000 + (long)reference)];
        double[] values = [.. refs.Select(reference => reference * 1.5)];
        SeriesRecordWriter series = SeriesRecordWriter.Begin(buffer);
        foreach (ulong reference in refs)
        {
            series.AddSeries(reference, Labels.FromStrings("__name__", "fuzzed", "n", $"{reference}"));
        }

        yield return Take();
        SamplesRecord.Encode(buffer, refs, timestamps, values);
        yield return Take();
        SamplesRecord.Encode(buffer, refs, timestamps, values, timestamps);
        yield return Take();
        TombstonesRecordWriter tombstones = TombstonesRecordWriter.Begin(buffer);
        tombstones.Add(1, 5, 1_700_000_000_000);
        tombstones.Add(2, long.MinValue, long.MaxValue);
        yield return Take();
        ExemplarsRecordWriter exemplars = ExemplarsRecordWriter.Begin(buffer);
        exemplars.Add(3, new Exemplar(Labels.FromStrings("trace_id", "abc"), 2, 1_700_000_000_003));
        exemplars.Add(4, new Exemplar(Labels.Empty, 2, 1_700_000_000_004));
        yield return Take();
        MmapMarkersRecordWriter markers = MmapMarkersRecordWriter.Begin(buffer);
        markers.Add(1, 77);
        yield return Take();
        MetadataRecordWriter metadata = MetadataRecordWriter.Begin(buffer);
        metadata.Add(1, MetricType.Counter, "bytes"u8, "What it counts."u8);
        metadata.Add(2, MetricType.Gauge, ""u8, ""u8);
        yield return Take();
        MinValidTimeRecord.Encode(buffer, 1_700_000_000_000);
        yield return Take();
        RecordType[] types =
        [
            RecordType.HistogramSamples, RecordType.FloatHistogramSamples, RecordType.CustomBucketsHistogramSamples,
            RecordType.CustomBucketsFloatHistogramSamples, RecordType.HistogramSamplesV2, RecordType.FloatHistogramSamplesV2,
        ];
        foreach (RecordType type in types)
        {
            HistogramsRecordWriter histograms = HistogramsRecordWriter.Begin(buffer, type);
            bool custom = type is RecordType.CustomBucketsHistogramSamples or RecordType.CustomBucketsFloatHistogramSamples;
            for (int i = 0; i < 3; i++)
            {
                histograms.Add((ulong)(10 + i), 1_700_000_000_010 + i, new FloatHistogram
                {
                    Schema = custom ? -53 : 2,
                    Count = 7,
                    Sum = 12.5,
                    ZeroThreshold = 0.25,
                    PositiveSpans = [new(0, 2), new(3, 1)],
                    PositiveBuckets = [4, 2, 1],
                    CustomValues = custom ? [0.1, 0.2, 0.5, 1, 2, 5] : [],
                }, i * 1000);
            }

            yield return Take();
        }
    }
}
