using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Our promtool and the real one say the same, of upstream's rule files and of whatever else they are asked.</summary>
public sealed class PromtoolTests
{
    [PeerConformanceFact]
    public async Task Checks_of_rule_files_end_and_print_alike()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config");
        string[] files = [.. Directory.GetFiles(Path.Combine(folder, "rulefmt")), .. Directory.GetFiles(Path.Combine(folder, "rules"))];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            string[] arguments = ["check", "rules", "--lint=none", file];
            Assert.Equal((file, await PromtoolCalls.RunRealAsync(arguments)), (file, await PromtoolCalls.RunOursAsync(arguments)));
        }
    }

    [PeerConformanceFact]
    public async Task Unit_tests_of_rules_have_the_same_verdicts()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config", "promtool");
        foreach (string file in (string[])["unittest.yml", "at-modifier.yml", "negative-offset.yml", "no-test-group-interval.yml", "failing.yml", "bad-rules-error-test.yml"])
        {
            string path = Path.Combine(folder, file);
            int expected = (await PromtoolCalls.RunRealAsync(["test", "rules", path])).ExitCode;
            Assert.Equal((file, expected), (file, (await PromtoolCalls.RunOursAsync(["test", "rules", path])).ExitCode));
        }
    }

    [PeerConformanceFact]
    public async Task The_mixins_own_tests_get_the_words_of_the_real_promtool()
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Conformance!, "mixins"), "*.y*ml", SearchOption.AllDirectories)
                .Where(file => File.ReadLines(file).Any(line => line.StartsWith("tests:", StringComparison.Ordinal)))
                .Where(file => !file.EndsWith(MutatedRuleTests.Long, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(files.Length >= 8, string.Join('\n', files));
        await AssertSameAsync(["test", "rules", .. files], "");
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
        (int made, _, string fault) = await PromtoolCalls.RunOursAsync(["tsdb", "create-blocks-from", "openmetrics", "series.om", blocks], directory.Path);
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

    [PeerFact]
    public async Task Wrong_configurations_are_refused_in_the_same_words()
    {
        using var directory = new TemporaryDirectory();
        string[] texts = [.. WrongTexts.Jobs.Select(job => "scrape_configs:\n- job_name: a\n" + job), .. WrongTexts.Configurations];
        string[] files = WriteAll(directory, texts);
        await AssertSameAsync(["check", "config", .. files], directory.Path);
    }

    [PeerFact]
    public async Task Texts_on_the_edge_of_YAML_are_read_and_refused_alike()
    {
        using var directory = new TemporaryDirectory();
        string[] files = WriteAll(directory, WrongTexts.Yaml);
        await AssertSameAsync(["check", "rules", .. files], directory.Path);
        await AssertSameAsync(["test", "rules", .. files], directory.Path);
    }

    [PeerFact]
    public async Task Points_of_series_are_read_and_refused_alike()
    {
        using var directory = new TemporaryDirectory();
        string[] files = WriteAll(directory, WrongTexts.SeriesValues.Select(values =>
            "tests:\n- input_series:\n  - {series: a, values: '1'}\n  - series: up\n    values: '" + values.Replace("'", "''", StringComparison.Ordinal) + "'\n  promql_expr_test: [{expr: up, eval_time: 1m}]\n"));
        await AssertSameAsync(["test", "rules", .. files], directory.Path);
    }

    private static string[] WriteAll(TemporaryDirectory directory, IEnumerable<string> texts)
    {
        var files = new List<string>();
        foreach (string text in texts)
        {
            files.Add($"{files.Count}.yml");
            directory.Write(files[^1], text);
        }

        return [.. files];
    }

    private static async Task AssertSameAsync(string[] arguments, string folder, string input = "")
    {
        string call = string.Join(' ', arguments) + " <<< " + input;
        Assert.Equal((call, await PromtoolCalls.RunRealAsync(arguments, folder, input)), (call, await PromtoolCalls.RunOursAsync(arguments, folder, input)));
    }
}
