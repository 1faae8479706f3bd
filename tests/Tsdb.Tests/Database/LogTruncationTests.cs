using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Wal;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Tests.Database;

public sealed class LogTruncationTests
{
    private const long StartMs = 1_700_000_000_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_killed_when_the_log_replays_to_the_head(int seed)
    {
        var random = new Random(seed);
        var files = new MemoryWalFiles();
        var counters = new LifecycleMetrics(new Instrumentation.MetricRegistry());
        long now = StartMs;
        int kills = 0;
        var model = new Dictionary<string, List<(long Ms, ulong Bits)>>();
        for (int run = 0; run < 4; run++)
        {
            // Each run begins from what the one before left in the log; numbers in it are no longer those of the head.
            HeadStorage head = Replay(files, long.MinValue);
            HeadReading.AssertSame(Since(model, head.MinTimeMs), HeadReading.ReadAll(head), $"seed {seed} run {run}");
            var stepFiles = new KillingWalFiles(files);
            var options = new WalWriterOptions { Files = stepFiles, SegmentBytes = 32 * 1024 };
            using WalWriter wal = WalWriter.Open("wal", options);
            head.AttachLog(wal);
            var truncation = new LogTruncation(head, wal, options, counters, NullLogger.Instance, TimeProvider.System);
            for (int round = 0; round < 6; round++)
            {
                using IAppender appender = head.OpenAppender();
                for (int commit = 0; commit < 40; commit++)
                {
                    now += 20_000;
                    for (int i = 0; i < 25; i++)
                    {
                        // Some stay, most come and go, and some come back.
                        int number = random.Next(3) == 0 ? random.Next(10) : (run * 60) + (round * 10) + random.Next(20);
                        double value = random.NextDouble();
                        appender.Append(appender.GetOrAddSeries(HeadTruncationTests.LabelsOf(number)), now + i, value);
                        Add(model, number, now + i, value);
                    }

                    Assert.Equal(25, appender.Commit().Appended);
                }

                long minMs = now - 1_200_000;
                head.Truncate(minMs);
                Assert.True(head.Reclaim());

                // The files as they are before each step of the truncation: a kill leaves them so.
                stepFiles.BeforeStep = () =>
                {
                    kills++;
                    HeadReading.AssertSame(Since(model, minMs), HeadReading.ReadAll(Replay(Copy(files), minMs)), $"seed {seed} run {run} round {round} step {kills}");
                };
                truncation.Run(minMs);
                stepFiles.BeforeStep = null;
                HeadReading.AssertSame(HeadReading.ReadAll(head), HeadReading.ReadAll(Replay(Copy(files), minMs)), $"seed {seed} run {run} round {round}");
            }
        }

        Assert.True(kills > 50, $"{kills} steps");
        Assert.True(counters.CheckpointCreations.Value > 6, $"{counters.CheckpointCreations.Value} checkpoints");
        Assert.Equal((0.0, 0.0), (counters.CheckpointCreationsFailed.Value, counters.CheckpointDeletionsFailed.Value));
        Assert.Single(files.Files.Keys.Where(name => name.Contains("checkpoint.")).Select(name => name.Split('/')[1]).Distinct());
        Assert.DoesNotContain("wal/00000000", files.Files.Keys);
    }

    [Fact]
    public void A_full_disk_keeps_the_log_as_it_is_until_the_next_time()
    {
        var files = new MemoryWalFiles();
        var counters = new LifecycleMetrics(new Instrumentation.MetricRegistry());
        var head = new HeadStorage();
        var options = new WalWriterOptions { Files = files, SegmentBytes = 32 * 1024 };
        using WalWriter wal = WalWriter.Open("wal", options);
        head.AttachLog(wal);
        HeadTruncationTests.Fill(head, 0, 200, StartMs, 60);
        var truncation = new LogTruncation(head, wal, options, counters, NullLogger.Instance, TimeProvider.System);
        head.Truncate(StartMs + 300_000);
        var expected = HeadReading.ReadAll(head);
        int before = files.Files.Count;
        files.FreeBytes = 36_000;

        truncation.Run(StartMs + 300_000);

        Assert.Equal((1.0, 1.0), (counters.CheckpointCreations.Value, counters.CheckpointCreationsFailed.Value));
        Assert.InRange(files.Files.Count, before, before + 1);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(Replay(Copy(files), StartMs + 300_000)), "full");
        files.FreeBytes = long.MaxValue;
        truncation.Run(StartMs + 300_000);
        Assert.Equal((2.0, 1.0), (counters.CheckpointCreations.Value, counters.CheckpointCreationsFailed.Value));
        Assert.True(files.Files.Count < before);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(Replay(Copy(files), StartMs + 300_000)), "after");
    }

    private static void Add(Dictionary<string, List<(long Ms, ulong Bits)>> model, int number, long timestampMs, double value)
    {
        string name = HeadTruncationTests.LabelsOf(number).ToString();
        (model.TryGetValue(name, out List<(long, ulong)>? samples) ? samples : model[name] = []).Add((timestampMs, BitConverter.DoubleToUInt64Bits(value)));
    }

    private static Dictionary<string, List<(long Ms, ulong Bits)>> Since(Dictionary<string, List<(long Ms, ulong Bits)>> model, long minMs) =>
        model.ToDictionary(pair => pair.Key, pair => pair.Value.Where(sample => sample.Ms >= minMs).ToList());

    private static HeadStorage Replay(MemoryWalFiles files, long minValidMs)
    {
        var head = new HeadStorage();
        head.SetMinValidTime(minValidMs);
        var replay = new WalReplay(head, "wal", files, NullLogger.Instance, TimeProvider.System);
        replay.Run(CancellationToken.None);
        Assert.False(replay.Repaired);
        return head;
    }

    private static MemoryWalFiles Copy(MemoryWalFiles files)
    {
        var copy = new MemoryWalFiles();
        lock (files.Files)
        {
            foreach ((string name, byte[] bytes) in files.Files)
            {
                copy.Files.Add(name, [.. bytes]);
            }
        }

        return copy;
    }

    /// <summary>Calls back before everything that changes what is on the disk.</summary>
    private sealed class KillingWalFiles(MemoryWalFiles files) : IWalFileSystem
    {
        public Action? BeforeStep { get; set; }

        public void CreateDirectory(string path) => files.CreateDirectory(path);

        public IReadOnlyList<string> ListNames(string path) => files.ListNames(path);

        public IWalFile OpenRead(string path) => files.OpenRead(path);

        public IWalFile OpenWrite(string path)
        {
            BeforeStep?.Invoke();
            return files.OpenWrite(path);
        }

        public long GetLength(string path) => files.GetLength(path);

        public void DeleteFile(string path)
        {
            BeforeStep?.Invoke();
            files.DeleteFile(path);
        }

        public void DeleteDirectory(string path)
        {
            BeforeStep?.Invoke();
            files.DeleteDirectory(path);
        }

        public void RenameDirectory(string from, string to)
        {
            BeforeStep?.Invoke();
            files.RenameDirectory(from, to);
        }

        public void SyncDirectory(string path)
        {
            BeforeStep?.Invoke();
            files.SyncDirectory(path);
        }
    }
}
