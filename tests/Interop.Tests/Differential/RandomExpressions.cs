using System.Globalization;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Random trees of expressions over <see cref="SampleDataSet"/> and <see cref="OddDataSet"/>, the same for the same seed.</summary>
/// <remarks>
/// Operands of one operation mostly come from one family of series, so that matching finds something. Nothing is asked for that could differ by rounding alone:
/// an exact context, such as a comparison, has no transcendental function below it. What 3.14 answers otherwise than the peer by value is left to
/// <see cref="GeneratedCorpus"/>, which asks for it where the right answer can be made.
/// </remarks>
/// <param name="seed">Decides everything.</param>
internal sealed partial class RandomExpressions(int seed)
{
    private static readonly string[] s_exactFunctions =
        ["abs", "ceil", "floor", "sgn", "sqrt", "clamp_max", "clamp_min", "clamp", "round", "timestamp", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"];

    private static readonly string[] s_otherFunctions =
        ["deg", "rad", "exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"];

    private static readonly string[] s_histogramFunctions = ["histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar"];

    private static readonly string[] s_exactRangeFunctions =
        ["changes", "count_over_time", "delta", "idelta", "increase", "irate", "last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets", "sum_over_time"];

    private static readonly string[] s_otherRangeFunctions = ["avg_over_time", "deriv", "stddev_over_time", "stdvar_over_time", "ts_of_max_over_time", "ts_of_min_over_time", "ts_of_last_over_time"];
    private static readonly string[] s_exactAggregations = ["sum", "min", "max", "count", "group", "avg"];
    private static readonly string[] s_aggregations = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
    private static readonly string[] s_exactArithmetic = ["+", "-", "*", "/"];
    private static readonly string[] s_arithmetic = ["+", "-", "*", "/", "%", "^", "atan2"];
    private static readonly string[] s_comparisons = ["==", "!=", ">", "<", ">=", "<="];
    private static readonly string[] s_ranges = ["1m", "2m", "5m", "10m", "47s", "300", "1h", "20m", "1500ms", "3m30s", "15s", "90s"];
    private static readonly string[] s_resolutions = ["", "1m", "30s", "15s", "17s", "2m", "45"];
    private static readonly string[] s_offsets = ["1m", "5m", "-2m", "-15s", "37s", "1h", "0.25", "-1h30m", "0s"];
    private static readonly string[] s_times = ["1767229200", "1767229207.5", "start()", "end()", "1767232800", "1767225660.001", "1e9", "1767225600"];
    private static readonly string[] s_scalars = ["0", "1", "2", "-1.5", "0.25", "1e3", "NaN", "Inf", "-Inf", "0x1F", "60", "1m", "1e-300", "-0", "1e300"];

    private readonly Random _random = new(seed);
    private bool _pins = true;

    /// <summary>The next expression.</summary>
    public string Next()
    {
        int depth = 2 + _random.Next(4);
        string text = _random.Next(24) switch
        {
            0 => Scalar(depth, Family(), isExact: false),
            1 => Matrix(depth, Family(), isExact: false),
            2 => Sort(depth),
            3 => Text(),
            _ => Vector(depth, Family(), isExact: false),
        };
        return _random.Next(8) == 0 ? Laid(text) : text;
    }

    private string Vector(int depth, SeriesFamily family, bool isExact)
    {
        if (_random.Next(200) == 0)
        {
            return Mistake(depth, family);
        }

        if (depth <= 0)
        {
            return Selector(family) + Modifier();
        }

        depth--;
        return _random.Next(24) switch
        {
            0 or 1 => Function(depth, family, isExact),
            2 or 3 or 4 or 5 => RangeFunction(depth, family, isExact),
            6 or 7 or 8 => $"{Keyword(Pick(isExact ? s_exactAggregations : s_aggregations))}{Grouped(family, Vector(depth, family, isExact))}",
            9 => Selection(depth, family, isExact),
            10 or 11 or 12 => VectorAndScalar(depth, family, isExact),
            13 or 14 or 15 => VectorAndVector(depth, family, isExact),
            16 => SetOperation(depth, family, isExact),
            17 => Relabelled(depth, family, isExact),
            18 => Pick("absent({0})", "-{0}", "-({0})", "+{0}", "({0})", "absent({0} > 1e99)", "absent_over_time(({0})[5m:1m])") is var form ? Filled(form, Vector(depth, family, isExact)) : "",
            19 => $"vector({Scalar(depth, family, isExact)})",
            20 => HistogramFunction(depth, isExact),
            21 => $"({Vector(depth, family, isExact)})",
            22 => Pick("hour()", "minute()", "vector(time())", "absent({0})", "absent({0} offset 1h)", "absent_over_time({0}[5m])", "absent_over_time({0}[30s] offset 1h)", "year()", "info(requests_total, {{version=~\".+\"}})", "info({0})", "vector(1)") is var form
                ? Filled(form, Selector(family)) : "",
            _ => Selector(family) + Modifier(),
        };
    }

    private string Function(int depth, SeriesFamily family, bool isExact)
    {
        string function = Pick(isExact || _random.Next(2) == 0 ? s_exactFunctions : s_otherFunctions);

        // What is not exact is not looked at once more: steps have edges, and waves amplify.
        string argument = Vector(depth, family, isExact: true);
        return function switch
        {
            "clamp_max" or "clamp_min" => $"{function}({argument}, {Scalar(depth - 1, family, isExact: true)})",
            "clamp" => $"clamp({argument}, {Scalar(0, family, isExact: true)}, {Scalar(depth - 1, family, isExact: true)})",
            "round" when _random.Next(2) == 0 => $"round({argument}, {Pick("0.5", "2", "10", "0.125", "-4", "0", "NaN")})",
            _ => $"{function}({argument})",
        };
    }

    private string RangeFunction(int depth, SeriesFamily family, bool isExact)
    {
        // Only over values as they are stored: a square root of a rounding error is no small number.
        string function = Pick(isExact || _random.Next(2) == 0 ? s_exactRangeFunctions : s_otherRangeFunctions);
        string range = Matrix(depth, family, isExact: true);
        return _random.Next(12) switch
        {
            0 => $"quantile_over_time({Scalar(depth - 1, family, isExact: true)}, {range})",
            1 when !isExact => $"predict_linear({Matrix(0, family, isExact: true)}, {Scalar(0, family, isExact: true)})",
            2 when !isExact => $"double_exponential_smoothing({Matrix(0, family, isExact: true)}, {Pick("0.3", "0.7")}, {Pick("0.1", "0.5")})",
            _ => $"{function}({range})",
        };
    }

    private string Matrix(int depth, SeriesFamily family, bool isExact)
    {
        if (depth <= 0 || _random.Next(2) == 0)
        {
            return $"{Selector(family)}[{Pick(s_ranges)}]{Modifier()}";
        }

        string inner = Vector(depth - 1, family, isExact);
        bool isOne = inner[^1] is ')' or '}' or ']' || inner.All(c => char.IsAsciiLetterOrDigit(c) || c is '_');

        // With both modifiers, the peer finds nothing of what is pinned inside.
        string modifier = inner.Contains('@', StringComparison.Ordinal) ? Pick("", "", $" offset {Pick(s_offsets)}", $" @ {Pick(s_times)}") : Modifier();
        return $"{(isOne && _random.Next(2) == 0 ? inner : $"({inner})")}[{Pick(s_ranges)}:{Pick(s_resolutions)}]{modifier}";
    }

    private string Selection(int depth, SeriesFamily family, bool isExact)
    {
        string inner = Vector(depth, family, isExact: true);
        return _random.Next(8) switch
        {
            0 => $"quantile{Grouped(family, Unpinned(family), Parameter(depth - 1, family))}",
            1 => $"quantile{Grouped(family, inner, Pick("0.5", "0.9", "0", "1", "-1", "NaN", "2"))}",
            2 => $"count_values{Grouped(family, inner, Pick("\"value\"", "\"job\"", "\"le\"", "\"x\"", "`v`", "'__name__'", "\"with.dot\""))}",
            3 => $"count(limitk{Grouped(family, inner, Pick("1", "2", "50"))})",

