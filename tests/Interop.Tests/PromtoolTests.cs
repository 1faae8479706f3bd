using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Our promtool and the real one say the same, of upstream's rule files and of whatever else they are asked.</summary>
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

    [PeerFact]
    public async Task Calls_end_and_print_alike()
    {
        using var directory = new TemporaryDirectory();
        foreach ((string name, string text) in PromtoolTable.Files)
        {
            directory.Write(name, text);
        }

        // Both list blocks of a directory that a server has had: the real tool asks for its log.
        string blocks = directory.Combine("blocks");
        (int made, _, string fault) = await RunAsync(s_ours, ["tsdb", "create-blocks-from", "openmetrics", "series.om", blocks], directory.Path);
        Assert.True(made == 0, fault);
        Directory.CreateDirectory(Path.Combine(blocks, "wal"));
        foreach (string[] call in PromtoolTable.Calls)
        {
            await AssertSameAsync([.. call.Select(argument => argument.Replace("{0}", blocks, StringComparison.Ordinal))], directory.Path);
        }

        foreach ((string input, string[] call) in PromtoolTable.InputCalls)
        {
            await AssertSameAsync(call, directory.Path, input);
        }
    }

    [PeerFact]
    public async Task Unit_tests_of_rules_fail_in_the_same_words()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("rules.yml", PromtoolTable.Files["rules.yml"]);
        foreach (string test in PromtoolTable.UnitTests)
        {
            directory.Write("test.yml", test);
            await AssertSameAsync(["test", "rules", "test.yml"], directory.Path);
            await AssertSameAsync(["test", "rules", "--diff", "test.yml"], directory.Path);
        }
    }

    private static async Task AssertSameAsync(string[] arguments, string folder, string input = "")
    {
        string call = string.Join(' ', arguments) + " <<< " + input;
        Assert.Equal((call, await RunAsync(RepositoryPaths.Peers + "/promtool", arguments, folder, input)), (call, await RunAsync(s_ours, arguments, folder, input)));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, string[] arguments, string folder = "", string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has not asked for input.
        }

        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
