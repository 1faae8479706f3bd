using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Configuration.RuleTests;
using Narthex.Model;
using Narthex.Promtool.Backtesting;

namespace Narthex.Promtool.Testing;

/// <summary><c>promtool test</c>: unit tests of rules, and what rules would have done in the past.</summary>
internal static class TestCommands
{
    public static Command Make(ToolConsole console) => new()
    {
        Name = "test",
        Help = "Test rules.",
        Flags = [new() { Name = "junit", Help = "File for the results of unit tests as JUnit XML." }],
        Commands =
        [
            new()
            {
                Name = "rules",
                Help = "Run unit tests of rules.",
                Flags =
                [
                    CommandParts.Repeated("run", "Run only tests whose name matches this regular expression; may be given several times."),
                    CommandParts.Switch("debug", "Print what the tests do, and all of their data."),
                    CommandParts.Switch("diff", "Print alerts that differ as a coloured comparison."),
                    CommandParts.Switch("ignore-unknown-fields", "Pass over unknown keys in rule files."),
                ],
                Arguments = [new() { Name = "test-rule-file", Help = "Files of unit tests.", IsRequired = true, IsRepeated = true, Check = CommandParts.ExistingFile }],
                Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
            },
            BacktestCommand.Make(console),
        ],
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> patterns = invocation.Flags.GetAll("run");
        Re2Search? filter;
        try
        {
            filter = patterns.Count > 0 ? Re2Search.Parse(string.Join('|', patterns)) : null;
        }
        catch (FormatException error)
        {
            throw new ToolException(error.Message, error);
        }

        using var runner = new RuleTestRunner(console, new RuleTestSettings
        {
            Engine = FeatureFlags.Engine(invocation.Flags) with { MaxSamples = 10_000, Timeout = TimeSpan.FromSeconds(100) },
            Language = FeatureFlags.Language(invocation.Flags, console),
            Debug = invocation.Flags.IsOn("debug"),
            Diff = invocation.Flags.IsOn("diff"),
            IgnoreUnknownKeys = invocation.Flags.IsOn("ignore-unknown-fields"),
        });
        var suites = new List<TestSuite>();
        bool failed = false;
        foreach (string path in invocation.Arguments("test-rule-file"))
        {
            var suite = new TestSuite(path, console.Time.GetLocalNow());
            suites.Add(suite);
            IReadOnlyList<string> errors = await RunFileAsync(path, runner, filter, suite, console, cancellationToken).ConfigureAwait(false);
            if (errors.Count > 0)
            {
                failed = true;
                console.Error.WriteLine("  FAILED:");
                foreach (string error in errors)
                {
                    console.Error.WriteLine(error);
                    console.Out.WriteLine();
                }
            }
            else
            {
                console.Out.WriteLine("  SUCCESS");
            }

            console.Out.WriteLine();
        }

        if (invocation.Flags.Get("junit") is { Length: > 0 } report)
        {
            try
            {
                JUnitReport.Write(report, suites);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ToolException($"open {report}: {error.Message}", error);
            }
        }

        return failed ? ExitCode.Failure : ExitCode.Success;
    }

    private static async Task<IReadOnlyList<string>> RunFileAsync(
        string path, RuleTestRunner runner, Re2Search? filter, TestSuite suite, ToolConsole console, CancellationToken cancellationToken)
    {
        RuleTestFile file;
        try
        {
            file = RuleTestReader.ReadFile(path);
        }
        catch (ConfigurationException error)
        {
            suite.Abort(error.Message);
            return [error.Message];
        }

        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string group in file.GroupEvaluationOrder)
        {
            if (!order.TryAdd(group, order.Count))
            {
                string fault = $"group name repeated in evaluation order: {group}";
                suite.Abort(fault);
                return [fault];
            }
        }

        IReadOnlyList<string> ruleFiles = FindRuleFiles(path, file, console);
        var errors = new List<string>();
        for (int i = 0; i < file.Tests.Count; i++)
        {
            RuleTest test = file.Tests[i];
            if (filter is not null && !filter.IsMatch(test.Name))
            {
                continue;
            }

            IReadOnlyList<string> found = await runner.RunAsync(test, file, ruleFiles, order, cancellationToken).ConfigureAwait(false);
            suite.Add(test.Name.Length > 0 ? test.Name : $"unnamed#{i}", found);
            errors.AddRange(found);
        }

        return errors;
    }

    private static List<string> FindRuleFiles(string path, RuleTestFile file, ToolConsole console)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        var found = new List<string>();
        foreach (string pattern in file.RuleFiles)
        {
            string full = Path.IsPathRooted(pattern) || folder.Length == 0 ? pattern : PathOf(folder, pattern);
            IReadOnlyList<string> files = FileGlob.Expand(full);
            if (files.Count == 0)
            {
                console.Error.WriteLine($"  WARNING: no file match pattern {full}");
            }

            found.AddRange(files);
        }

        return found;
    }

    // "tests/../rules.yml" is shown as "rules.yml".
    private static string PathOf(string folder, string relative)
    {
        var parts = new List<string>();
        foreach (string part in $"{folder}/{relative}".Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] is not (".." or ""))
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != "." && (part.Length > 0 || parts.Count == 0))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
