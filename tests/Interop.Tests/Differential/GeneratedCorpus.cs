namespace Narthex.Interop.Tests.Differential;

/// <summary>Every function, aggregation and operator with every kind of argument over <see cref="SampleDataSet"/>, then random compositions.</summary>
internal static class GeneratedCorpus
{
    private static readonly string[] s_vectors =
    [
        "requests_total", "temperature{job=\"api\"}", "hard", "steady", "gaps", "stale", "native_seconds", "native_gauge", "native_custom", "native_mixed",
        "latency_seconds_bucket", "nothing", "{\"dotted.name\"}", "irregular", "vector(time())", "-temperature", "native_empty", "native_nan", "{__name__=~\"nat.*|seven|one\"}",
    ];

    private static readonly string[] s_rangeSeries =
    [
        "requests_total", "temperature", "hard", "steady", "gaps", "stale", "irregular", "irregular_total", "single", "twice", "early", "late", "large_total",
        "native_seconds", "native_gauge", "native_custom", "native_mixed", "native_empty", "native_stale", "latency_seconds_bucket", "nothing",
        "{\"dotted.name\"}", "{__name__=~\"seven|many\"}",
    ];

    private static readonly string[] s_windows =
        ["[5m]", "[10s]", "[1m]", "[47s] offset 3m", "[20m]", "[90m]", "[5m] @ 1767229200", "[10m] @ end() offset -2m", "[10m:1m]", "[5m:17s] offset 1m", "[15m:]", "[10m:1m] @ start()"];

    private static readonly string[] s_instantFunctions =
    [
        "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "day_of_month", "day_of_week", "day_of_year", "days_in_month",
        "deg", "exp", "floor", "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum", "hour", "ln", "log10", "log2", "minute",
        "month", "rad", "round", "scalar", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp", "year",
    ];

    private static readonly string[] s_rangeFunctions =
    [
        "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate", "last_over_time", "max_over_time",
        "min_over_time", "present_over_time", "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time", "mad_over_time",
    ];

    private static readonly string[] s_aggregations = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
    private static readonly string[] s_arithmetic = ["+", "-", "*", "/", "%", "^", "atan2"];
    private static readonly string[] s_comparisons = ["==", "!=", ">", "<", ">=", "<="];

    /// <summary>All of them, each once.</summary>
    public static IReadOnlyList<string> Create() =>
        [.. Selectors().Concat(Functions()).Concat(RangeFunctions()).Concat(YoungHistograms()).Concat(Aggregations()).Concat(Operators()).Concat(Histograms()).Concat(Labels()).Concat(Mistakes()).Concat(Random(1500)).Distinct()];

    private static IEnumerable<string> Selectors()
    {
        string[] modifiers =
            ["", " offset 5m", " offset -3m", " @ 1767229200", " @ start()", " @ end() offset 1m", " @ 1767229207.5", " offset 1h30m", " @ -5", " @ 1e9", " offset 0s", " @ 0x69560000"];
        string[] matchers =
        [
            "{job=\"api\"}", "{job!=\"api\"}", "{code=~\"4..|500\"}", "{code!~\"4.*\"}", "{code=\"\"}", "{missing=\"\"}", "{missing!=\"x\"}", "{missing=~\".*\"}", "{missing=~\".+\"}", "{instance=~\"host-[01].*\",job=~\"a.i\"}",
            "{instance=~\"(?i:HOST-0.*)\"}", "{code=~\"\"}", "{code!~\"\"}",
        ];
        foreach (string vector in s_vectors.Where(v => v[0] != 'v' && v[0] != '-'))
        {
            foreach (string modifier in modifiers)
            {
                yield return vector + modifier;
            }
        }

        foreach (string matcher in matchers)
        {
            yield return "requests_total" + matcher;
            yield return $"sum by (job) (rate(requests_total{matcher}[5m]))";
        }

        foreach (string one in s_rangeSeries)
        {
            yield return one + "[3m]";
            yield return one + "[1m:20s]";
        }

        foreach (string text in (string[])
            ["1", "-1", "0x1F", "1e3", "1_000", ".5", "Inf", "-Inf", "NaN", "\"text\"", "'it''s'", "`raw\\n`", "\"\\u00fc\\n\"", "5m", "1h30m", "time()", "pi()", "-time()", "1 + 2 * 3 ^ 2 ^ 0.5",
             "-1 ^ 2", "7 % -3", "1 / 0", "-1 / 0", "0 / 0", "1 > bool 2", "time() - 1767225600", "scalar(requests_total)", "scalar(single)", "vector(1)", "vector(NaN)", "(((1)))",
             "stale[10m]", "gaps[20m] offset 7m", "irregular[5m] @ 1767229200", "{\"dotted.name\", \"label.with.dots\"=\"ü\"}", "{\"dotted.name\"}[2m]", "up", "{__name__=~\"s.*\"}", "seven == 3", "1e-7", "123456789012345678901234567890", "1.0e21 + 0"])
        {
            yield return text;
        }
    }

