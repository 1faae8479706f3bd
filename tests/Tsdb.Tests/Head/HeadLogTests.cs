using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Tests.Wal;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Tests.Head;

public sealed class HeadLogTests
{
    private const long StartMs = 1_700_000_000_000;
    private static readonly Labels First = Labels.FromStrings("__name__", "first");
    private static readonly Labels Second = Labels.FromStrings("__name__", "second");

    [Fact]
    public void A_full_disk_refuses_the_commit_whole_and_the_next_one_logs_what_was_missing()
    {
        var files = new MemoryWalFiles();
        var head = new HeadStorage();
        using (WalWriter wal = WalWriter.Open("wal", new WalWriterOptions { Files = files }))
        {
            head.AttachLog(wal);
            using IAppender appender = head.OpenAppender();
            Append(appender, First, 1);
            appender.Commit();

            files.FreeBytes = 20;
            Append(appender, First, 2);
            Append(appender, Second, 2);
            Assert.Throws<StorageException>(() => appender.Commit());
            Assert.Single(HeadReading.ReadAll(head).Single().Value);
            Assert.Equal(new CommitResult(0, 0, 0), appender.Commit());

            files.FreeBytes = long.MaxValue;
            Append(appender, Second, 3);
            Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());
        }

        Assert.Equal(["series {__name__=\"first\"}", "first 1", "series {__name__=\"second\"}", "second 3"], ReadLog(files));
        head.Close();
        using IAppender late = head.OpenAppender();
        Append(late, First, 9);
        Assert.Throws<StorageException>(() => late.Commit());
    }

    [Fact]
    public void Only_what_is_stored_is_logged_and_series_come_before_their_samples()
    {
        var files = new MemoryWalFiles();
        var head = new HeadStorage();
        using (WalWriter wal = WalWriter.Open("wal", new WalWriterOptions { Files = files }))
        {
            head.AttachLog(wal);
            using IAppender creator = head.OpenAppender();
            SeriesRef second = creator.GetOrAddSeries(Second);
            using IAppender other = head.OpenAppender();
            Append(other, First, 5);
            Append(other, First, 4); // Out of order.
            Append(other, First, 5); // The same again.
            Assert.Equal(new CommitResult(1, 1, 0), other.Commit());
            creator.Append(second, StartMs + 6, 6);
            Assert.Equal(new CommitResult(1, 0, 0), creator.Commit());
        }

        Assert.Equal(["series {__name__=\"second\"}", "series {__name__=\"first\"}", "first 5", "second 6"], ReadLog(files));
    }

    private static void Append(IAppender appender, Labels labels, int value) => appender.Append(appender.GetOrAddSeries(labels), StartMs + value, value);

    private static List<string> ReadLog(MemoryWalFiles files)
    {
        var lines = new List<string>();
        var names = new Dictionary<ulong, string>();
        var samples = new SampleColumns();
        using WalReader reader = WalReader.Open("wal", files);
        while (reader.MoveNext())
        {
            if (reader.RecordType == RecordType.Series)
            {
                var series = new SeriesRecordReader(reader.Record);
                while (series.MoveNext())
                {
                    names.Add(series.Ref, series.Labels.ToLabels().MetricName);
                    lines.Add("series " + series.Labels.ToLabels());
                }
            }
            else
            {
                samples.Clear();
                Assert.True(SamplesRecord.TryDecode(reader.Record, samples));
                for (int i = 0; i < samples.Count; i++)
                {
                    Assert.Equal(StartMs + samples.Values[i], samples.Timestamps[i]);
                    lines.Add($"{names[samples.Refs[i]]} {samples.Values[i]}");
                }
            }
        }

        return lines;
    }
}
