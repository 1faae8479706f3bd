using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Planning;

/// <summary>Writes a plan as an indented tree: one line for each node, children below their parent.</summary>
internal static class PlanPrinter
{
    public static string Print(PlanNode plan)
    {
        var text = new StringBuilder();
        Print(plan, 0, text);
        return text.ToString();
    }

    /// <summary>The plan as a tree of descriptions.</summary>
    public static QueryPlan ToTree(PlanNode plan, QueryProfile? profile = null) => ToTree(plan, CommonParts.Find(plan), profile);

    private static QueryPlan ToTree(PlanNode node, IReadOnlyDictionary<PlanNode, int> parts, QueryProfile? profile) => new(
        NameOf(node), Describe(node), node.Grid.StartMs, node.Grid.StepMs, node.Grid.Count, [.. node.Children.Select(child => ToTree(child, parts, profile))])
    {
        Shared = parts.TryGetValue(node, out int part) ? part : null,
        Cost = profile?.CostOf(node),
    };

    private static void Print(PlanNode node, int depth, StringBuilder text)
    {
        text.Append(' ', depth * 2).Append(Describe(node));
        if (depth == 0 || node is SubqueryNode or StepInvariantNode)
        {
            StepGridOf(node, text);
        }

        text.Append('\n');
        foreach (PlanNode child in node.Children)
        {
            Print(child, depth + 1, text);
        }
    }

    private static string NameOf(PlanNode node) => node switch
    {
        NumberNode => "number",
        TextNode => "text",
        SelectNode => "select",
        RangeSelectNode => "select range",
        SubqueryNode => "subquery",
        CallNode => "call",
        AggregateNode => "aggregate",
        BinaryNode => "binary",
        NegateNode => "negate",
        _ => "once for all steps",
    };

    private static void StepGridOf(PlanNode node, StringBuilder text)
    {
        Execution.StepGrid grid = node is SubqueryNode subquery ? subquery.Inner.Grid : node is StepInvariantNode invariant ? invariant.Inner.Grid : node.Grid;
        text.Append(CultureInfo.InvariantCulture, $"  [{grid.Count} steps from {grid.StartMs} ms every {grid.StepMs} ms]");
    }

    private static string Describe(PlanNode node) => node switch
    {
        NumberNode number => FloatFormat.FormatGeneral(number.Value),
        TextNode text => GoQuote.Quote(text.Value),
        SelectNode select => $"select{(select.WantsTimestamp ? " times of" : select.WantsStartTimestamp ? " start times of" : "")} {Describe(select.Source)} lookback {select.LookbackMs} ms",
        RangeSelectNode range => $"select range {Describe(range.Source)} window {range.RangeMs} ms",
        SubqueryNode subquery => $"subquery window {subquery.RangeMs} ms{Shift(subquery.OffsetMs, subquery.AtMs)}",
        CallNode call => call.Function.Name,
        AggregateNode aggregate =>
            $"{aggregate.Operator.ToString().ToLowerInvariant()} {(aggregate.IsWithout ? "without" : "by")} ({string.Join(", ", aggregate.Grouping)})",
        BinaryNode binary => BinaryKernels.Sign(binary.Operator) + (binary.ReturnsBool ? " bool" : "") + Describe(binary.Matching),
        NegateNode => "negate",
        StepInvariantNode => "once for all steps",
        _ => node.GetType().Name,
    };

    private static string Describe(SeriesSource source) =>
        "{" + string.Join(", ", source.Matchers) + "}" + Shift(source.OffsetMs, source.AtMs)
        + (source.Extension == SelectorExtension.None ? "" : " " + source.Extension.ToString().ToLowerInvariant());

    private static string Describe(VectorMatching? matching) => matching is null
        ? ""
        : $" {(matching.IsOn ? "on" : "ignoring")} ({string.Join(", ", matching.Labels)}) {matching.Cardinality switch
        {
            MatchCardinality.OneToOne => "one to one",
            MatchCardinality.ManyToOne => "many to one",
            MatchCardinality.OneToMany => "one to many",
            _ => "many to many",
        }}";

    private static string Shift(long offsetMs, long? atMs) =>
        (offsetMs == 0 ? "" : $" offset {offsetMs} ms") + (atMs is { } fixedMs ? $" @ {fixedMs} ms" : "");
}