    private static IEnumerable<string> Functions()
    {
        foreach (string function in s_instantFunctions)
        {
            foreach (string vector in s_vectors)
            {
                yield return $"{function}({vector})";
            }
        }

        foreach (string function in (string[])["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"])
        {
            yield return $"{function}()";
            yield return $"{function}(moment_seconds)";
        }

        foreach (string vector in s_vectors)
        {
            foreach (string call in (string[])
                ["clamp({0}, -1, 10)", "clamp({0}, 10, -1)", "clamp({0}, NaN, 1)", "clamp_min({0}, 3)", "clamp_max({0}, -0.5)", "clamp_max({0}, NaN)", "round({0}, 0.3)", "round({0}, 0)", "round({0}, -5)",
                 "vector(scalar({0}))", "histogram_fraction(0, 1.5, {0})", "histogram_fraction(-1, 0.2, {0})", "histogram_fraction(NaN, 1, {0})", "histogram_fraction(2, 1, {0})",
                 "histogram_quantile(0.9, {0})", "histogram_quantile(0.1, {0})", "histogram_quantile(NaN, {0})", "histogram_quantile(-1, {0})", "histogram_quantile(2, {0})", "histogram_quantile(0, {0})",
                 "histogram_quantile(1, {0})", "timestamp({0} offset 1m)", "timestamp(timestamp({0}))", "sort_by_label({0}, \"code\", \"instance\")", "sort_by_label_desc({0}, \"le\", \"kind\")",
                 "info({0})", "info({0}, {{version=~\".+\"}})", "info({0}, {{zone=\"a\"}})", "absent({0} > 1e99)", "({0}) > 5", "({0}) == ({0})"])
            {
                yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, call, vector);
            }
        }
    }

    private static IEnumerable<string> RangeFunctions()
    {
        int turn = 0;
        foreach (string series in s_rangeSeries)
        {
            foreach (string function in s_rangeFunctions)
            {
                // Three windows each, another three for the next: all combinations would be ten thousand.
                for (int i = 0; i < 3; i++)
                {
                    yield return $"{function}({series}{s_windows[turn++ % s_windows.Length]})";
                }
            }

            foreach (string call in (string[])
                ["quantile_over_time(0.3, {0})", "quantile_over_time(-1, {0})", "quantile_over_time(NaN, {0})", "quantile_over_time(1.2, {0})", "predict_linear({0}, 600)", "predict_linear({0}, -60)",
                 "double_exponential_smoothing({0}, 0.3, 0.6)", "double_exponential_smoothing({0}, 0.9, 0.1)", "absent({0})", "quantile_over_time(scalar(single), {0})"])
            {
                yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, call, series + s_windows[turn++ % s_windows.Length]);
            }

            yield return $"rate({series}[5m] offset -1m)";
            yield return $"sum_over_time((rate({series}[2m]))[10m:30s])";
            yield return $"max_over_time(avg_over_time({series}[2m])[10m:1m] offset 2m)";
            yield return $"increase({series}[7m]) / 7";
        }
    }

    // Histograms that begin at zero, again and again.
    private static IEnumerable<string> YoungHistograms() =>
        s_windows.SelectMany(window => (string[])["rate", "increase"], (window, function) => $"{function}(native_young{window})").SelectMany(rate => (string[])[rate, $"histogram_count({rate})", $"histogram_quantile(0.9, {rate})"]);

    private static IEnumerable<string> Aggregations()
    {
        string[] groupings = ["", " by (job)", " by (instance, code)", " without (code)", " by ()", " without ()", " by (missing)", " without (instance, job)", " by (__name__)"];
        string[] inputs =
            ["requests_total", "hard", "steady", "stale", "gaps", "native_seconds", "native_mixed", "native_custom", "{__name__=~\"native_.*\"}", "rate(requests_total[5m])", "nothing", "{__name__=~\"seven|hard|native_seconds\"}", "native_gauge", "many - 110"];
        foreach (string input in inputs)
        {
            foreach (string grouping in groupings)
            {
                foreach (string aggregation in s_aggregations)
                {
                    yield return $"{aggregation}{grouping} ({input})";
                }
            }

            foreach (string grouping in (string[])["", " by (job)", " without (code)", " by (kind)"])
            {
                foreach (string call in (string[])
                    ["topk{0} (2, {1})", "bottomk{0} (2, {1})", "topk{0} (0, {1})", "topk{0} (100, {1})", "quantile{0} (0.4, {1})", "quantile{0} (-0.1, {1})", "quantile{0} (NaN, {1})", "quantile{0} (1.1, {1})",
                     "count_values{0} (\"value\", {1})", "limitk{0} (100, {1})", "count(limitk{0} (2, {1}))", "limit_ratio{0} (1, {1})", "count(limit_ratio{0} (0, {1}))", "topk{0} (scalar(seven{{a=\"1\"}}), {1})"])
                {
                    yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, call, grouping, input);
                }
            }
        }
    }

    private static IEnumerable<string> Operators()
    {
        string[] operands = ["requests_total", "2", "many", "hard", "native_seconds", "time()", "native_mixed", "native_custom", "steady", "nothing", "0"];
        foreach (string op in s_arithmetic.Concat(s_comparisons).Concat(s_comparisons.Select(c => c + " bool")))
        {
            foreach (string left in operands)
            {
                foreach (string right in operands)
                {
                    yield return $"{left} {op} {right}";
                }
            }

            yield return $"many {op} on (x) group_left one";
            yield return $"many {op} on (x) group_left (team) one";
            yield return $"one {op} on (x) group_right (team) many";
            yield return $"many {op} ignoring (y, team) group_left (team) one";
            yield return $"many {op} on (x) one";
            yield return $"many{{y=\"1\"}} {op} on (x) one";
            yield return $"many{{y=\"1\"}} {op} ignoring (y, team) one";
            yield return $"requests_total{{job=\"api\"}} {op} ignoring (job) requests_total{{job=\"web\"}}";
            yield return $"requests_total {op} on (instance) group_left (version) target_info{{job=\"api\"}}";
            yield return $"sum by (job) (requests_total) {op} sum by (job) (temperature)";
            yield return $"many {op} on (x) group_left (role) role";
            yield return $"temperature {op} on () group_left () vector(3)";
        }

        foreach (string op in (string[])["and", "or", "unless"])
        {
            foreach (string left in operands.Where(o => o[0] is not ('0' or '2' or 't')))
            {
                foreach (string right in operands.Where(o => o[0] is not ('0' or '2' or 't')))
                {
                    yield return $"{left} {op} {right}";
                }
            }

            yield return $"many {op} on (x) one";
            yield return $"many {op} ignoring (y, team) one";
            yield return $"(many > 112) {op} on (x) (one > 110)";
            yield return $"many {op} on () vector(1)";
            yield return $"stale {op} gaps";
            yield return $"requests_total {op} on (instance) (temperature > 50)";
            yield return $"gaps {op} vector(1)";
        }
    }

    private static IEnumerable<string> Histograms()
    {
        foreach (string input in (string[])
            ["latency_seconds_bucket", "rate(latency_seconds_bucket[5m])", "sum by (le) (rate(latency_seconds_bucket[5m]))", "sum by (le, handler) (increase(latency_seconds_bucket[10m]))", "latency_seconds_bucket{le!=\"+Inf\"}",
             "broken_bucket", "unbounded_bucket", "{__name__=~\"latency_seconds_.+\"}", "rate(native_seconds[5m])", "sum(rate(native_seconds[5m]))", "sum by (instance) (rate(native_custom[5m]))", "sum(native_custom)",
             "avg(native_seconds)", "increase(native_seconds[3m])", "native_seconds * 2", "native_seconds / 4", "-native_seconds", "native_seconds - native_seconds", "native_seconds + on () group_left () native_seconds{instance=\"0\"}",
             "delta(native_gauge[5m])", "idelta(native_gauge[5m])", "irate(native_seconds[5m])", "sum_over_time(native_seconds[2m])", "avg_over_time(native_custom[2m])", "last_over_time(native_stale[10m])", "native_mixed > 3",
             "native_seconds == native_seconds", "native_seconds != native_seconds", "native_custom + native_seconds", "sum(native_custom or native_seconds)", "rate(native_mixed[10m])", "resets(native_seconds[30m])", "changes(native_custom[30m])",
             "{__name__=~\"latency_seconds_bucket|native_seconds\"}", "label_replace(native_seconds, \"le\", \"1\", \"\", \"\") or latency_seconds_bucket"])
        {
            yield return input;
            foreach (string function in (string[])
                ["histogram_quantile(0.5, {0})", "histogram_quantile(0.99, {0})", "histogram_quantile(0.001, {0})", "histogram_fraction(0.2, 0.8, {0})", "histogram_fraction(-Inf, 1, {0})", "histogram_fraction(0, +Inf, {0})",
                 "histogram_avg({0})", "histogram_count({0})", "histogram_sum({0})", "histogram_stddev({0})", "histogram_stdvar({0})", "sum({0})", "count({0})", "min({0})", "topk(1, {0})", "quantile(0.5, {0})", "stddev({0})", "count_values(\"v\", {0})"])
            {
                yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, function, input);
            }
        }
    }

    private static IEnumerable<string> Labels()
    {
        foreach (string call in (string[])
            ["label_replace({0}, \"new\", \"$1-x\", \"instance\", \"(.*):.*\")", "label_replace({0}, \"instance\", \"\", \"instance\", \".*\")", "label_replace({0}, \"job\", \"${{name}}\", \"instance\", \"host-(?P<name>.).*\")",
             "label_replace({0}, \"__name__\", \"renamed\", \"\", \"\")", "label_replace({0}, \"é\", \"$0\", \"job\", \"a.*\")", "label_replace({0}, \"x\", \"$5$$\", \"job\", \"(.)(.).*\")", "label_replace({0}, \"x\", \"v\", \"missing\", \"\")",
             "label_replace({0}, \"bad\\xff\", \"v\", \"job\", \".*\")", "label_replace({0}, \"x\", \"v\", \"job\", \"(unclosed\")", "label_replace({0}, \"\", \"v\", \"job\", \".*\")", "label_join({0}, \"new\", \"-\", \"job\", \"instance\")",
             "label_join({0}, \"job\", \"\", \"missing\")", "label_join({0}, \"__name__\", \"_\", \"job\", \"code\")", "label_join({0}, \"new\", \",\")", "label_join({0}, \"\", \",\", \"job\")", "sum by (new) (label_replace({0}, \"new\", \"$1\", \"code\", \"(.).*\"))"])
        {
            foreach (string vector in (string[])["requests_total", "temperature", "native_seconds", "nothing", "rate(requests_total[5m])", "{\"dotted.name\"}", "seven"])
            {
                yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, call, vector);
            }
        }
    }

    private static IEnumerable<string> Mistakes() =>
    [
        "", " ", "sum(", "sum)", "requests_total[5m", "requests_total[", "requests_total{", "requests_total{job}", "requests_total{job=}", "requests_total{job=\"a\"", "{}", "{job=\"\"}", "{job=~\".*\"}", "1 +", "+ +", "rate(requests_total)",
        "rate(requests_total[5m]", "rate()", "rate(1)", "rate(requests_total[5m], 1)", "unknown_function(1)", "sum(1)", "sum by job (requests_total)", "topk(requests_total)", "topk(\"a\", requests_total)", "quantile(requests_total, 1)",
        "requests_total offset", "requests_total offset 5", "requests_total offset x", "requests_total @", "requests_total @ foo", "requests_total[5m][5m]", "requests_total[5m:1m:1m]", "requests_total[0s]", "requests_total[-5m]", "(requests_total)[5m]",
        "requests_total[5m] offset 1m offset 2m", "requests_total @ 1 @ 2", "1[5m]", "1 and 2", "1 or requests_total", "requests_total and 1", "1 > 2", "\"a\" + 1", "\"a\" == \"b\"", "-\"a\"", "requests_total[5m] + 1", "sum(requests_total[5m])",
        "abs(requests_total[5m])", "vector(requests_total)", "scalar(1)", "time(1)", "label_replace(requests_total, \"a\")", "label_replace(requests_total, 1, 2, 3, 4)", "count_values(1, requests_total)", "many + on (x) group_left one + on",
        "many + group_left one", "many and on (x) group_left one", "many + on (x, x) one", "1 + on (x) 2", "bool", "1 + bool 2", "many + bool one", "\"unclosed", "'unclosed", "`unclosed", "\"bad \\q escape\"", "requests_total{job=\"\\xzz\"}", "1..2", "1.2.3",
        "0x", "1e", "5mm", "5m3h", "1d1y", "requests_total{__name__=\"x\"}", "requests_total{job=~\"[\"}", "requests_total{job=~\"*\"}", "a b", "a,b", "sum(a,b)", "sum by (1) (a)", "sum by (a,) (requests_total)", "sum without (,) (a)", "{a=\"b\",}", "{,}", "a{,}", "a{b=\"c\",,}",
        "!a", "a !", "a = b", "a =~ b", "a === b", "a ! = b", "#comment", "requests_total # comment", "1 # x\n+ 2", "a[5m] @ end", "a @ start(1)", "min_over_time(a[5m:1m] offset", "holt_winters(temperature[5m], 0.5, 0.5)", "double_exponential_smoothing(temperature[5m], 2, 0.5)",
        "double_exponential_smoothing(temperature[5m], 0.5, -1)", "limit_ratio(2, requests_total)", "limit_ratio(NaN, requests_total)", "limitk(-1, requests_total)", "topk(NaN, requests_total)", "topk(1e30, requests_total)", "topk(-3, requests_total)", "count_values(\"a b\", requests_total)", "count_values(\"\\xff\", requests_total)", "count_values(\"\", requests_total)",
        "requests_total + requests_total{job=\"api\"}", "requests_total * on (job) requests_total", "one * on (x) many", "many * on (x) many", "many * on (x) group_left many", "many * on (x) group_left (y) one", "one * on (x) group_left (y) many", "many * on (y) group_left one", "label_replace(many, \"x\", \"\", \"x\", \".*\")",
        "rate({__name__=~\"seven|requests_total\"}[5m])", "-{__name__=~\"seven|hard\"}", "abs({__name__=~\"seven|early\"})", "{__name__=~\"seven|early\"} * 2", "sum_over_time({__name__=~\"late|early\"}[5m])", "sort(1)", "sort_by_label(requests_total)", "sort_by_label(requests_total, 1)", "sort_by_label(requests_total, \"\\xff\")", "info(1)", "info(requests_total, target_info)", "info(requests_total, {__name__=\"x\"})",
        "histogram_quantile(requests_total, 1)", "absent(1)", "absent_over_time(requests_total)", "absent_over_time(nothing{a=\"b\",c=~\"d\"}[5m])", "absent(nothing{a=\"b\",a=\"c\"})", "absent(sum(nothing))", "absent(nothing{a=~\"x\",b!=\"y\",c=\"z\"})", "start() + end()", "ln(-1)", "sqrt(-1)", "predict_linear(temperature[5m])", "quantile_over_time(temperature[5m], 1)", "1 unless 2", "a[5m] or b[5m]", "a[5m] > 1",
        "sum(a) by (b) by (c)", "sum by (a) (b) by (c)", "on (x) a", "group_left", "offset 5m", "(1", "1)", "[5m]", "{a=b}", "{\"a\"=\"b\"=\"c\"}", "{\"a\",\"b\"}", "a{\"b\"}", "sum(1, 2, 3)", "\u00e9", "a{é=\"1\"}", "{\"é\"}", "\\u0061", "$a", "a$b", "a&b", "a|b", "a;b", "1 ** 2", "1 // 2", "1 <> 2", "a =! b", "a{b=!\"c\"}", "a{b==\"c\"}", "a[1h:5m] offset -5m @ 100", "Sum(a)", "SUM(requests_total)", "sum BY (job) (requests_total)", "requests_total OFFSET 5m", "nan", "inf", "INF", "iNf + 1", "requests_total{job=\"api\" code=\"200\"}", "rate(requests_total [5m])", "requests_total [5m]",
    ];

    /// <summary>Nested expressions that make sense by type, from a fixed seed.</summary>
    private static IEnumerable<string> Random(int count)
    {
        var random = new Random(20260101);
        for (int i = 0; i < count; i++)
        {
            yield return Vector(random, 1 + random.Next(3));
        }
    }

    private static string Vector(Random random, int depth)
    {
        if (depth == 0)
        {
            return Pick(random, ["requests_total", "temperature", "many", "one", "seven", "gaps", "stale", "irregular", "native_seconds", "latency_seconds_bucket", "steady", "requests_total{code=\"200\"}", "many{y=\"1\"}", "late", "early"])
                + Pick(random, ["", "", "", "", " offset 4m", " @ 1767229200", " @ end()"]);
        }

        return random.Next(9) switch
        {
            0 => $"{Pick(random, s_instantFunctions.Where(f => f is not ("scalar" or "sort" or "sort_desc")).ToArray())}({Vector(random, depth - 1)})",
            1 => $"{Pick(random, s_rangeFunctions)}({Pick(random, s_rangeSeries)}{Pick(random, s_windows)})",
            2 => $"{Pick(random, s_rangeFunctions)}(({Vector(random, depth - 1)})[{Pick(random, ["5m:1m", "10m:30s", "7m:", "20m:3m", "3m:17s"])}]{Pick(random, ["", "", " offset 2m", " @ 1767229200"])})",
            3 or 4 => $"{Pick(random, s_aggregations)}{Pick(random, ["", " by (job)", " by (x)", " without (instance)", " by (instance, x)", " without (code, y)"])} ({Vector(random, depth - 1)})",
            5 => $"({Vector(random, depth - 1)}) {Pick(random, s_arithmetic)} {Scalar(random)}",
            6 => $"{Scalar(random)} {Pick(random, s_comparisons)} ({Vector(random, depth - 1)})",
            7 => $"({Vector(random, depth - 1)}) {Pick(random, [.. s_arithmetic, "and", "or", "unless", ">", "<= bool", "!="])} {Pick(random, ["", "", "on (job) ", "on (x) ", "ignoring (code, y) ", "on () "])}({Vector(random, depth - 1)})",
            _ => $"{Pick(random, ["topk", "bottomk", "quantile"])}{Pick(random, ["", " by (job)", " without (x)"])} ({Pick(random, ["1", "3", "0.5"])}, {Vector(random, depth - 1)})",
        };
    }

    private static string Scalar(Random random) => Pick(random, ["2", "0", "-1.5", "1e3", "NaN", "time()", "scalar(single)", "pi()", "(1 + 2)", "Inf"]);

    private static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
