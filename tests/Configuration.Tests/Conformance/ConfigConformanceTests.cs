using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Configuration.Tests.Conformance;

/// <summary>Upstream's own good and bad configurations, each with what must become of it.</summary>
public sealed class ConfigConformanceTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.Conformance ?? "", "config");

    [ConformanceFact]
    public void Every_configuration_is_accepted_or_refused_for_its_reason()
    {
        var failures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        int cases = 0;
        foreach (string[] row in File.ReadLines(Path.Combine(s_folder, "cases.tsv")).Skip(1).Select(line => line.Split('\t')))
        {
            if (row is [var file, "load" or "load (agent mode)", var expect, var meaning] && file.StartsWith("prometheus/", StringComparison.Ordinal))
            {
                cases++;
                if (Check(Path.Combine(s_folder, file), row[1] != "load", expect, meaning) is { } failure)
                {
                    failures.Add(file, failure);
                }
            }
        }

        Assert.True(cases > 150, $"Only {cases} cases were found.");
        string[] known = [.. KnownFailures()];
        string[] unexpected = [.. failures.Where(failure => !known.Contains(failure.Key)).Select(failure => $"{failure.Key}: {failure.Value}")];
        string[] repaired = [.. known.Where(file => !failures.ContainsKey(file))];
        Assert.True(unexpected.Length == 0, $"{unexpected.Length} of {cases} fail:\n" + string.Join('\n', unexpected));
        Assert.True(repaired.Length == 0, "These are in known-failures.txt but pass; take them out: " + string.Join(", ", repaired));
    }

    [ConformanceFact]
    public void Every_example_loads_and_its_printed_form_loads_again_to_the_same_text()
    {
        string[] files = Directory.GetFiles(Path.Combine(s_folder, "examples"), "prometheus*.yml");
        Assert.True(files.Length > 10);
        foreach (string file in files)
        {
            PrometheusConfig config = ConfigurationLoader.LoadFile(file, new ConfigurationLoadOptions { AgentMode = file.Contains("agent", StringComparison.Ordinal) });
            string printed = ConfigPrinter.Print(config with { IsGlobalGiven = true });

            PrometheusConfig again = ConfigurationLoader.Load(printed, "");

            Assert.Equal(printed, ConfigPrinter.Print(again));
        }
    }

    [ConformanceFact]
    public void Printing_and_loading_again_gives_an_equal_configuration()
    {
        PrometheusConfig config = ConfigurationLoader.LoadFile(Path.Combine(s_folder, "prometheus", "roundtrip.good.yml"));

        PrometheusConfig again = ConfigurationLoader.Load(ConfigPrinter.Print(config), "");

        Assert.Equal(config with { IsGlobalGiven = true }, again);
    }

    [ConformanceFact]
    public void No_secret_of_the_large_configuration_is_printed()
    {
        PrometheusConfig config = ConfigurationLoader.LoadFile(Path.Combine(s_folder, "prometheus", "conf.good.yml"));

        string printed = ConfigPrinter.Print(config);

        Assert.DoesNotContain("mysecret", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("testAppSecret", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("abcdef\n", printed.Replace("username: abcdef\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("<secret>", printed, StringComparison.Ordinal);
    }

    private static readonly HashSet<string> s_fillers =
    [
        "must", "with", "more", "than", "config", "file", "both", "and", "one", "the", "not", "for", "only", "have", "has", "set", "key", "any", "use",
        "scrape", "prometheus", "name", "same", "test", "are", "may", "this", "that", "load", "loads", "valid", "than", "another",
    ];

    private static string? Check(string path, bool agentMode, string expect, string meaning)
    {
        try
        {
            ConfigurationLoader.LoadFile(path, new ConfigurationLoadOptions { AgentMode = agentMode, Environment = _ => null });
            return expect == "ok" ? null : "loads, but: " + meaning;
        }
        catch (ConfigurationException e)
        {
            return expect == "ok" ? "is refused: " + e.Message : Names(e.Message, path, meaning) ? null : $"is refused for another reason: {e.Message} (should be: {meaning})";
        }
    }

    // The message and the meaning must share a word of substance: a key, a value, or the fault itself.
    private static bool Names(string message, string path, string meaning)
    {
        string text = message.Replace(path, "", StringComparison.Ordinal).ToLowerInvariant().Replace("multiple", "multiple duplicate", StringComparison.Ordinal).Replace('_', ' ');
        return Regex.Matches(meaning.ToLowerInvariant().Replace('_', ' '), @"[\w$-]{3,}").Select(match => match.Value)
            .Any(word => !s_fillers.Contains(word) && text.Contains(word, StringComparison.Ordinal));
    }

    private static IEnumerable<string> KnownFailures() =>
        File.ReadLines(Path.Combine(RepositoryPaths.Root, "tests", "Configuration.Tests", "known-failures.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t')[0]);
}
