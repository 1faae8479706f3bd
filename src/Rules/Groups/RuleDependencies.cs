using Narthex.Model;
using Narthex.PromQL.Syntax;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Rules.Groups;

/// <summary>Which rules of a group need what others yield, and so which may run at one time.</summary>
internal static class RuleDependencies
{
    /// <summary>
    /// The rules by number, in batches: all that a rule needs is in batches before its own. One batch for each rule where a rule looks at series that
    /// are not known by name, as it may then need any of the others.
    /// </summary>
    public static IReadOnlyList<int[]> Order(IReadOnlyList<Rule> rules)
    {
        int[] batchOf = new int[rules.Count];
        for (int i = 0; i < rules.Count; i++)
        {
            IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors = SelectorFinder.Find(rules[i].Parsed);
            if (selectors.Any(selector => NameOf(selector) is null))
            {
                return [.. Enumerable.Range(0, rules.Count).Select(number => new[] { number })];
            }

            // What comes later in the file is seen with its values of the evaluation before, as without concurrency; it must not run earlier either.
            for (int earlier = 0; earlier < i; earlier++)
            {
                bool needs = selectors.Any(selector => Reads(selector, rules[earlier]));
                bool isNeeded = !needs && SelectorFinder.Find(rules[earlier].Parsed).Any(selector => Reads(selector, rules[i]));
                bool sameSeries = rules[earlier].Name == rules[i].Name;
                if (needs || isNeeded || sameSeries)
                {
                    batchOf[i] = Math.Max(batchOf[i], batchOf[earlier] + 1);
                }
            }
        }

        return [.. Enumerable.Range(0, rules.Count).GroupBy(number => batchOf[number]).OrderBy(batch => batch.Key).Select(batch => batch.ToArray())];
    }

    private static bool Reads(IReadOnlyList<LabelMatcher> selector, Rule rule)
    {
        string name = NameOf(selector)!;
        if (rule is RecordingRule)
        {
            return name == rule.Name;
        }

        return name is "ALERTS" or "ALERTS_FOR_STATE"
            && !selector.Any(matcher => matcher.Name == "alertname" && matcher.Type == MatchType.Equal && matcher.Value != rule.Name);
    }

    private static string? NameOf(IReadOnlyList<LabelMatcher> selector) =>
        selector.FirstOrDefault(matcher => matcher.Name == LabelNames.MetricName && matcher.Type == MatchType.Equal)?.Value;
}
