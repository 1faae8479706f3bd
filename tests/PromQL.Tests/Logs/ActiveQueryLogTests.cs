using System.Text;
using System.Text.Json;

namespace Narthex.PromQL.Tests.Logs;

public sealed class ActiveQueryLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-active-").FullName;

    private string FilePath => Path.Combine(_directory, ActiveQueryLog.FileName);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_file_has_upstreams_layout()
    {
        using ActiveQueryLog log = Open(3);
        Assert.Equal(3001, new FileInfo(FilePath).Length);
        Assert.Equal("[", ReadText());
        int first = log.Add("up");
        int second = log.Add("sum(x)");

        byte[] bytes = ReadBytes();
        Assert.StartsWith("""[{"query":"up","timestamp_sec":1700000000}""", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal((byte)',', bytes[1000]);
        Assert.Equal((byte)'{', bytes[1001]);
        Assert.Equal((byte)',', bytes[2000]);
        log.Remove(first);
        Assert.Equal("""[{"query":"sum(x)","timestamp_sec":1700000000},""", ReadText());
        log.Remove(second);
        Assert.Equal("[", ReadText());
    }

    [Fact]
    public void What_a_crash_left_is_told_at_the_next_start_and_then_gone()
    {
        ActiveQueryLog crashed = Open(3);
        crashed.Add("up");
        crashed.Add("""count({job="a\\b"})""");
        using (ActiveQueryLog next = Open(3))
        {
            using JsonDocument unfinished = JsonDocument.Parse(next.Unfinished);
            Assert.Equal(
                ["up", """count({job="a\\b"})"""],
                unfinished.RootElement.EnumerateArray().Select(entry => entry.GetProperty("query").GetString()));
        }

        crashed.Dispose();
        using ActiveQueryLog third = Open(3);
        Assert.Equal("", third.Unfinished);
    }

    // Written by the real server 3.5 while a query ran.
    [Fact]
    public void What_upstream_left_is_understood()
    {
        byte[] left = new byte[2001];
        Encoding.UTF8.GetBytes("""[{"query":"count(rate({__name__=~\".+\"}[5m])) \u003c 1","timestamp_sec":1795245558}""").CopyTo(left, 0);
        left[1000] = (byte)',';
        File.WriteAllBytes(FilePath, left);
        using ActiveQueryLog log = Open(2);
        using JsonDocument unfinished = JsonDocument.Parse(log.Unfinished);
        Assert.Equal("count(rate({__name__=~\".+\"}[5m])) < 1", Assert.Single(unfinished.RootElement.EnumerateArray()).GetProperty("query").GetString());
    }

    [Theory]
    [InlineData("x", 5000)]
    [InlineData("ü", 3000)]
    [InlineData("\"", 3000)]
    [InlineData("\u0001", 3000)]
    [InlineData("😀", 3000)]
    public void A_long_query_is_cut_between_characters(string character, int times)
    {
        string query = string.Concat(Enumerable.Repeat(character, times));
        using ActiveQueryLog log = Open(2);
        log.Add(query);
        int second = log.Add("up");
        Assert.Equal(1, second);
        byte[] bytes = ReadBytes();
        using JsonDocument all = JsonDocument.Parse(Encoding.UTF8.GetString(Array.FindAll(bytes, b => b != 0)).TrimEnd(',') + "]");
        string kept = all.RootElement[0].GetProperty("query").GetString()!;
        Assert.StartsWith(kept, query, StringComparison.Ordinal);
        Assert.True(kept.Length > 100);
        Assert.Equal("up", all.RootElement[1].GetProperty("query").GetString());
    }

    [Fact]
    public void Without_a_free_place_a_query_is_simply_not_noted()
    {
        using ActiveQueryLog log = Open(1);
        Assert.Equal(0, log.Add("a"));
        Assert.Equal(-1, log.Add("b"));
        log.Remove(-1);
        log.Remove(0);
        Assert.Equal(0, log.Add("c"));
    }

    private ActiveQueryLog Open(int places) => ActiveQueryLog.Open(_directory, places, new FixedTime());

    private byte[] ReadBytes()
    {
        using var stream = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private string ReadText() => Encoding.UTF8.GetString(Array.FindAll(ReadBytes(), b => b != 0));

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    }
}
