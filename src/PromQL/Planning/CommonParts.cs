using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Planning;

/// <summary>Vectors that a plan needs in several places: the same expression at the same times.</summary>
internal static class CommonParts
{
    /// <summary>The number of the part that a node is a place of, for each such node. Each part has at least two places, and the largest possible ones are taken.</summary>
    public static IReadOnlyDictionary<PlanNode, int> Find(PlanNode plan)
    {
        var parts = new Dictionary<PlanNode, int>(ReferenceEqualityComparer.Instance);
        if (CountSelectors(plan) < 2)
        {
            return parts;
        }

        var identities = new Dictionary<PlanNode, int>(ReferenceEqualityComparer.Instance);
        var counts = new List<int>();
        Identify(plan, identities, [], counts);
        var places = new Dictionary<int, List<PlanNode>>();
        Collect(plan, identities, counts, places);
        foreach (List<PlanNode> nodes in places.Values)
        {
            if (nodes.Count > 1)
            {
                int number = parts.Count == 0 ? 1 : parts.Values.Max() + 1;
                nodes.ForEach(node => parts.Add(node, number));
            }
        }

        return parts;
    }

    // Two nodes have the same identity if they are described alike and so are all their children.
    private static int Identify(PlanNode node, Dictionary<PlanNode, int> identities, Dictionary<string, int> known, List<int> counts)
    {
        var text = new StringBuilder();
        Describe(node, text);
        text.Append(CultureInfo.InvariantCulture, $" {node.Grid.StartMs} {node.Grid.StepMs} {node.Grid.Count} (");
        foreach (PlanNode child in node.Children)
        {
            text.Append(Identify(child, identities, known, counts)).Append(' ');
        }

        ref int identity = ref CollectionsMarshal.GetValueRefOrAddDefault(known, text.ToString(), out bool exists);
        if (!exists)
        {
            identity = counts.Count;
            counts.Add(0);
        }

        counts[identity]++;
        identities.Add(node, identity);
        return identity;
    }

    // What is inside a place counts once only: the others of the part will not be computed.
    private static void Collect(PlanNode node, Dictionary<PlanNode, int> identities, List<int> counts, Dictionary<int, List<PlanNode>> places)
    {
        int identity = identities[node];
        if (node.Type == ValueType.Vector && counts[identity] > 1 && CountSelectors(node) > 0)
        {
            ref List<PlanNode>? nodes = ref CollectionsMarshal.GetValueRefOrAddDefault(places, identity, out bool exists);
            (nodes ??= []).Add(node);
            if (exists)
            {
                return;
            }
        }

        // The second argument of info() lists matchers and is never computed.
        int children = node is CallNode { Function.Name: "info" } ? 1 : node.Children.Count;
        for (int i = 0; i < children; i++)
        {
            Collect(node.Children[i], identities, counts, places);
        }
    }

    private static int CountSelectors(PlanNode node) =>
        node is SelectNode or RangeSelectNode ? 1 : node.Children.Sum(CountSelectors);

    // Everything that a value depends on, positions and hints left out.
    private static void Describe(PlanNode node, StringBuilder text)
    {
        switch (node)
        {
            case NumberNode number:
                text.Append(CultureInfo.InvariantCulture, $"number {BitConverter.DoubleToInt64Bits(number.Value)}");
                break;
            case TextNode value:
                text.Append("text ").Append(GoQuote.Quote(value.Value));
                break;
            case SelectNode select:
                text.Append(CultureInfo.InvariantCulture, $"select {select.LookbackMs} {select.WantsTimestamp} {select.WantsStartTimestamp}");
                Describe(select.Source, text);
                break;
            case RangeSelectNode range:
                text.Append(CultureInfo.InvariantCulture, $"range {range.LookbackMs} {range.RangeMs}");
                Describe(range.Source, text);
                break;
            case SubqueryNode subquery:
                text.Append(CultureInfo.InvariantCulture, $"subquery {subquery.RangeMs} {subquery.OffsetMs} {subquery.AtMs}");
                break;
            case CallNode call:
                text.Append("call ").Append(call.Function.Name);
                break;
            case AggregateNode aggregate:
                text.Append(CultureInfo.InvariantCulture, $"aggregate {aggregate.Operator} {aggregate.IsWithout}");
                Describe(aggregate.Grouping, text);
                break;
            case BinaryNode binary:
                text.Append(CultureInfo.InvariantCulture, $"binary {binary.Operator} {binary.ReturnsBool}");
                Describe(binary.Matching, text);
                break;
            default:
                text.Append(node.GetType().Name);
                break;
        }
    }

    private static void Describe(SeriesSource source, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $" {source.OffsetMs} {source.AtMs} {source.Extension}");
        foreach (LabelMatcher matcher in source.Matchers)
        {
            text.Append(' ').Append(GoQuote.Quote(matcher.Name)).Append(LabelMatcher.Sign(matcher.Type)).Append(GoQuote.Quote(matcher.Value));
        }
    }

    private static void Describe(VectorMatching? matching, StringBuilder text)
    {
        if (matching is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {matching.Cardinality} {matching.IsOn} {matching.FillLeft:R} {matching.FillRight:R}");
            Describe(matching.Labels, text);
            Describe(matching.Include, text);
        }
    }

    private static void Describe(IReadOnlyList<string> names, StringBuilder text)
    {
        text.Append(" [");
        foreach (string name in names)
        {
            text.Append(GoQuote.Quote(name)).Append(',');
        }

        text.Append(']');
    }
}
