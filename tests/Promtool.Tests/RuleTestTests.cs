using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Promtool.Tests;

public class RuleTestTests
{
    // Days of evaluations each, half a minute and more even for the real promtool: too slow for this project.
    private static readonly string[] s_slow = ["kubernetes-mixin/tests/absent_alert-test.yaml", "kubernetes-mixin/tests/tests.yaml"];

    private static string Files => Path.Combine(RepositoryPaths.Conformance!, "config", "promtool");

    [ConformanceTheory]
    [InlineData("unittest.yml", 0)]
    [InlineData("no-test-group-interval.yml", 0)]
    [InlineData("start-time-test.yml", 0)]
    [InlineData("failing.yml", 1)]
    [InlineData("bad-rules-error-test.yml", 1)]
    [InlineData("rules_run.yml", 1)]
    [InlineData("rules_run_extrafields.yml", 1)]
    public async Task Upstreams_files_get_upstreams_verdict(string file, int expected)
    {
        (int code, string output, string error) = await Tool.RunAsync("", "test", "rules", Path.Combine(Files, file));

        Assert.True(expected == code, output + error);
    }

    [ConformanceFact]
    public async Task Failures_are_told_in_upstreams_words()
    {
        (_, string output, string error) = await Tool.RunAsync("", "test", "rules", Path.Combine(Files, "failing.yml"));

        Assert.Equal("\n\n\n\n\n", output);
        Assert.StartsWith(
            """
              FAILED:
                name: Failing test,
                alertname: Test, time: 0s, 
                    exp:[
                        0:
                          Labels:{alertname="Test"}
                          Annotations:{}
                        ], 
                    got:[]
                expr: "test", time: 0s,
                    exp: {__name__="test"} 1E+00
                    got: {__name__="test"} 0E+00

            """,
            error,
            StringComparison.Ordinal);
        Assert.Contains("Annotations:{description=\" of job test has been down for more than 5 minutes.\", summary=\"Instance  down\"}", error, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task Run_takes_only_tests_whose_name_matches()
    {
        (int code, _, _) = await Tool.RunAsync("", "test", "rules", "--run=correct", Path.Combine(Files, "rules_run.yml"));

        Assert.Equal(0, code);
    }

    // Which of the mixins' tests fail is the real promtool's word.
    [PeerFact]
    public async Task The_mixins_get_the_same_verdicts_as_from_the_real_promtool()
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Conformance!, "mixins"), "*.y*ml", SearchOption.AllDirectories)
                .Where(file => File.ReadLines(file).Any(line => line.StartsWith("rule_files:", StringComparison.Ordinal)) && File.ReadLines(file).Any(line => line.StartsWith("tests:", StringComparison.Ordinal)))
                .Where(file => !s_slow.Any(slow => file.EndsWith(slow, StringComparison.Ordinal)))
                .Order(StringComparer.Ordinal),
        ];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            using Process peer = Process.Start(new ProcessStartInfo(Path.Combine(RepositoryPaths.Peers!, "promtool"), ["test", "rules", file])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> peerError = peer.StandardError.ReadToEndAsync();
            await peer.StandardOutput.ReadToEndAsync();
            await peer.WaitForExitAsync();

            (int code, string output, string error) = await Tool.RunAsync("", "test", "rules", file);

            Assert.True(peer.ExitCode == code, $"{file}: {code} instead of {peer.ExitCode}\n{output}{error}\n{await peerError}");
        }
    }
}
