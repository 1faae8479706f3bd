using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Our promtool and the real one say the same about upstream's rule files.</summary>
public sealed class PromtoolTests
{
    private static readonly string s_ours = ServerProcess.NarthexPath.Replace(
        Path.Combine("src", "Prometheus"), Path.Combine("src", "Promtool"), StringComparison.Ordinal).Replace("/prometheus", "/promtool", StringComparison.Ordinal);

    [PeerConformanceFact]
    public async Task Checks_of_rule_files_end_and_print_alike()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config");
        string[] files = [.. Directory.GetFiles(Path.Combine(folder, "rulefmt")), .. Directory.GetFiles(Path.Combine(folder, "rules"))];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            string[] arguments = ["check", "rules", "--lint=none", file];
            Assert.Equal((file, await RunAsync(RepositoryPaths.Peers + "/promtool", arguments)), (file, await RunAsync(s_ours, arguments)));
        }
    }

    [PeerConformanceFact]
    public async Task Unit_tests_of_rules_have_the_same_verdicts()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config", "promtool");
        foreach (string file in (string[])["unittest.yml", "at-modifier.yml", "negative-offset.yml", "no-test-group-interval.yml", "failing.yml", "bad-rules-error-test.yml"])
        {
            string path = Path.Combine(folder, file);
            int expected = (await RunAsync(RepositoryPaths.Peers + "/promtool", ["test", "rules", path])).ExitCode;
            Assert.Equal((file, expected), (file, (await RunAsync(s_ours, ["test", "rules", path])).ExitCode));
        }
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
