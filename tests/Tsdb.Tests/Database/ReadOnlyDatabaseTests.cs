using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Tests.Blocks;
using Narthex.Tsdb.Tests.Peers;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb.Tests.Database;

public sealed class ReadOnlyDatabaseTests
{
    [Fact]
    public async Task A_directory_that_a_server_has_open_is_read_and_nothing_in_it_changes()
    {
        using var directory = new PeerDirectory();
        await using TsdbDatabase database = await MakeAsync(directory.Path);
        List<string> expected = Dump.All(database);
        Assert.NotEmpty(database.Blocks);
        Dictionary<string, string> before = Files(directory.Path);

        using (ReadOnlyDatabase reader = ReadOnlyDatabase.Open(directory.Path, NullLogger.Instance, TimeProvider.System))
        {
            Assert.Equal(expected.Order(StringComparer.Ordinal), Dump.All(reader).Order(StringComparer.Ordinal));
            Assert.Equal((database.MinTimeMs, database.MaxTimeMs), (reader.MinTimeMs, reader.MaxTimeMs));
            Assert.Empty(reader.Broken);
        }

        Assert.Equal(before, Files(directory.Path));
    }

    [Fact]
    public async Task A_broken_block_is_named_and_the_others_are_read()
    {
        using var directory = new PeerDirectory();
        string name;
        await using (TsdbDatabase database = await MakeAsync(directory.Path))
        {
            name = database.Blocks[0].Ulid.ToString();
        }

        File.WriteAllBytes(Path.Combine(directory.Path, name, "index"), [1, 2, 3]);
        using ReadOnlyDatabase reader = ReadOnlyDatabase.Open(directory.Path, NullLogger.Instance, TimeProvider.System);

        Assert.Equal(name, Assert.Single(reader.Broken).Key);
        Assert.DoesNotContain(reader.Blocks, block => block.Meta.Ulid.ToString() == name);
        Assert.NotEmpty(Dump.All(reader));
    }

    [Fact]
    public async Task A_damaged_log_is_an_error_and_stays_as_it_is()
    {
        using var directory = new PeerDirectory();
        await using (await MakeAsync(directory.Path))
        {
        }

        string segment = Directory.GetFiles(directory.Combine("wal")).Order().First(path => new FileInfo(path).Length > 0);
        byte[] bytes = File.ReadAllBytes(segment);
        bytes[20] ^= 0x40;
        File.WriteAllBytes(segment, bytes);
        File.WriteAllBytes(directory.Combine("wal/99999998"), bytes);
        File.Move(directory.Combine("wal/99999998"), Path.Combine(directory.Path, "wal", Next(segment)), overwrite: true);
        Dictionary<string, string> before = Files(directory.Path);

        WalCorruptionException error =
            Assert.Throws<WalCorruptionException>(() => ReadOnlyDatabase.Open(directory.Path, NullLogger.Instance, TimeProvider.System));

        Assert.Contains(Path.GetFileName(segment), error.Message);
        Assert.Equal(before, Files(directory.Path));
        using ReadOnlyDatabase blocksOnly = ReadOnlyDatabase.Open(directory.Path, NullLogger.Instance, TimeProvider.System, withLog: false);
        Assert.NotEmpty(Dump.All(blocksOnly));
        Assert.Throws<StorageException>(() => ReadOnlyDatabase.Open(directory.Combine("none"), NullLogger.Instance, TimeProvider.System));
        Assert.False(Directory.Exists(directory.Combine("none")));
    }

    private static string Next(string segment) => $"{int.Parse(Path.GetFileName(segment), System.Globalization.CultureInfo.InvariantCulture) + 1:D8}";

    // Seven hours, so that some of it is in blocks.
    private static async Task<TsdbDatabase> MakeAsync(string path)
    {
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(path);
        using (IAppender appender = database.OpenAppender())
        {
            for (int i = 0; i < 7 * 60; i++)
            {
                for (int s = 0; s < 5; s++)
                {
                    appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "read", "s", $"{s}")), 1_700_000_000_000 + (i * 60_000), i * s);
                }

                Assert.Equal(5, appender.Commit().Appended);
            }
        }

        Assert.True(database.Maintain());
        return database;
    }

    private static Dictionary<string, string> Files(string directory) => Directory.GetFiles(directory, "*", SearchOption.AllDirectories)
        .Where(path => Path.GetFileName(path) != "lock") // Locked against reading, and nobody else's business.
        .ToDictionary(path => path, path => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Read(path))) + File.GetLastWriteTimeUtc(path).Ticks);

    private static byte[] Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
