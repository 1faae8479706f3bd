using System.Globalization;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Our directory under upstream's eyes. (The other way round, with a running Prometheus, is the interop tests' business.)</summary>
public sealed class PeerDirectoryTests
{
    private const long StartMs = 1_700_000_000_000;

    [PeerFact]
    public async Task Promtool_dumps_what_we_committed()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        var expected = new List<string>();
        for (int run = 0; run < 2; run++)
        {
            await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data);
            using IAppender appender = database.OpenAppender();
            var random = new Random(run);
            for (int scrape = 0; scrape < 150; scrape++)
            {
                long timestamp = StartMs + (((run * 150) + scrape) * 15_000);
                for (int i = 0; i < 40; i++)
                {
                    Labels labels = Labels.FromStrings("__name__", "dumped", "i", $"{(run * 20) + i}", "text", "a\"ä\n");
                    double value = random.Next(4) == 0 ? random.NextDouble() : random.Next(100);
                    appender.Append(appender.GetOrAddSeries(labels), timestamp, value);
                    expected.Add(labels + " " + FloatFormat.FormatGeneral(value) + " " + timestamp.ToString(CultureInfo.InvariantCulture));
                }

                Assert.Equal(40, appender.Commit().Appended);
            }
        }

        string dump = PeerDirectory.Promtool("tsdb", "dump", data);

        Assert.Equal(expected.Order(StringComparer.Ordinal), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        await using TsdbDatabase after = await TsdbDatabaseTests.OpenAsync(data);
        Assert.Equal(expected.Count, HeadReading.ReadAll(after).Sum(pair => pair.Value.Count));
    }
}
