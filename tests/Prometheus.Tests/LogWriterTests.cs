using System.Text.Json;
using Microsoft.Extensions.Logging;
using Narthex.Prometheus.Logging;

namespace Narthex.Prometheus.Tests;

public sealed class LogWriterTests
{
    private const string Start = "time=2026-11-21T04:09:34.088Z level=";

    [Fact]
    public void A_line_has_upstreams_keys_in_upstreams_order()
    {
        string line = Write(LogLevel.Information, false, "Narthex.Tsdb.Head", logger => logger.LogInformation("WAL replay completed {total} {empty} {text}", 1.5, "", "a \"b\"\n"));

        Assert.Equal(Start + "INFO source=Narthex.Tsdb.Head msg=\"WAL replay completed\" component=tsdb total=1.5 empty=\"\" text=\"a \\\"b\\\"\\n\"\n", line);
    }

    [Fact]
    public void Json_has_the_same_keys()
    {
        string line = Write(LogLevel.Information, true, "Narthex.Web", logger => logger.LogError(new IOException("gone"), "It failed {what}", "<x>"));

        JsonElement json = JsonDocument.Parse(line).RootElement;
        Assert.Equal(["time", "level", "source", "msg", "component", "what", "err"], json.EnumerateObject().Select(p => p.Name));
        Assert.Equal("ERROR", json.GetProperty("level").GetString());
        Assert.Equal("gone", json.GetProperty("err").GetString());
        Assert.Contains("<x>", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_below_the_level_and_the_frameworks_chatter_are_left_out()
    {
        Assert.Equal("", Write(LogLevel.Warning, false, "Narthex.Web", logger => logger.LogInformation("quiet")));
        Assert.Equal("", Write(LogLevel.Information, false, "Microsoft.AspNetCore.Server", logger => logger.LogInformation("quiet")));
        Assert.StartsWith(Start + "WARN", Write(LogLevel.Information, false, "Microsoft.AspNetCore.Server", logger => logger.LogWarning("loud")), StringComparison.Ordinal);
        Assert.StartsWith(Start + "DEBUG", Write(LogLevel.Debug, false, "Narthex.Web", logger => logger.LogDebug("fine")), StringComparison.Ordinal);
    }

    private static string Write(LogLevel minimum, bool json, string category, Action<ILogger> log)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var writer = new LogWriter(output, minimum, json, new FixedTime());
        log(writer.CreateLogger(category));
        return output.ToString();
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 21, 4, 9, 34, 88, TimeSpan.Zero);
    }
}
