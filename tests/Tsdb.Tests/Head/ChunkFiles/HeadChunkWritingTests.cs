using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Database;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

public sealed class HeadChunkWritingTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-head-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Views_see_the_same_while_chunks_move_and_files_go(int seed)
    {
        var random = new Random(seed);
        var head = new HeadStorage(new HeadOptions { ChunkRangeMs = 600_000 });
        using var files = new HeadChunkFiles(_directory);
        head.AttachChunkFiles(files);
        using IAppender appender = head.OpenAppender();
        var views = new List<(IQuerier View, SortedDictionary<string, List<(long, ulong)>> Seen)>();
        for (int commit = 0; commit < 900; commit++)
        {
            for (int i = 0; i < 30; i++)
            {
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", $"{i}")), StartMs + (commit * 5000), random.NextDouble());
            }

            appender.Commit();
            if (random.Next(12) == 0)
            {
                head.WriteClosedChunks();
                Assert.Equal(0, head.ClosedChunks.InMemoryCount);
            }

            if (random.Next(25) == 0)
            {
                IQuerier view = head.OpenQuerier(TimeRange.All);
                views.Add((view, HeadReading.ReadAll(view)));
            }

            if (views.Count > 0 && random.Next(20) == 0)
            {
                int which = random.Next(views.Count);
                HeadReading.AssertSame(views[which].Seen, HeadReading.ReadAll(views[which].View), $"seed {seed} commit {commit}");
                views[which].View.Dispose();
                views.RemoveAt(which);
            }

            if (commit % 150 == 149)
            {
                head.Truncate(StartMs + ((commit - 100) * 5000));
            }
        }

        Assert.True(files.ChunksWritten > 100, $"only {files.ChunksWritten} chunks were written");
        foreach ((IQuerier view, SortedDictionary<string, List<(long, ulong)>> seen) in views)
        {
            HeadReading.AssertSame(seen, HeadReading.ReadAll(view), $"seed {seed}");
            view.Dispose();
        }

        head.Truncate(StartMs + (899 * 5000));
        while (!head.Reclaim())
        {
        }

        // All but the file being written.
        Assert.True(Directory.GetFiles(_directory).Length <= 1, $"seed {seed}");
        head.WriteClosedChunks();
        Assert.True(head.ReservedChunkBytes <= 16 * 256 * 1024, $"seed {seed}: {head.ReservedChunkBytes} bytes");
    }

    [Fact]
    public void A_full_disk_keeps_chunks_in_memory_until_there_is_room()
    {
        var disk = new FullDiskFiles();
        var head = new HeadStorage();
        using (var files = new HeadChunkFiles(_directory, disk))
        {
            head.AttachChunkFiles(files);
            Fill(head, 0, 400);
            head.WriteClosedChunks();
            long written = files.ChunksWritten;
            Assert.True(written > 0);
            disk.IsFull = true;
            Fill(head, 400, 900);
            SortedDictionary<string, List<(long, ulong)>> before = HeadReading.ReadAll(head);
            long waiting = head.ClosedChunks.InMemoryCount;
            Assert.True(waiting > 0);
            for (int attempt = 0; attempt < 2; attempt++)
            {
                Assert.Equal("write head chunks: No space left on device", Assert.Throws<StorageException>(head.WriteClosedChunks).Message);
                Assert.Equal((waiting, written), (head.ClosedChunks.InMemoryCount, files.ChunksWritten));
                HeadReading.AssertSame(before, HeadReading.ReadAll(head), "full");
            }

            disk.IsFull = false;
            head.WriteClosedChunks();
            Assert.Equal((0, written + waiting), (head.ClosedChunks.InMemoryCount, files.ChunksWritten));
            HeadReading.AssertSame(before, HeadReading.ReadAll(head), "room again");
        }

        using var reopened = new HeadChunkFiles(_directory);
        int count = 0;
        Assert.Null(reopened.Load(_ => count++ < 0 ? "" : null));
        Assert.Equal(head.ChunkCount - head.SeriesCount, count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_a_kill_the_head_is_the_same_whatever_happened_to_the_files(int seed)
    {
        var random = new Random(seed);
        string data = Path.Combine(_directory, "data");
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data);
        for (int part = 0; part < 4; part++)
        {
            Fill(database.Head, part * 300, (part + 1) * 300);
            if (random.Next(3) > 0)
            {
                database.Head.WriteClosedChunks();
            }

            string copy = Path.Combine(_directory, $"copy{part}");
            CopyDirectory(data, copy);
            string[] files = Directory.Exists(Path.Combine(copy, "chunks_head")) ? Directory.GetFiles(Path.Combine(copy, "chunks_head")) : [];
            if (files.Length > 0 && random.Next(3) > 0)
            {
                Damage(files[random.Next(files.Length)], random);
            }

            for (int start = 0; start < 2; start++)
            {
                await using TsdbDatabase reopened = await TsdbDatabaseTests.OpenAsync(copy);
                HeadReading.AssertSame(HeadReading.ReadAll(database), HeadReading.ReadAll(reopened), $"seed {seed} part {part} start {start}");
                Assert.Equal((database.MinTimeMs, database.MaxTimeMs, database.Head.ChunkCount), (reopened.MinTimeMs, reopened.MaxTimeMs, reopened.Head.ChunkCount));
            }
        }
    }

    [Fact]
    public async Task Samples_in_chunk_files_are_not_made_again_from_the_log()
    {
        string data = Path.Combine(_directory, "data");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data))
        {
            Fill(database.Head, 0, 400);
        }

        await using TsdbDatabase reopened = await TsdbDatabaseTests.OpenAsync(data);
        Assert.True(reopened.Head.ClosedChunks.Count > 0);
        Assert.Equal(0, reopened.Head.ClosedChunks.InMemoryCount);
    }

    [Fact]
    public async Task Numbers_in_chunk_files_are_not_given_to_other_series()
    {
        // The log is lost, and the files stay: their series must not come back under new names.
        string data = Path.Combine(_directory, "data");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data))
        {
            Fill(database.Head, 0, 400);
        }

        Directory.Delete(Path.Combine(data, "wal"), recursive: true);
        for (int start = 0; start < 2; start++)
        {
            await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data);
            if (start == 0)
            {
                Assert.Empty(HeadReading.ReadAll(database));
                using IAppender appender = database.OpenAppender();
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "new")), StartMs, 1);
                appender.Commit();
            }

            KeyValuePair<string, List<(long Ms, ulong)>> only = Assert.Single(HeadReading.ReadAll(database));
            Assert.Equal(StartMs, Assert.Single(only.Value).Ms);
        }
    }

    internal static void Fill(HeadStorage head, int from, int to)
    {
        var random = new Random(from);
        using IAppender appender = head.OpenAppender();
        for (int commit = from; commit < to; commit++)
        {
            for (int i = 0; i < 20; i++)
            {
                double value = i % 4 == 0 ? random.NextDouble() : i % 4 == 1 ? commit * 7 : random.Next(5);
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", $"{i}")), StartMs + (commit * 5000) + (i % 3), value);
            }

            appender.Commit();
        }
    }

    internal static void CopyDirectory(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(file) != "lock")
            {
                using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using FileStream copy = File.Create(target);
                byte[] buffer = new byte[64 * 1024];
                for (int read = source.Read(buffer); read > 0 && buffer.AsSpan(0, read).ContainsAnyExcept((byte)0); read = source.Read(buffer))
                {
                    copy.Write(buffer.AsSpan(0, read));
                }
            }
        }
    }

    private static void Damage(string path, Random random)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        if (random.Next(2) == 0)
        {
            file.SetLength(random.NextInt64(file.Length));
            return;
        }

        file.Position = random.NextInt64(file.Length);
        int old = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(old ^ (1 << random.Next(8))));
    }
}
