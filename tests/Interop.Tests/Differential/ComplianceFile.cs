using Narthex.Tests;
using YamlDotNet.RepresentationModel;

namespace Narthex.Interop.Tests.Differential;

/// <summary>The query file of the public compliance suite itself, with the values that its tester gives to the variants.</summary>
internal static class ComplianceFile
{
    private const string PublicHost = "demo.promlabs.com";

    // Since 3.0 any UTF-8 text names a label.
    private const string OnceInvalid = "\"~invalid\"";

    private static readonly Dictionary<string, string[]> s_variants = new(StringComparer.Ordinal)
    {
        ["range"] = ["1s", "15s", "1m", "5m", "15m", "1h"],
        ["offset"] = ["1m", "5m", "10m"],
        ["simpleAggrOp"] = ["sum", "avg", "max", "min", "count", "stddev", "stdvar"],
        ["simpleTimeAggrOp"] = ["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last", "present"],
        ["topBottomOp"] = ["topk", "bottomk"],
        ["quantile"] = ["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"],
        ["arithBinOp"] = ["+", "-", "*", "/", "%", "^"],
        ["compBinOp"] = ["==", "!=", "<", ">", "<=", ">="],
        ["binOp"] = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="],
        ["simpleMathFunc"] = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"],
        ["extrapolatedRateFunc"] = ["delta", "rate", "increase"],
        ["clampFunc"] = ["clamp_min", "clamp_max"],
        ["instantRateFunc"] = ["idelta", "irate"],
        ["dateFunc"] = ["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
    };

    /// <summary>All queries, each with whether it has to be refused.</summary>
    public static IReadOnlyList<(string Query, bool IsRefused)> Read()
    {
        using var reader = new StreamReader(Path.Combine(RepositoryPaths.Conformance!, "compliance", "promql", "promql-test-queries.yml"));
        var file = new YamlStream();
        file.Load(reader);
        var cases = (YamlSequenceNode)((YamlMappingNode)file.Documents[0].RootNode)["test_cases"];
        return
        [
            .. cases.Cast<YamlMappingNode>().SelectMany(one => ComplianceCorpus.Expand(((YamlScalarNode)one["query"]).Value!.Replace(PublicHost, DemoDataSet.Host, StringComparison.Ordinal), "{{.", "}}", s_variants)
                .Select(query => (query, one.Children.ContainsKey("should_fail") && !query.Contains(OnceInvalid, StringComparison.Ordinal)))),
        ];
    }
}
