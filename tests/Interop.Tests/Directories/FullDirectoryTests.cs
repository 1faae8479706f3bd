using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Directories;

/// <summary>
/// The same goes to the real Prometheus and to ours, until their directories have everything that one can have. Then each opens the other's, as a kill and
/// as a clean end leave it, and tells the same of it; and both promtools read the same in both.
/// </summary>
public sealed class FullDirectoryTests
{
    private static readonly string s_real = RepositoryPaths.Peers + "/prometheus";
    private static readonly string s_realTool = RepositoryPaths.Peers + "/promtool";
    private static readonly string s_ourTool = ServerProcess.NarthexPath.Replace(
        Path.Combine("src", "Prometheus"), Path.Combine("src", "Promtool"), StringComparison.Ordinal).Replace("/prometheus", "/promtool", StringComparison.Ordinal);

    [PeerFact]
    public async Task What_the_real_Prometheus_and_ours_wrote_is_the_same_to_both()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", FullDirectory.Config);
        DirectoryAnswers real = await CheckAsync(directory, config, "real", s_real, ServerProcess.NarthexPath);
        DirectoryAnswers ours = await CheckAsync(directory, config, "ours", ServerProcess.NarthexPath, s_real);
        real.AssertSame(ours, "both servers, filled alike");
    }

    private static async Task<DirectoryAnswers> CheckAsync(TemporaryDirectory directory, string config, string name, string writerPath, string readerPath)
    {
        string data = directory.Combine(name);
        DirectoryAnswers expected;
        using (ServerProcess writer = await ServerProcess.StartPrometheusAsync(writerPath, config, data, FullDirectory.Flags))
        {
            await FullDirectory.FillAsync(writer);
            expected = await DirectoryAnswers.AskAsync(writer);
            expected.AssertNotEmpty();
            writer.KillHard();
        }

        FullDirectory.AssertComplete(data);
        await CheckToolsAsync(data, expected, $"{name}, killed");
        await CheckCopyAsync(directory, config, data, $"{name}-killed", readerPath, expected);
        using (ServerProcess writer = await ServerProcess.StartPrometheusAsync(writerPath, config, data, FullDirectory.Flags))
        {
            expected.AssertSame(await DirectoryAnswers.AskAsync(writer), $"{name}, started again by its own server");
            writer.Terminate();
        }

        await CheckToolsAsync(data, expected, $"{name}, ended");
        await CheckCopyAsync(directory, config, data, $"{name}-ended", readerPath, expected);
        return expected;
    }

    private static async Task CheckCopyAsync(TemporaryDirectory directory, string config, string data, string copyName, string readerPath, DirectoryAnswers expected)
    {
        string copy = directory.CopyFrom(data, copyName);
        File.Delete(Path.Combine(copy, "lock"));
        using ServerProcess reader = await ServerProcess.StartPrometheusAsync(readerPath, config, copy, FullDirectory.Flags);
        expected.AssertSame(await DirectoryAnswers.AskAsync(reader), $"{copyName}, opened by the other server");
        string metrics = await reader.GetAsync("metrics");
        Assert.Equal(0, FullDirectory.Metric(metrics, "prometheus_tsdb_wal_corruptions_total"));
        Assert.Equal(0, FullDirectory.Metric(metrics, "prometheus_tsdb_mmap_chunk_corruptions_total"));
        Assert.Equal(0, FullDirectory.Metric(metrics, "prometheus_tsdb_reloads_failures_total"));
    }

    private static async Task CheckToolsAsync(string data, DirectoryAnswers expected, string context)
    {
        foreach (string[] arguments in (string[][])[["tsdb", "list", data], ["tsdb", "analyze", "--extended", data]])
        {
            string[] theirs = await LinesAsync(s_realTool, arguments);
            string[] ours = await LinesAsync(s_ourTool, arguments);
            Assert.True(theirs.Length > 1 && theirs.SequenceEqual(ours), $"{context}: {string.Join(' ', arguments)}: {Differences(theirs, ours)}");
        }

        // The real tool of 3.5 takes a block of samples out of order for the end of the log, and passes over the first histogram of a series. It does
        // not invent anything, and what the servers have is all in our dump.
        string[] theirDump = await LinesAsync(s_realTool, ["tsdb", "dump", data]);
        string[] ourDump = await LinesAsync(s_ourTool, ["tsdb", "dump", data]);
        Assert.True(theirDump.Length > 10_000 && !theirDump.Except(ourDump).Any(), $"{context}: dump: {Differences(theirDump, ourDump)}");
        Assert.Equal(ourDump.Distinct().Count(), ourDump.Length);
        SortedDictionary<string, int> counts = expected.SampleCounts();
        foreach ((string name, int count) in counts)
        {
            Assert.Equal((context, name, count), (context, name, ourDump.Count(line => line.Contains($"\"{name}\"", StringComparison.Ordinal))));
        }
    }

    private static string Differences(string[] theirs, string[] ours) => $"{theirs.Length} and {ours.Length} lines\n" + string.Join(
        "\n", [.. theirs.Except(ours).Take(6).Select(line => "real: " + line), .. ours.Except(theirs).Take(6).Select(line => "ours: " + line)]);

    // The order of series is not told by the formats, nor that of names that are equally frequent.
    private static async Task<string[]> LinesAsync(string program, string[] arguments)
    {
        (int exitCode, string output) = await RunAsync(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? await output : await errors);
    }
}
