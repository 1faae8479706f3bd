using System.Text;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Rules.Files;

namespace Narthex.Promtool.Checking;

/// <summary>Checks rule files and tells what it finds as it goes.</summary>
internal sealed class RulesCheck(ToolConsole console, LintSettings lint, bool ignoreUnknownKeys, ParserOptions language)
{
    private readonly RuleFileOptions _options = new() { IgnoreUnknownKeys = ignoreUnknownKeys, Language = language };
    private bool _failed;
    private bool _lintFailed;

    /// <summary>The exit code for what has been found.</summary>
    public int Outcome => _failed ? ExitCode.Failure : _lintFailed && lint.IsFatal ? ExitCode.Lint : ExitCode.Success;

    public void CheckFiles(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            console.Out.WriteLine($"Checking {file}");
            Check(() => RuleFileLoader.LoadFile(file, _options));
        }
    }

    public void CheckText(string text)
    {
        console.Out.WriteLine("Checking standard input");
        Check(() => RuleFileLoader.Load(text, _options));
    }

    private void Check(Func<RuleFileConfig> load)
    {
        RuleFileConfig file;
        try
        {
            file = load();
        }
        catch (RuleFileException error)
        {
            _failed = true;
            console.Error.WriteLine("  FAILED:");
            foreach (string fault in error.Errors)
            {
                console.Error.WriteLine(fault);
            }

            return;
        }

        if (lint.Duplicates && FindDuplicates(file) is { Count: > 0 } duplicates)
        {
            _lintFailed = true;
            console.Error.WriteLine("  FAILED:");
            console.Error.WriteLine(Describe(duplicates));
        }
        else
        {
            console.Out.WriteLine($"  SUCCESS: {file.Groups.Sum(group => group.Rules.Count)} rules found");
        }

        console.Out.WriteLine();
    }

    private static List<(string Name, Labels Labels)> FindDuplicates(RuleFileConfig file)
    {
        (string Name, Labels Labels)[] rules = [.. file.Groups.SelectMany(group => group.Rules).Select(rule => (rule.Record.Length > 0 ? rule.Record : rule.Alert, ToLabels(rule)))];
        Array.Sort(rules, static (left, right) => string.CompareOrdinal(left.Name, right.Name) is not 0 and var order ? order : left.Labels.CompareTo(right.Labels));
        var duplicates = new List<(string, Labels)>();
        for (int i = 1; i < rules.Length; i++)
        {
            if (rules[i].Name == rules[i - 1].Name && rules[i].Labels == rules[i - 1].Labels)
            {
                duplicates.Add(rules[i]);
            }
        }

        return duplicates;
    }

    private static Labels ToLabels(RuleConfig rule)
    {
        var builder = new LabelsBuilder();
        foreach ((string name, string value) in rule.Labels)
        {
            builder.Set(name, value);
        }

        return builder.ToLabels();
    }

    private static string Describe(List<(string Name, Labels Labels)> duplicates)
    {
        var text = new StringBuilder($"lint error {duplicates.Count} duplicate rule(s) found.\n");
        foreach ((string name, Labels labels) in duplicates)
        {
            text.Append("Metric: ").Append(name).Append("\nLabel(s):\n");
            foreach ((string label, string value) in labels.ToPairs())
            {
                text.Append('\t').Append(label).Append(": ").Append(value).Append('\n');
            }
        }

        return text.Append("Might cause inconsistency while recording expressions").ToString();
    }
}
