using System.Text;
using Narthex.Configuration.RuleTests;
using Narthex.Model;
using Narthex.Rules;

namespace Narthex.Promtool.Testing;

/// <summary>Compares the alerts that fire with those that are expected.</summary>
internal static class AlertComparison
{
    private const string Red = "\u001b[0;31m";
    private const string Green = "\u001b[0;32m";
    private const string Plain = "\u001b[0m";

    /// <summary>What is wrong; null if nothing is.</summary>
    public static string? Compare(string testName, AlertExpectation expectation, IEnumerable<RuleGroup> groups, bool asDiff)
    {
        Entry[] expected =
        [
            .. expectation.Alerts
                .Select(alert => new Entry(ToLabels([.. alert.Labels, new("alertname", expectation.AlertName)]), ToLabels(alert.Annotations)))
                .Order(),
        ];
        Entry[] got =
        [
            .. groups
                .SelectMany(group => group.Rules.OfType<AlertingRule>())
                .Where(rule => rule.Name == expectation.AlertName)
                .SelectMany(rule => rule.GetActiveAlerts())
                .Where(alert => alert.State == AlertState.Firing)
                .Select(alert => new Entry(alert.Labels, alert.Annotations))
                .Order(),
        ];
        if (expected.SequenceEqual(got))
        {
            return null;
        }

        string name = testName.Length > 0 ? $"    name: {testName},\n" : "";
        string head = $"{name}    alertname: {expectation.AlertName}, time: {PrometheusDuration.Format(expectation.EvaluationTime)}, \n";
        return asDiff
            ? head + "        diff: " + Indent(Diff(expected, got), "            ")
            : head + "        exp:" + Indent(Print(expected), "            ") + ", \n        got:" + Indent(Print(got), "            ");
    }

    private static Labels ToLabels(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var builder = new LabelsBuilder();
        foreach ((string name, string value) in pairs)
        {
            builder.Remove(Encoding.UTF8.GetBytes(name));
            builder.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        return builder.ToLabelsWithEmpty();
    }

    private static string Print(Entry[] entries)
    {
        var text = new StringBuilder("[");
        for (int i = 0; i < entries.Length; i++)
        {
            text.Append(i > 0 ? "," : "").Append('\n').Append(i).Append(':');
            text.Append("\n  Labels:").Append(entries[i].Labels).Append("\n  Annotations:").Append(entries[i].Annotations);
        }

        return text.Append(entries.Length > 0 ? "\n]" : "]").ToString();
    }

    private static string Diff(Entry[] expected, Entry[] got)
    {
        var lines = new List<string>();
        int count = Math.Max(expected.Length, got.Length);
        for (int i = 0; i < count; i++)
        {
            Entry? left = i < expected.Length ? expected[i] : null;
            Entry? right = i < got.Length ? got[i] : null;
            lines.Add("    {");
            AddDiff(lines, "Annotations", left?.Annotations ?? default, right?.Annotations ?? default, isLast: false);
            AddDiff(lines, "Labels", left?.Labels ?? default, right?.Labels ?? default, isLast: true);
            lines.Add(i < count - 1 ? "    }," : "    }");
        }

        return "[\n" + string.Join('\n', lines) + "\n]";
    }

    private static void AddDiff(List<string> lines, string title, Labels left, Labels right, bool isLast)
    {
        string end = isLast ? "" : ",";
        var expected = left.ToPairs().ToDictionary();
        var got = right.ToPairs().ToDictionary();
        string[] names = [.. expected.Keys.Union(got.Keys).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
        {
            lines.Add($"        \"{title}\": {{}}{end}");
            return;
        }

        lines.Add($"        \"{title}\": {{");
        for (int i = 0; i < names.Length; i++)
        {
            string name = GoQuote.Quote(names[i]);
            bool wasExpected = expected.TryGetValue(names[i], out string? before);
            bool isThere = got.TryGetValue(names[i], out string? after);
            string line = !isThere ? $"{Red}{name}: {GoQuote.Quote(before!)}{Plain}"
                : !wasExpected ? $"{Green}{name}: {GoQuote.Quote(after!)}{Plain}"
                : before == after ? $"{name}: {GoQuote.Quote(after!)}"
                : $"{name}: {Red}{GoQuote.Quote(before!)}{Plain} => {Green}{GoQuote.Quote(after!)}{Plain}";
            lines.Add("            " + line + (i < names.Length - 1 ? "," : ""));
        }

        lines.Add($"        }}{end}");
    }

    private static string Indent(string text, string indent) => text.Replace("\n", "\n" + indent, StringComparison.Ordinal);

    private readonly record struct Entry(Labels Labels, Labels Annotations) : IComparable<Entry>
    {
        public int CompareTo(Entry other)
        {
            int order = Labels.CompareTo(other.Labels);
            return order != 0 ? order : Annotations.CompareTo(other.Annotations);
        }
    }
}
