using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Wal;

public sealed class CheckpointTests
{
    [Fact]
    public void Keeps_what_is_needed_and_drops_the_rest()
    {
        var files = new MemoryWalFiles();
        using WalWriter writer = WalRoundTripTests.Open(files);
        WriteRun(writer, firstTimestamp: 0);
        writer.Log([200, 1, 2]);
        writer.CutSegment();
        WriteRun(writer, firstTimestamp: 1000);
        writer.CutSegment();
        writer.Log([201]);

        CheckpointStatistics statistics = CheckpointWriter.Write("wal", 1, reference => reference != 2, 1000, Options(files));

        Assert.Equal(new CheckpointStatistics(SeriesKept: 4, SeriesDropped: 2, SamplesKept: 4, SamplesDropped: 4, RecordsUnknown: 1), statistics);
        Assert.Equal(new WalCheckpoint("wal/checkpoint.00000001", 1), CheckpointDirectory.FindLast("wal", files));
        Assert.DoesNotContain(files.Files.Keys, name => name.Contains(".tmp"));
        Assert.Equal(
            ["series 1", "series 3", "series 1", "series 3", "sample 1@1000", "sample 2@1000", "sample 3@1000", "histogram 1@1000", "exemplar 1@1000", "tombstone 1..1500", "metadata 1 1000", "metadata 3 1000"],
            Describe(files, "wal/checkpoint.00000001").OrderBy(Rank));
    }

    [Fact]
    public void The_next_checkpoint_starts_from_the_last_one_and_replaces_it()
    {
        var files = new MemoryWalFiles();
        using WalWriter writer = WalRoundTripTests.Open(files);
        for (int run = 0; run < 4; run++)
        {
            WriteRun(writer, run * 1000);
            writer.CutSegment();
        }

        CheckpointWriter.Write("wal", 1, _ => true, 0, Options(files));
        writer.TruncateBefore(2);
        CheckpointStatistics statistics = CheckpointWriter.Write("wal", 2, _ => true, 1000, Options(files));
        CheckpointDirectory.DeleteBefore("wal", 2, files);

        Assert.Equal((9, 8, 4), (statistics.SeriesKept, statistics.SamplesKept, statistics.SamplesDropped));
        Assert.DoesNotContain(files.Files.Keys, name => name.Contains("checkpoint.00000001"));
        Assert.Equal(2, CheckpointDirectory.FindLast("wal", files)?.Index);
    }

    [Fact]
    public void A_full_disk_leaves_no_trace_of_it()
    {
        var files = new MemoryWalFiles();
        using WalWriter writer = WalRoundTripTests.Open(files);
        WriteRun(writer, 0);
        writer.CutSegment();
        string[] before = [.. files.Files.Keys];
        files.FreeBytes = 20;

        Assert.Throws<StorageException>(() => CheckpointWriter.Write("wal", 0, _ => true, 0, Options(files)));

        Assert.Equal(before, files.Files.Keys);
        Assert.Null(CheckpointDirectory.FindLast("wal", files));
    }

    [Fact]
    public void A_lost_segment_behind_the_checkpoint_is_an_error()
    {
        var files = new MemoryWalFiles();
        using WalWriter writer = WalRoundTripTests.Open(files);
        for (int run = 0; run < 4; run++)
        {
            WriteRun(writer, run * 1000);
            writer.CutSegment();
        }

        CheckpointWriter.Write("wal", 0, _ => true, 0, Options(files));
        writer.TruncateBefore(2);

        Assert.Throws<StorageException>(() => CheckpointWriter.Write("wal", 3, _ => true, 0, Options(files)));
    }

    private static WalWriterOptions Options(MemoryWalFiles files) => new() { Files = files };

    private static void WriteRun(WalWriter writer, long firstTimestamp)
    {
        var batch = new WalBatch();
        SeriesRecordWriter series = SeriesRecordWriter.Begin(batch.Buffer);
        for (ulong reference = 1; reference <= 3; reference++)
        {
            series.AddSeries(reference, Labels.FromStrings("__name__", "m", "n", $"{reference}"));
        }

        batch.EndRecord();
        MetadataRecordWriter metadata = MetadataRecordWriter.Begin(batch.Buffer);
        for (ulong reference = 1; reference <= 3; reference++)
        {
            metadata.Add(reference, new MetricMetadata(MetricType.Gauge, "", $"{firstTimestamp}"));
        }

        batch.EndRecord();
        SamplesRecord.Encode(batch.Buffer, [1, 2, 3], [firstTimestamp, firstTimestamp, firstTimestamp], [1, 2, 3]);
        batch.EndRecord();
        HistogramsRecordWriter histograms = HistogramsRecordWriter.Begin(batch.Buffer, RecordType.HistogramSamples);
        histograms.Add(1, firstTimestamp, new FloatHistogram { Count = 1, ZeroCount = 1 });
        batch.EndRecord();
        ExemplarsRecordWriter exemplars = ExemplarsRecordWriter.Begin(batch.Buffer);
        exemplars.Add(1, new Exemplar(Labels.FromStrings("trace_id", "t"), 1, firstTimestamp));
        batch.EndRecord();
        TombstonesRecordWriter.Begin(batch.Buffer).Add(1, 0, firstTimestamp + 500);
        batch.EndRecord();
        writer.Log(batch);
    }

    private static int Rank(string line) =>
        Array.IndexOf(["series", "sample", "histogram", "exemplar", "tombstone", "metadata"], line[..line.IndexOf(' ')]);

    private static List<string> Describe(MemoryWalFiles files, string directory)
    {
        var lines = new List<string>();
        var samples = new SampleColumns();
        using WalReader reader = WalReader.Open(directory, files);
        while (reader.MoveNext())
        {
            switch (reader.RecordType)
            {
                case RecordType.Series:
                    var series = new SeriesRecordReader(reader.Record);
                    while (series.MoveNext())
                    {
                        lines.Add($"series {series.Labels.ToLabels()["n"]}");
                    }

                    break;
                case RecordType.Samples:
                    samples.Clear();
                    Assert.True(SamplesRecord.TryDecode(reader.Record, samples));
                    for (int i = 0; i < samples.Count; i++)
                    {
                        lines.Add($"sample {samples.Refs[i]}@{samples.Timestamps[i]}");
                    }

                    break;
                case RecordType.HistogramSamples:
                    var histograms = new HistogramsRecordReader(reader.Record);
                    while (histograms.MoveNext())
                    {
                        lines.Add($"histogram {histograms.Ref}@{histograms.TimestampMs}");
                    }

                    break;
                case RecordType.Exemplars:
                    var exemplars = new ExemplarsRecordReader(reader.Record);
                    while (exemplars.MoveNext())
                    {
                        lines.Add($"exemplar {exemplars.Ref}@{exemplars.TimestampMs}");
                    }

                    break;
                case RecordType.Tombstones:
                    var tombstones = new TombstonesRecordReader(reader.Record);
                    while (tombstones.MoveNext())
                    {
                        lines.Add($"tombstone {tombstones.Ref}..{tombstones.MaxTimestampMs}");
                    }

                    break;
                case RecordType.Metadata:
                    var metadata = new MetadataRecordReader(reader.Record);
                    while (metadata.MoveNext())
                    {
                        lines.Add($"metadata {metadata.Ref} {metadata.ToMetadata().Help}");
                    }

                    break;
                default:
                    lines.Add($"unexpected {reader.RecordType}");
                    break;
            }
        }

        return lines;
    }
}