            // Upstream computes series in the order of a hash table, so only of stored ones it is known which are the first.
            4 => $"limitk{Grouped(family, Selector(family) + Modifier(), Pick("1", "2", "1000", "1.9"))}",
            5 => $"{Pick("topk", "bottomk")}{Grouped(family, Unpinned(family), ScalarWithoutNan(family))}",
            _ => $"{Pick("topk", "bottomk")}{Grouped(family, Selector(family) + Modifier(), Pick("1", "2", "3", "100", "0", "-1", "2.7"))}",
        };
    }

    private string VectorAndScalar(int depth, SeriesFamily family, bool isExact)
    {
        bool compares = _random.Next(5) < 2;
        bool allExact = isExact || compares;
        string op = compares ? Pick(s_comparisons) + Pick("", " bool") : Pick(isExact ? s_exactArithmetic : s_arithmetic);
        allExact |= op is "%" or "^" or "atan2";
        string vector = Operand(Vector(depth, family, allExact));
        string scalar = Operand(Scalar(depth - 1, family, allExact));
        return _random.Next(3) == 0 ? $"{scalar} {op} {vector}" : $"{vector} {op} {scalar}";
    }

    private string VectorAndVector(int depth, SeriesFamily family, bool isExact)
    {
        bool compares = _random.Next(4) == 0;
        string op = compares ? Pick(s_comparisons) + Pick("", " bool", " bool") : Pick(isExact ? s_exactArithmetic : s_arithmetic);
        bool allExact = isExact || compares || op is "%" or "^" or "atan2" or "-";
        SeriesFamily other = _random.Next(4) == 0 ? Family() : family;
        string[] labels = Subset(family.Labels);
        string on = string.Join(", ", labels);
        string left = Operand(Vector(depth, family, allExact));
        string right = Operand(Vector(_random.Next(depth + 1), other, allExact));
        string one = $"{Pick("sum", "max", "avg", "group")} by ({on}) ({Vector(_random.Next(depth + 1), family, allExact)})";
        string included = string.Join(", ", Subset(other.Labels).Except(labels).Take(2));
        return _random.Next(10) switch
        {
            0 or 1 => $"{left} {op} {right}",
            2 => $"{left} {op} {Keyword("on")} ({on}) {right}",
            3 => $"{left} {op} {Keyword("ignoring")} ({string.Join(", ", Subset(family.Labels))}) {right}",
            4 or 5 => $"{left} {op} on ({on}) {Keyword("group_left")} {one}",
            6 => $"{one} {op} on ({on}) group_right {Pick("", "()")} {left}",
            7 => $"{left} {op} on ({on}) group_left ({included}) {right}",
            8 => $"{left} {op} ignoring ({string.Join(", ", family.Labels.Except(labels))}) group_left {one}",
            _ => $"{Pick("sum", "max", "count")} by ({on}) ({left}) {op} on ({on}) {one}",
        };
    }

    private string SetOperation(int depth, SeriesFamily family, bool isExact)
    {
        SeriesFamily other = _random.Next(2) == 0 ? Family() : family;
        string matching = _random.Next(4) switch
        {
            0 => $"on ({string.Join(", ", Subset(family.Labels))}) ",
            1 => $"ignoring ({string.Join(",", Subset(family.Labels))}) ",
            2 => "on () ",
            _ => "",
        };
        return $"{Operand(Vector(depth, family, isExact))} {Keyword(Pick("and", "or", "or", "unless"))} {matching}{Operand(Vector(_random.Next(depth + 1), other, isExact))}";
    }

    private string Relabelled(int depth, SeriesFamily family, bool isExact)
    {
        string inner = Vector(depth, family, isExact);
        string label = family.Labels.Length == 0 ? "job" : Pick(family.Labels).Trim('"');
        return _random.Next(7) switch
        {
            0 => $"label_replace({inner}, \"new\", \"$1\", \"{label}\", \"(.).*\")",
            1 => $"label_replace({inner}, \"{label}\", \"\", \"{label}\", \".*\")",
            2 => $"label_replace({inner}, \"__name__\", \"renamed\", \"\", \"\")",
            3 => $"label_join({inner}, \"new\", \"-\", \"{label}\", \"missing\", \"__name__\")",
            4 => $"label_join({inner}, \"{label}\", \"/\", \"{label}\", \"{label}\")",
            5 => $"label_replace({inner}, 'ü', `${{whole}}\\n`, \"{label}\", \"(?P<whole>.+)\")",
            _ => $"label_replace({inner}, \"{label}\", \"same\", \"__name__\", \"(a|b)?.*\")",
        };
    }

    // Fractions of classic histograms, and bounds that are not monotonic, are what the peer answers otherwise than 3.14.
    private string HistogramFunction(int depth, bool isExact)
    {
        SeriesFamily native = Pick(SeriesFamily.Native);
        string quantile = _random.Next(3) == 0 ? Scalar(depth - 1, native, isExact: true) : Pick("0.5", "0.9", "0.01", "1", "0", "-1", "1.5");
        return _random.Next(isExact ? 3 : 9) switch
        {
            0 => $"histogram_count({Vector(depth, native, isExact: true)})",
            1 => $"histogram_sum({Vector(depth, native, isExact: true)})",
            2 => $"histogram_count({Selector(native)})",
            3 or 4 => $"histogram_quantile({quantile}, {Buckets()})",
            5 => $"histogram_fraction({Pick("-Inf", "0", "0.2")}, {Pick("0.7", "3", "Inf")}, {Vector(depth, native, isExact)})",
            6 => $"{Pick(s_histogramFunctions)}({Vector(depth, native, isExact)})",
            _ => $"histogram_quantile({quantile}, {Vector(depth, native, isExact)})",
        };
    }

    private string Buckets() => Pick(
        "latency_seconds_bucket{{handler!=\"/odd\"}}{0}", "rate(latency_seconds_bucket{{handler!=\"/odd\"}}[5m]{0})", "sum by (le) (rate(latency_seconds_bucket{{handler=~\"/|/api\"}}[{1}]{0}))",
        "sum by (handler, le) (increase(latency_seconds_bucket{{handler!=\"/odd\"}}[{1}]{0}))", "sum without (handler) (latency_seconds_bucket{{handler!~\"/odd|/open\"}})",
        "sum by (le) (latency_seconds_bucket{{handler!~\"/odd|/open\"}}) or native_seconds{0}", "label_replace(native_zero, \"le\", \"1\", \"\", \"\") or latency_seconds_bucket{{handler=\"/\"}}{0}",
        "max_over_time(latency_seconds_bucket{{handler!=\"/odd\"}}[{1}:]{0})", "latency_seconds_bucket{{handler!=\"/odd\", le!=\"0.5\"}}{0}") is var form ? Filled(form, Modifier(), Pick("5m", "90s", "20m")) : "";

    private string Scalar(int depth, SeriesFamily family, bool isExact)
    {
        if (depth <= 0)
        {
            return _random.Next(6) == 0 ? Pick("time()", "pi()", "scalar(seven{a=\"1\"})", "(time() - 1767225600)") : Pick(s_scalars);
        }

        depth--;
        return _random.Next(8) switch
        {
            0 => $"scalar({Vector(depth, family, isExact)})",
            1 => $"scalar({Pick("sum", "max", "count")}({Vector(depth, family, isExact)}))",
            2 => $"({Scalar(depth, family, isExact)} {Pick(isExact ? s_exactArithmetic : s_arithmetic)} {Scalar(depth, family, isExact)})",
            3 => $"({Scalar(depth, family, isExact: true)} {Pick(s_comparisons)} bool {Scalar(depth, family, isExact: true)})",
            4 => $"-{Scalar(depth, family, isExact)}",
            5 => "time()",
            _ => Scalar(0, family, isExact),
        };
    }

    // The peer's parameters know no @.
    private string Parameter(int depth, SeriesFamily family)
    {
        _pins = false;
        string text = Scalar(depth, family, isExact: true);
        _pins = true;
        return text;
    }

    // Beside a vector that is the same at each step, the peer computes a parameter once for all of them.
    private string Unpinned(SeriesFamily family) => _random.Next(2) == 0 ? Selector(family) : $"max_over_time({Selector(family)}[{Pick(s_ranges)}] offset {Pick(s_offsets)})";

    // A parameter that is not a number at some step is an error in 3.14 only.
    private string ScalarWithoutNan(SeriesFamily family) => _random.Next(2) == 0 ? "time() % 5" : $"scalar(count({Selector(family)}) or vector(2))";

    private string Sort(int depth)
    {
        SeriesFamily family = Family();
        string inner = Vector(depth - 1, family, isExact: true);
        return _random.Next(3) switch
        {
            0 => $"sort({inner})",
            1 => $"sort_desc({inner})",
            _ => $"{Pick("sort_by_label", "sort_by_label_desc")}({inner}, {string.Join(", ", family.Labels.Append("__name__").Select(label => $"\"{label.Trim('"')}\""))})",
        };
    }

    // What has the wrong type there, or too many or too few of something.
    private string Mistake(int depth, SeriesFamily family) => _random.Next(8) switch
    {
        0 => Scalar(depth, family, isExact: false),
        1 => Matrix(depth, family, isExact: false),
        2 => Text(),
        3 => "{}",
        4 => $"{Pick(s_exactFunctions)}({Selector(family)}, {Selector(family)})",
        5 => $"{Pick(s_exactRangeFunctions)}({Selector(family)})",
        6 => $"({Selector(family)} + bool {Scalar(0, family, isExact: false)})",
        _ => $"topk({Selector(family)}, 1)",
    };

    private string Text() => Pick("\"text\"", "'it\\'s'", "`raw\\n`", "\"ü\\u00fc\\n\"");

    private string Selector(SeriesFamily family) => Pick(family.Selectors);

    private string Modifier() => _random.Next(12) switch
    {
        0 or 1 => $" offset {Pick(s_offsets)}",
        2 when _pins => $" @ {Pick(s_times)}",
        3 when _pins => $" @ {Pick(s_times)} offset {Pick(s_offsets)}",
        4 when _pins => $" offset {Pick(s_offsets)} @ {Pick(s_times)}",
        _ => "",
    };

    private string Grouped(SeriesFamily family, string inner, string? parameter = null)
    {
        string arguments = parameter is null ? $"({inner})" : $"({parameter}, {inner})";
        string labels = string.Join(", ", Subset(family.Labels));
        return _random.Next(6) switch
        {
            0 or 1 => $" {Keyword("by")} ({labels}) {arguments}",
            2 => $" {Keyword("without")} ({labels}) {arguments}",
            3 => $"{arguments} by ({labels})",
            _ => arguments,
        };
    }

    private string Operand(string text) => _random.Next(5) < 3 || text.StartsWith('-') ? $"({text})" : text;

    private string[] Subset(string[] labels)
    {
        string[] subset = [.. labels.Where(_ => _random.Next(2) == 0)];
        return _random.Next(15) switch
        {
            0 => [.. subset, "missing"],
            1 => [.. subset, "__name__"],
            _ => subset,
        };
    }

    // Keywords may be in capitals.
    private string Keyword(string word) => _random.Next(20) == 0 ? word.ToUpperInvariant() : word;

    // The same over several lines, with notes in between: places are told by line and column.
    private string Laid(string text)
    {
        if (text.AsSpan().IndexOfAny('"', '\'', '`') >= 0)
        {
            return text;
        }

        string[] words = text.Split(' ');
        return string.Concat(words.Select((word, i) => i == words.Length - 1 ? word : word + (_random.Next(6) switch { 0 => "\n", 1 => "\n\t", 2 => " # note ü\n ", _ => " " })));
    }

    private SeriesFamily Family() => _random.Next(4) == 0 ? Pick(SeriesFamily.Native) : Pick(SeriesFamily.Floats);

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];

    private static string Filled(string form, params object[] parts) => string.Format(CultureInfo.InvariantCulture, form, parts);
}
