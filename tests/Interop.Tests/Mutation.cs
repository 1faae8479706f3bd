using System.Text.RegularExpressions;

namespace Narthex.Interop.Tests;

/// <summary>Changes one thing in a file of rules or of unit tests: a value, a label, a time, a line. What it changes follows from the seed.</summary>
internal sealed partial class Mutation(Random random)
{
    private static readonly string[] s_durations = ["5x", "", "-1m", "1.5h", "90", "1h30m", "0", "~", "[1m]", "{a: b}", "\"5m\"", "1y", "5 m", "m", "3m", "7m", "2m", "61s"];
    private static readonly string[] s_values = ["7", "1e3", "NaN", ".inf", "-Inf", "abc", "\"3\"", "", "1_0", "1e400", "~", "0.1"];
    private static readonly string[] s_texts = ["changed", "\"quo\\\"ted\"", "x y", "5", "\"\"", "'{{ $labels.nope }}'", "[a, b]", "{a: b}", "~", "true", "\"", "{", "@x", "*a", "- x", "a: b", "2026-01-01"];
    private static readonly string[] s_points =
    [
        "1", "1 2 3", "0x5", "1+1x10", "5-1x3", "_x3 1", "stale", "1 stale _", "x", "1 + 2", "1x", "NaN Inf -Inf", "{{count:1}}x3", "{{foo:1}}", "1e3x2", "--1", "1_", "", "1,2", "{{", "{{count:-1 buckets:[-1]}}x3",
    ];

    private static readonly string[] s_series = ["up", "up{", "up{a=\"b\"", "up{a=b}", "{}", "up{a=\"b\",a=\"c\"}", "", "1", "up{a=~\"b\"}", "{\"up\"}", "sum(up)", "up 1", "up[5m]"];

    private static readonly string[] s_expressions =
    [
        "up{", "sum(", "1", "up[5m]", "foo(1)", "vector(1)", "1 +", "sum by (a) (up)", "up == 1", "rate(up)", "", "a b", "up * on(a) group_left up", "quantile(2, up)", "ALERTS", "absent(nope)", "rate(up[5m])", "up / 0", "-up", "up)",
    ];

    private static readonly string[] s_templates =
    [
        "{{ $labels.job }", "{{ $value | humanize }}", "{{ $value | nope }}", "{{ .Foo }}", "{{ query \"nope\" | first | value }}", "{{ printf \"%d\" $value }}", "{{ range query \"up\" }}{{ .Labels.job }}{{ end }}",
        "{{ template \"x\" }}", "{{ $x }}", "{{ humanizeDuration \"x\" }}", "{{", "{{ end }}", "{{ query \"up{\" }}", "{{ $value | humanizePercentage }}", "{{ $labels }}",
    ];

    private static readonly string[] s_keys = ["foo: bar", "foo: [1, 2]", "name: again", "interval: 1m", "1: 2", "external_labels: {a: b}", "fuzzy_compare: yes", "alert_rule_test: {}", "input_series: x", "exp_samples: x", "labels: {a: b}"];

    /// <summary>Changes a file of unit tests and says how.</summary>
    public string ChangeTest(List<string> lines) => Change(
        lines,
        [
            ("value", found => Replace(found, "value:", s_values)), ("time", found => Replace(found, "(?:eval_time|interval|evaluation_interval):", s_durations)),
            ("points", found => Replace(found, "values:", s_points, quoted: true)), ("series", found => Replace(found, "series:", s_series, quoted: true)),
            ("expression", found => Replace(found, "expr:", s_expressions, quoted: true)), ("alert", found => Replace(found, "alertname:", ["Nope", "\"\"", "~", "5", "[a]"])),
            ("expected alert", ChangeExpectedAlert), ("text", found => Replace(found, "[a-z_]+:", s_texts)), ("key", AddKey), ("line away", Drop), ("line twice", Double), ("indentation", Indent),
        ]);

    /// <summary>Changes a file of rules and says how.</summary>
    public string ChangeRules(List<string> lines) => Change(
        lines,
        [
            ("time", found => Replace(found, "\"?(?:for|interval)\"?:", s_durations)), ("expression", found => Replace(found, "\"?expr\"?:", s_expressions, quoted: true)),
            ("template", found => Replace(found, "\"?(?:summary|description|message|severity)\"?:", s_templates, quoted: true)), ("text", found => Replace(found, "\"?(?:alert|record|severity|name)\"?:", s_texts)),
            ("key", AddKey), ("line away", Drop), ("line twice", Double), ("indentation", Indent),
        ]);

    private string Change(List<string> lines, (string Name, Func<List<string>, bool> Apply)[] changes)
    {
        while (true)
        {
            (string name, Func<List<string>, bool> apply) = changes[random.Next(changes.Length)];
            if (apply(lines))
            {
                return name;
            }
        }
    }

    private string Pick(string[] choices) => choices[random.Next(choices.Length)];

    // "key: what there is" becomes "key: something else", whatever lines follow.
    private bool Replace(List<string> lines, string key, string[] choices, bool quoted = false)
    {
        var pattern = new Regex(@"^(\s*(?:- )?" + key + ").*$");
        int[] places = [.. Enumerable.Range(0, lines.Count).Where(line => pattern.IsMatch(lines[line]))];
        if (places.Length == 0)
        {
            return false;
        }

        int at = places[random.Next(places.Length)];
        string choice = Pick(choices);
        lines[at] = $"{pattern.Match(lines[at]).Groups[1].Value} {(quoted ? $"'{choice}'" : choice)}";
        return true;
    }

    // Either the alert is not expected any more, or it is expected twice.
    private bool ChangeExpectedAlert(List<string> lines)
    {
        int[] places = [.. Enumerable.Range(0, lines.Count).Where(line => ExpectedAlert().IsMatch(lines[line]))];
        if (places.Length == 0)
        {
            return false;
        }

        int from = places[random.Next(places.Length)];
        int indent = lines[from].IndexOf('-', StringComparison.Ordinal);
        int to = from + 1;
        while (to < lines.Count && (lines[to].AsSpan().Trim().IsEmpty || lines[to].AsSpan().IndexOfAnyExcept(' ') > indent))
        {
            to++;
        }

        List<string> alert = lines[from..to];
        if (random.Next(2) == 0)
        {
            lines.RemoveRange(from, to - from);
        }
        else
        {
            lines.InsertRange(to, alert);
        }

        return true;
    }

    private bool AddKey(List<string> lines)
    {
        int at = random.Next(lines.Count);
        Match key = Key().Match(lines[at]);
        if (!key.Success)
        {
            return false;
        }

        bool isItem = key.Groups[2].Length > 0;
        lines.Insert(isItem ? at + 1 : at, key.Groups[1].Value + (isItem ? "  " : "") + Pick(s_keys));
        return true;
    }

    private bool Drop(List<string> lines)
    {
        lines.RemoveAt(random.Next(lines.Count));
        return true;
    }

    private bool Double(List<string> lines)
    {
        int at = random.Next(lines.Count);
        lines.Insert(at, lines[at]);
        return true;
    }

    private bool Indent(List<string> lines)
    {
        int at = random.Next(lines.Count);
        lines[at] = random.Next(4) switch { 0 => " " + lines[at], 1 => lines[at].Length > 0 ? lines[at][1..] : "", 2 => "\t" + lines[at], _ => "  " + lines[at] };
        return true;
    }

    [GeneratedRegex(@"^\s*- exp_labels")]
    private static partial Regex ExpectedAlert();

    [GeneratedRegex("^( *)(- )?\"?[a-z_]+\"?:")]
    private static partial Regex Key();
}
