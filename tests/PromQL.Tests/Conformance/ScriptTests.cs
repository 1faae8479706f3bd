using Narthex.PromQL.Tests.TestLanguage;
using Narthex.Tests;
using Xunit.Abstractions;

namespace Narthex.PromQL.Tests.Conformance;

/// <summary>Scripts in upstream's test language: upstream's own, where they are beside the repository, and ours.</summary>
public sealed class ScriptTests(ITestOutputHelper output)
{
    private static readonly string s_projectFolder = Path.Combine(RepositoryPaths.Root, "tests", "PromQL.Tests");

    public static TheoryData<string> UpstreamFiles() => Files(RepositoryPaths.Conformance is null ? "" : Path.Combine(RepositoryPaths.Conformance, "promql"));

    public static TheoryData<string> OwnFiles() => Files(Path.Combine(s_projectFolder, "Cases"));

    [ConformanceTheory]
    [MemberData(nameof(UpstreamFiles))]
    public void Upstream_script_passes_save_for_known_failures(string file)
    {
        string script = File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "promql", file));
        using var runner = new ScriptRunner();
        List<EvalFailure> failures = runner.Run(script);
        output.WriteLine($"{file}: {runner.Total - failures.Count}/{runner.Total}");

        HashSet<int> known = KnownFailures(file);
        var unlisted = failures.FindAll(f => !known.Contains(f.Line));
        known.ExceptWith(failures.Select(f => f.Line));
        Assert.True(
            unlisted.Count == 0 && known.Count == 0,
            $"{file}: {runner.Total - failures.Count}/{runner.Total}\n"
            + string.Join('\n', unlisted.Select(f => $"{file}:{f.Line} {f.Query}\n    {f.Reason}"))
            + string.Join('\n', known.Select(line => $"{file}:{line} passes now: take it off known-failures.txt")));
    }

    // The switch is off in a server without feature flags. Only the files that test the switch itself must differ.
    [ConformanceTheory]
    [MemberData(nameof(UpstreamFiles))]
    public void Upstream_script_passes_as_well_when_functions_drop_names_at_once(string file)
    {
        string script = File.ReadAllText(Path.Combine(RepositoryPaths.Conformance!, "promql", file));
        using var runner = new ScriptRunner(delayedNameRemoval: false);
        HashSet<int> known = KnownFailures(file);
        known.UnionWith(KnownFailures("undelayed:" + file));
        List<EvalFailure> failures = runner.Run(script);

        Assert.True(
            known.SetEquals(failures.Select(f => f.Line)),
            string.Join('\n', failures.Where(f => !known.Contains(f.Line)).Select(f => $"undelayed:{file}:{f.Line} {f.Query}\n    {f.Reason}"))
            + string.Join('\n', known.Except(failures.Select(f => f.Line)).Select(line => $"undelayed:{file}:{line} passes now")));
    }

    [Theory]
    [MemberData(nameof(OwnFiles))]
    public void Own_script_passes(string file)
    {
        using var runner = new ScriptRunner();
        List<EvalFailure> failures = runner.Run(File.ReadAllText(Path.Combine(s_projectFolder, "Cases", file)));
        Assert.True(failures.Count == 0, string.Join('\n', failures.Select(f => $"{file}:{f.Line} {f.Query}\n    {f.Reason}")));
        Assert.True(runner.Total > 0);
    }

    private static TheoryData<string> Files(string folder)
    {
        var files = new TheoryData<string>();
        if (Directory.Exists(folder))
        {
            foreach (string path in Directory.GetFiles(folder, "*.test").Order(StringComparer.Ordinal))
            {
                files.Add(Path.GetFileName(path));
            }
        }

        // A theory without data fails; on a bare clone the attribute skips it before this name is read.
        if (files.Count == 0)
        {
            files.Add("(none)");
        }

        return files;
    }

    // One line for each: file:line, a space, the reason.
    private static HashSet<int> KnownFailures(string file)
    {
        var lines = new HashSet<int>();
        foreach (string entry in File.ReadAllLines(Path.Combine(s_projectFolder, "known-failures.txt")))
        {
            if (entry.StartsWith(file + ":", StringComparison.Ordinal))
            {
                lines.Add(int.Parse(entry[(file.Length + 1)..].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return lines;
    }
}
