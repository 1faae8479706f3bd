using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Tests.Head;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Deleting, cleaning and snapshots beside commits, compactions and queries.</summary>
public sealed class ConcurrentAdministrationTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private const int Minutes = 150;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-concurrent-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_is_not_deleted_is_always_whole_and_what_is_deleted_does_not_come_back()
    {
        var options = new TsdbOptions
        {
            MinBlockDuration = TimeSpan.FromMinutes(10),
            MaxBlockDuration = TimeSpan.FromMinutes(90),
            BlockReloadInterval = TimeSpan.FromDays(1),
            Retention = new RetentionLimits(TimeSpan.Zero),
        };
        string data = Path.Combine(_root, "data");
        await using TsdbDatabase database = await TsdbDatabase.OpenAsync(data, options, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
        int committed = -1;
        long deletedToMs = long.MinValue;
        using var done = new CancellationTokenSource();

        Task committer = Run(() =>
        {
            using IAppender appender = database.OpenAppender();
            for (int minute = 0; minute < Minutes; minute++)
            {
                for (int i = 0; i < 20; i++)
                {
                    appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", i < 10 ? "kept" : "deleted", "i", $"{i}")), StartMs + (minute * MinuteMs), minute);
                }

                Assert.Equal(20, appender.Commit().Appended);
                Volatile.Write(ref committed, minute);
            }
        });
        Task[] others =
        [
            Run(() =>
            {
                while (!done.IsCancellationRequested)
                {
                    int before = Volatile.Read(ref committed);
                    database.DeleteSeries([new(MatchType.Equal, "__name__", "deleted")], TimeRange.All, CancellationToken.None);
                    Volatile.Write(ref deletedToMs, StartMs + (before * MinuteMs));
                }
            }),
            Run(() =>
            {
                while (!done.IsCancellationRequested)
                {
                    Assert.True(database.Maintain());
                    database.CleanTombstones(CancellationToken.None);
                }
            }),
            Run(() =>
            {
                while (!done.IsCancellationRequested)
                {
                    int before = Volatile.Read(ref committed);
                    string path = Path.Combine(data, "snapshots", database.TakeSnapshot(withHead: true, CancellationToken.None));
                    using BlockSet snapshot = BlockSet.Open(path, new BlockSetOptions { RetentionTime = TimeSpan.Zero }, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
                    CheckKept(HeadReading.ReadAll(snapshot), before, "snapshot");
                }
            }),
            Run(() =>
            {
                while (!done.IsCancellationRequested)
                {
                    int before = Volatile.Read(ref committed);
                    long deleted = Volatile.Read(ref deletedToMs);
                    SortedDictionary<string, List<(long Ms, ulong Bits)>> all = HeadReading.ReadAll(database);
                    CheckKept(all, before, "query");
                    foreach ((string name, List<(long Ms, ulong Bits)> samples) in all)
                    {
                        Assert.True(
                            name.Contains("kept", StringComparison.Ordinal) || samples[0].Ms > deleted,
                            $"{name} has a sample of minute {(samples[0].Ms - StartMs) / MinuteMs}, deleted to {(deleted - StartMs) / MinuteMs}");
                    }
                }
            }),
        ];
        await Task.WhenAny([committer, .. others]);
        await done.CancelAsync();
        await Task.WhenAll([committer, .. others]);
        database.DeleteSeries([new(MatchType.Equal, "__name__", "deleted")], TimeRange.All, CancellationToken.None);
        Assert.Equal(10, HeadReading.ReadAll(database).Count);
        CheckKept(HeadReading.ReadAll(database), Minutes - 1, "at the end");
    }

    private static Task Run(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void CheckKept(SortedDictionary<string, List<(long Ms, ulong Bits)>> all, int minutes, string context)
    {
        for (int i = 0; i < 10 && minutes >= 0; i++)
        {
            string name = $"{{__name__=\"kept\", i=\"{i}\"}}";
            Assert.True(all.TryGetValue(name, out List<(long Ms, ulong Bits)>? samples), $"{context}: {name} is missing");
            for (int minute = 0; minute <= minutes; minute++)
            {
                Assert.True(
                    minute < samples.Count && samples[minute] == (StartMs + (minute * MinuteMs), BitConverter.DoubleToUInt64Bits(minute)),
                    $"{context}: {name} has another sample at minute {minute} of {minutes}");
            }
        }
    }
}
