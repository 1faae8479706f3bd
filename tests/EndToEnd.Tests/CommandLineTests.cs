using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>The executable as an operator meets it: flags, wrong files, reload, signals. Where the real one is there, both are asked.</summary>
public sealed class CommandLineTests
{
    private const string GoodConfig = "global:\n  scrape_interval: 15s\n";

    [Fact]
    public void An_unknown_flag_is_refused()
    {
        using ServerProcess server = ServerProcess.Start(ServerProcess.NarthexPath, 0, ["--no-such-flag=1"]);
        Assert.NotEqual(0, server.WaitForExit());
        Assert.Contains("no-such-flag", server.Log, StringComparison.Ordinal);
    }

    [PeerFact]
    public void Exit_codes_for_bad_starts_are_those_of_the_real_one()
    {
        using var directory = new TemporaryDirectory();
        string bad = directory.Write("bad.yml", "global:\n  scrape_intervall: 15s\n");
        string[][] starts =
        [
            ["--no-such-flag"],
            ["--config.file=" + directory.Combine("missing.yml"), "--storage.tsdb.path=" + directory.Combine("d1")],
            ["--config.file=" + bad, "--storage.tsdb.path=" + directory.Combine("d2")],
            ["--version"],
            ["--help"],
            ["--storage.tsdb.retention.time=banana"],
            ["--log.level=loud"],
            ["--web.cors.origin=a(b"],
        ];
        foreach (string[] arguments in starts)
        {
            string[] all = [.. arguments, "--web.listen-address=127.0.0.1:" + ServerProcess.FreePort()];
            using ServerProcess real = ServerProcess.Start(RepositoryPaths.Peers + "/prometheus", 0, all);
            using ServerProcess ours = ServerProcess.Start(ServerProcess.NarthexPath, 0, all);
            int expected = real.WaitForExit();
            int actual = ours.WaitForExit();
            Assert.True(expected == actual, $"{string.Join(' ', arguments)}: the real one exits with {expected}, ours with {actual}:\n{ours.Log}\nreal:\n{real.Log}");
        }
    }

    [PeerFact]
    public void Sizes_are_read_and_refused_as_by_the_real_one()
    {
        string[] sizes = ["0", "-0", "+0", "00", "0.0", "", "1", "1mb", "1kB", "1Kib", "5X", ".", "-", "1GB2", "1 GB", "1..5GB", "9999999999GB", "x", "GB"];
        foreach (string size in sizes)
        {
            string[] arguments = ["--storage.tsdb.retention.size=" + size, "--config.file=/nowhere/missing.yml", "--web.listen-address=127.0.0.1:0"];
            using ServerProcess real = ServerProcess.Start(RepositoryPaths.Peers + "/prometheus", 0, arguments);
            using ServerProcess ours = ServerProcess.Start(ServerProcess.NarthexPath, 0, arguments);
            Assert.Equal((size, real.WaitForExit()), (size, ours.WaitForExit()));
            Assert.Equal((size, FaultOf(real)), (size, FaultOf(ours)));
        }

        static string FaultOf(ServerProcess server) =>
            server.Log.Split('\n').FirstOrDefault(line => line.StartsWith("Error parsing command line arguments", StringComparison.Ordinal)) ?? "";
    }

    [PeerFact]
    public void A_wrong_expression_for_origins_is_refused_in_the_words_of_the_real_one()
    {
        foreach (string origin in (string[])["a(b", "a)b", "[", "x**"])
        {
            using ServerProcess real = ServerProcess.Start(RepositoryPaths.Peers + "/prometheus", 0, ["--web.cors.origin=" + origin, "--web.listen-address=127.0.0.1:0"]);
            using ServerProcess ours = ServerProcess.Start(ServerProcess.NarthexPath, 0, ["--web.cors.origin=" + origin, "--web.listen-address=127.0.0.1:0"]);
            Assert.Equal(2, real.WaitForExit());
            Assert.Equal(2, ours.WaitForExit());
            Assert.Equal(real.Log, ours.Log);
        }
    }

    [Fact]
    public void A_wrong_key_in_the_configuration_is_named_with_its_line()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("bad.yml", "global:\n  scrape_intervall: 15s\n");
        using ServerProcess server = ServerProcess.Start(
            ServerProcess.NarthexPath, 0, [$"--config.file={config}", "--storage.tsdb.path=" + directory.Combine("data"), "--web.listen-address=127.0.0.1:0"]);
        Assert.NotEqual(0, server.WaitForExit());
        Assert.Contains("line 2: field scrape_intervall not found", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_takes_a_good_file_and_leaves_everything_as_it_was_for_a_bad_one()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", GoodConfig);
        using ServerProcess server = await ServerProcess.StartPrometheusAsync(
            ServerProcess.NarthexPath, config, directory.Combine("data"), "--web.enable-lifecycle");

        directory.Write("prometheus.yml", "global:\n  scrape_interval: 17s\n");
        Assert.Equal(200, (int)(await server.PostAsync("-/reload", null)).Status);
        Assert.Contains("scrape_interval: 17s", await server.GetAsync("api/v1/status/config"), StringComparison.Ordinal);

        directory.Write("prometheus.yml", "global: [");
        Assert.Equal(500, (int)(await server.PostAsync("-/reload", null)).Status);
        Assert.Contains("scrape_interval: 17s", await server.GetAsync("api/v1/status/config"), StringComparison.Ordinal);
        Assert.Contains("prometheus_config_last_reload_successful 0", await server.GetAsync("metrics"), StringComparison.Ordinal);

        directory.Write("prometheus.yml", "global:\n  scrape_interval: 19s\n");
        server.SendHangup();
        await server.WaitForAsync("api/v1/status/config", answer => answer.Contains("scrape_interval: 19s", StringComparison.Ordinal));
        await server.WaitForAsync("metrics", answer => answer.Contains("prometheus_config_last_reload_successful 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Termination_is_clean_and_the_data_directory_can_be_used_again()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", GoodConfig);
        for (int round = 0; round < 2; round++)
        {
            using ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("data"));
            Assert.Equal(0, server.Terminate());

            // Only the end of the process says that all of its log has come through the pipe.
            Assert.Contains("Server is ready to receive web requests.", server.Log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_directory_is_refused()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", GoodConfig);
        string data = directory.Combine("data");
        using ServerProcess first = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data);
        using ServerProcess second = ServerProcess.Start(
            ServerProcess.NarthexPath, 0, [$"--config.file={config}", $"--storage.tsdb.path={data}", "--web.listen-address=127.0.0.1:0"]);
        Assert.NotEqual(0, second.WaitForExit());
        Assert.Contains("lock", second.Log, StringComparison.OrdinalIgnoreCase);
    }
}
