using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.PromQL.Syntax;
using Narthex.Tests;

namespace Narthex.PromQL.Tests.Syntax;

/// <summary>Queries as people write them: dashboards, the compliance suite, the scripts of upstream's own tests.</summary>
public sealed partial class QueryCorpusTests
{
    // Two panels of the SNMP dashboards hold a legend where a query belongs; upstream refuses it as well.
    private const string NotAQuery = "{{$device_model}}";

    [ConformanceFact]
    public void Dashboard_queries_parse_and_their_printed_form_parses_to_the_same()
    {
        var failures = new List<string>();
        int count = 0;
        foreach (string line in File.ReadLines(Path.Combine(RepositoryPaths.Conformance!, "mixins", "dashboard-queries.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.GetProperty("kind").GetString() is not ("range" or "instant")
                || document.RootElement.GetProperty("query").GetString() == NotAQuery)
            {
                continue;
            }

            count++;
            string query = document.RootElement.GetProperty("query").GetString()!;
            query = DurationVariable().Replace(query, "5m");
            query = TextVariable().Replace(query, "text");
            AddFailure(failures, query, ParserOptions.Default);
        }

        Assert.True(failures.Count == 0, failures.Count + " of " + count + ":\n" + string.Join('\n', failures));
        Assert.True(count > 1000, "The corpus seems to be cut: " + count);
    }

    [ConformanceFact]
    public void Compliance_queries_parse()
    {
        var failures = new List<string>();
        int count = 0;
        string[] lines = File.ReadAllLines(Path.Combine(RepositoryPaths.Conformance!, "compliance", "promql", "promql-test-queries.yml"));
        for (int i = 0; i < lines.Length; i++)
        {
            if (QueryLine().Match(lines[i]) is not { Success: true } match || lines.Skip(i + 1).Take(2).TakeWhile(l => !l.Contains("query:")).Any(l => l.Contains("should_fail")))
            {
                continue;
            }

            count++;
            string query = match.Groups[1].Value == "'" ? match.Groups[2].Value.Replace("''", "'") : match.Groups[2].Value.Replace("\\\"", "\"").Replace("\\\\", "\\");
            query = query.Replace("{{.simpleAggrOp}}", "sum").Replace("{{.topBottomOp}}", "topk").Replace("{{.binOp}}", "+").Replace("{{.arithBinOp}}", "+")
                .Replace("{{.compBinOp}}", "<").Replace("{{.logicSetBinOp}}", "and").Replace("{{.setBinOp}}", "and").Replace("{{.range}}", "5m")
                .Replace("{{.offset}}", "5m").Replace("{{.quantile}}", "0.9").Replace("{{.instantRateFunc}}", "irate").Replace("{{.clampFunc}}", "clamp_min")
                .Replace("{{.extrapolatedRateFunc}}", "rate").Replace("{{.dateFunc}}", "hour").Replace("{{.simpleMathFunc}}", "abs")
                .Replace("{{.simpleTimeAggrOp}}", "avg").Replace("{{.smoothingFactor}}", "0.5").Replace("{{.trendFactor}}", "0.5").Replace("{{.simpleTrigFunc}}", "sin")
                .Replace("holt_winters", "double_exponential_smoothing");
            AddFailure(failures, query, ParserOptions.All);
        }

        Assert.True(failures.Count == 0, failures.Count + " of " + count + ":\n" + string.Join('\n', failures));
        Assert.True(count > 80, "The corpus seems to be cut: " + count);
    }

    [ConformanceFact]
    public void Queries_of_the_test_scripts_parse_unless_they_must_fail()
    {
        var failures = new List<string>();
        int count = 0;
        foreach (string file in Directory.GetFiles(Path.Combine(RepositoryPaths.Conformance!, "promql"), "*.test"))
        {
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                Match match = EvalLine().Match(lines[i]);
                if (!match.Success || lines.Skip(i + 1).TakeWhile(line => line.StartsWith(' ') || line.StartsWith('\t')).Any(line => line.Trim().StartsWith("expect fail", StringComparison.Ordinal)))
                {
                    continue;
                }

                count++;
                AddFailure(failures, match.Groups[1].Value, ParserOptions.All);
            }
        }

        Assert.True(failures.Count == 0, failures.Count + " of " + count + ":\n" + string.Join('\n', failures));
        Assert.True(count > 1300, "The corpus seems to be cut: " + count);
    }

    private static void AddFailure(List<string> failures, string query, ParserOptions options)
    {
        try
        {
            Expression expression = PromQLParser.ParseExpression(query, options);
            string printed = ExpressionPrinter.Print(expression);
            string again = ExpressionPrinter.Print(PromQLParser.ParseExpression(printed, options));
            string pretty = ExpressionPrinter.Print(PromQLParser.ParseExpression(ExpressionPrinter.PrintPretty(expression), options));
            if (printed != again || printed != pretty)
            {
                failures.Add($"{query}\n  printed {printed}\n  again {again}\n  pretty {pretty}");
            }
        }
        catch (PromQLParseException e)
        {
            failures.Add(query + ": " + e.Message);
        }
    }

    [GeneratedRegex(@"\$__rate_interval|\$__range|\$__interval|\$\{__rate_interval\}|\$\{?interval\}?|\$\{?resolution\}?|\$\{?range\}?|\$\{?rate_interval\}?")]
    private static partial Regex DurationVariable();

    [GeneratedRegex(@"\$\{[a-zA-Z_:]+\}|\$[a-zA-Z_]+|\[\[[a-z_]+\]\]")]
    private static partial Regex TextVariable();

    [GeneratedRegex("""^\s*- query: (['"])(.*)\1\s*$""")]
    private static partial Regex QueryLine();

    [GeneratedRegex(@"^eval(?:_ordered|_info|_warn)? (?:instant at \S+|range from \S+ to \S+ step \S+) (.+)$")]
    private static partial Regex EvalLine();
}
