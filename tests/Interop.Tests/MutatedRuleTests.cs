using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The unit tests of upstream and of the mixins, each broken in several ways: ours fails where the real promtool fails, and in the same words.</summary>
public sealed partial class MutatedRuleTests
{
    private const int MutantsOfEach = 5;

    // It runs for a minute in the real promtool; single tests of it, those within the hour, do not.
    internal const string Long = "kubernetes-mixin/tests/tests.yaml";

    [PeerConformanceFact]
    public async Task Broken_unit_tests_and_rules_have_the_same_verdicts_and_words()
    {
        using var directory = new TemporaryDirectory();
        string[] files =
        [
            .. ((string[])["mixins", "config/promtool"])
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Conformance!, folder), "*.y*ml", SearchOption.AllDirectories))
                .Where(file => File.ReadLines(file).Any(line => line.StartsWith("tests:", StringComparison.Ordinal)))

                // A key that the real promtool here is too old for.
                .Where(file => !File.ReadLines(file).Any(line => line.Contains("start_timestamp:", StringComparison.Ordinal)))
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(files.Length >= 15, string.Join('\n', files));

        var mutants = new List<(string File, string Change)>();
        for (int i = 0; i < files.Length; i++)
        {
            for (int seed = 0; seed < MutantsOfEach; seed++)
            {
                string name = $"{i}-{seed}";
                Directory.CreateDirectory(directory.Combine(name));
                string change = Write(files[i], directory.Combine(name), new Random((i * 1000) + seed));
                mutants.Add(($"{name}/test.yml", $"{Path.GetFileName(files[i])}, seed {(i * 1000) + seed}: {change}"));
            }
        }

        string[] call = ["test", "rules", .. mutants.Select(mutant => mutant.File)];
        (int, string, string) expected = Normal(await PromtoolCalls.RunRealAsync(call, directory.Path));
        (int, string, string) got = Normal(await PromtoolCalls.RunOursAsync(call, directory.Path));
        if (expected == got)
        {
            return;
        }

        // Which of them it is, the outputs of the whole do not say.
        var differences = new List<string>();
        foreach ((string file, string change) in mutants)
        {
            string[] one = ["test", "rules", file];
            (int, string, string) wanted = Normal(await PromtoolCalls.RunRealAsync(one, directory.Path));
            (int, string, string) had = Normal(await PromtoolCalls.RunOursAsync(one, directory.Path));
            if (wanted != had)
            {
                differences.Add($"{change}\nexpected: {wanted}\ngot: {had}");
            }
        }

        Assert.Fail(differences.Count > 0 ? string.Join('\n', differences) : "Only both tools' whole outputs differ, not those of one file.");
    }

    // Of two series that match alike, upstream names the one first that its memory has last; ours goes by their labels.
    private static (int, string, string) Normal((int ExitCode, string Output, string Errors) result) => (
        result.ExitCode,
        result.Output,
        AlikeSeries().Replace(result.Errors, match => string.CompareOrdinal(match.Groups[1].Value, match.Groups[2].Value) <= 0 ? match.Value : $"[{match.Groups[2].Value}, {match.Groups[1].Value}];many"));

    // One test of the file and its rules, with one thing changed in either of them.
    private static string Write(string source, string folder, Random random)
    {
        var mutation = new Mutation(random);
        List<string> lines = [.. File.ReadAllLines(source)];
        string[] ruleFiles = [.. RuleFileNames(lines).SelectMany(name => Directory.Exists(Path.Combine(Path.GetDirectoryName(source)!, Path.GetDirectoryName(name)!))
            ? Directory.GetFiles(Path.Combine(Path.GetDirectoryName(source)!, Path.GetDirectoryName(name)!), Path.GetFileName(name)) : [])];
        List<string> test = [.. TakeTest(lines, random, source.EndsWith(Long, StringComparison.Ordinal)).Select(line => RuleFileItem().Replace(line, match => match.Groups[1].Value + Path.GetFileName(match.Groups[2].Value)))];
        int changed = ruleFiles.Length > 0 && random.Next(3) == 0 ? random.Next(ruleFiles.Length) : -1;
        string change = "";
        for (int i = 0; i < ruleFiles.Length; i++)
        {
            List<string> rules = [.. File.ReadAllLines(ruleFiles[i])];
            change = i == changed ? Path.GetFileName(ruleFiles[i]) + ", " + mutation.ChangeRules(rules) : change;
            File.WriteAllLines(Path.Combine(folder, Path.GetFileName(ruleFiles[i])), rules);
        }

        change = changed < 0 ? mutation.ChangeTest(test) : change;
        File.WriteAllLines(Path.Combine(folder, "test.yml"), test);
        return change;
    }

    private static IEnumerable<string> RuleFileNames(List<string> lines)
    {
        int start = lines.FindIndex(line => line.StartsWith("rule_files:", StringComparison.Ordinal));
        return start < 0 ? [] : lines.Skip(start + 1).TakeWhile(line => line.Length == 0 || line[0] is ' ' or '-' or '#').Select(line => RuleFileItem().Match(line)).Where(match => match.Success).Select(match => match.Groups[2].Value);
    }

    private static List<string> TakeTest(List<string> lines, Random random, bool withinTheHour)
    {
        int head = lines.FindIndex(line => line.StartsWith("tests:", StringComparison.Ordinal)) + 1;
        int first = lines.FindIndex(head, line => line.TrimStart().StartsWith("- ", StringComparison.Ordinal));
        string indent = lines[first][..lines[first].IndexOf('-', StringComparison.Ordinal)];
        int tail = lines.FindIndex(first, line => line.Length > 0 && char.IsAsciiLetter(line[0]));
        tail = tail < 0 ? lines.Count : tail;
        int[] starts = [.. Enumerable.Range(first, tail - first).Where(line => lines[line].StartsWith(indent + "- ", StringComparison.Ordinal)), tail];
        List<string>[] tests =
        [
            .. Enumerable.Range(0, starts.Length - 1).Select(i => lines[starts[i]..starts[i + 1]])
                .Where(test => !withinTheHour || !test.Any(line => line.Contains("eval_time:", StringComparison.Ordinal) && line.Contains('h', StringComparison.Ordinal))),
        ];
        return [.. lines[..head], .. tests[random.Next(tests.Length)], .. lines[tail..]];
    }

    [GeneratedRegex(@"\[(\{[^\n]*\}), (\{[^\n]*\})\];many")]
    private static partial Regex AlikeSeries();

    [GeneratedRegex("^( *- *[\"']?)([^\"'\\s:]+\\.ya?ml)(?=[\"']?\\s*$)")]
    private static partial Regex RuleFileItem();
}
