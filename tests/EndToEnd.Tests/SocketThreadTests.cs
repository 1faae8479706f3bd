using System.Globalization;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>How many threads wait for sockets: the platform decides it once for a process.</summary>
public sealed class SocketThreadTests
{
    private const string Inline = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string Count = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    [Fact]
    public async Task There_is_one_for_each_processor() => Assert.Equal(Environment.ProcessorCount, await CountAsync(new Dictionary<string, string>()));

    [Fact]
    public async Task Who_has_said_how_many_gets_them() => Assert.Equal(3, await CountAsync(new Dictionary<string, string> { [Count] = "3" }));

    [Fact]
    public async Task Who_does_not_want_answers_on_them_gets_what_the_platform_makes()
    {
        // One for eight processors, or for thirty.
        int count = await CountAsync(new Dictionary<string, string> { [Inline] = "0" });
        Assert.InRange(count, 1, Math.Max(1, Environment.ProcessorCount / 6));
    }

    private static async Task<int> CountAsync(IReadOnlyDictionary<string, string> environment)
    {
        Assert.True(OperatingSystem.IsLinux(), "Threads are counted where Linux has them.");
        using var directory = new TemporaryDirectory();
        int port = ServerProcess.FreePort();
        using ServerProcess server = ServerProcess.Start(
            ServerProcess.NarthexPath,
            port,
            [
                "--config.file=" + directory.Write("c.yml", "global:\n  scrape_interval: 15s\n"),
                "--storage.tsdb.path=" + directory.Combine("data"),
                "--web.listen-address=127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture),
            ],
            environment);
        await server.WaitUntilAsync("-/ready");
        return Directory.GetDirectories($"/proc/{server.ProcessId}/task").Count(task => File.ReadAllText(task + "/comm").StartsWith(".NET Sockets", StringComparison.Ordinal));
    }
}
