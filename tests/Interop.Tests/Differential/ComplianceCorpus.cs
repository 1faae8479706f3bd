namespace Narthex.Interop.Tests.Differential;

/// <summary>Every kind of query that the public compliance suite of PromQL asks, and the kinds that it leaves out, over <see cref="DemoDataSet"/>.</summary>
/// <remarks>A word in double angle brackets stands for each of its variants in turn; several in one query, for each of their combinations.</remarks>
internal static class ComplianceCorpus
{
    private const string Memory = "demo_memory_usage_bytes";
    private const string Cpu = "demo_cpu_usage_seconds_total";

    private static readonly Dictionary<string, string[]> s_variants = new(StringComparer.Ordinal)
    {
        ["fold"] = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"],
        ["pick"] = ["topk", "bottomk"],
        ["fraction"] = ["-0.5", "0", "0.1", "0.5", "0.75", "0.90", "0.95", "0.99", "1", "1.5", "NaN"],
        ["grouping"] = ["", "by ()", "by (instance)", "by (instance, type)", "by (missing)", "without ()", "without (instance)", "without (type, instance)", "without (missing)", "by (job, __name__)"],
        ["arithmetic"] = ["+", "-", "*", "/", "%", "^", "atan2"],
        ["compare"] = ["==", "!=", "<", ">", "<=", ">="],
        ["set"] = ["and", "or", "unless"],
        ["math"] =
        [
            "abs", "ceil", "floor", "round", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad",
        ],
        ["calendar"] = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"],
        ["overtime"] = ["sum", "avg", "min", "max", "count", "stddev", "stdvar", "last", "present", "absent"],
        ["growth"] = ["rate", "increase", "delta", "irate", "idelta", "deriv", "resets", "changes"],
        ["window"] = ["1s", "15s", "1m", "5m", "15m", "1h"],
        ["shift"] = ["offset 1m", "offset 5m", "offset 10m", "offset -3m", "@ 1767315600", "@ start()", "@ end()", "@ end() offset 7m", "offset 90s @ 1767315600.5"],
        ["subquery"] = ["[5m:10s]", "[2m:]", "[7m:1m] offset 3m", "[10m:37s] @ 1767315600", "[4m:15s] @ end() offset -1m"],
        ["matcher"] =
        [
            "{type=\"free\"}", "{type!=\"free\"}", "{type=~\"free|used\"}", "{type!~\"f.*\"}", "{instance=~\"demo.example.org:.*\"}", "{instance=~\"org\"}", "{instance!~\".*:10000\"}", "{missing=\"\"}", "{missing!=\"\"}",
            "{type=~\".*\",instance!=\"demo.example.org:10001\"}", "{type=\"free\",instance!=\"demo.example.org:10000\",job=~\"d.mo\"}", "{type=~\"\"}", "{type!~\"\"}", "{type=~\"(?i:FREE)\"}",
        ],
        ["vector"] = [Memory, "-" + Memory, "demo_is_holiday", "rate(" + Cpu + "[2m])", "demo_intermittent_metric", "demo_nothing"],
    };

    /// <summary>Queries that have an answer.</summary>
    public static IReadOnlyList<string> Answered() =>
        [.. Literals().Concat(Selectors()).Concat(Aggregations()).Concat(Scalars()).Concat(Matching()).Concat(Functions()).Concat(Windows()).Concat(Labels()).Concat(Histograms()).Concat(Subqueries()).SelectMany(query => Expand(query, "<<", ">>", s_variants)).Distinct()];

    /// <summary>Queries that are refused, some by the parser and some while they run.</summary>
    public static IReadOnlyList<string> Refused() => [.. Mistakes().SelectMany(query => Expand(query, "<<", ">>", s_variants)).Distinct()];

    /// <summary>The queries that a template stands for.</summary>
    public static IEnumerable<string> Expand(string template, string open, string close, IReadOnlyDictionary<string, string[]> variants)
    {
        int start = template.IndexOf(open, StringComparison.Ordinal);
        if (start < 0)
        {
            return [template];
        }

        int end = template.IndexOf(close, start, StringComparison.Ordinal) + close.Length;
        string placeholder = template[start..end];
        return variants[placeholder[open.Length..^close.Length]].SelectMany(variant => Expand(template.Replace(placeholder, variant, StringComparison.Ordinal), open, close, variants));
    }

    private static string[] Literals() =>
    [
        "42", "1.234", ".123", "1.23e-3", "0x3d", "Inf", "+Inf", "-Inf", "NaN", "1_000.5", "1h30m", "time()", "-time()", "pi()", "-1 ^ 2", "-(1) ^ 2", "2 ^ 3 ^ 2", "1 * 2 + 4 / 6 - 10 % 2 ^ 2", "1 <<compare>> bool 2",
    ];

    private static string[] Selectors() =>
    [
        Memory, Memory + "<<matcher>>", "{__name__=\"demo_memory_usage_bytes\"}", "{__name__=~\"demo_(num_cpus|is_.*)\"}", "{type=\"free\",instance!=\"demo.example.org:10000\"}", "{\"demo_num_cpus\"}",
        "demo_nothing", Memory + " <<shift>>", Cpu + "{mode=\"idle\"} <<shift>>", "demo_intermittent_metric", "demo_intermittent_metric <<shift>>", "-demo_intermittent_metric", "demo_intermittent_metric or demo_num_cpus", "count(demo_intermittent_metric) or vector(0)",
    ];

    private static string[] Aggregations() =>
    [
        "<<fold>> <<grouping>> (" + Memory + ")", "<<fold>>(demo_nothing)", "<<fold>> by (instance) (demo_intermittent_metric)", "<<fold>> by (mode) (rate(" + Cpu + "[1m]))", "<<fold>>(" + Memory + " <<shift>>)",
        "<<pick>> <<grouping>> (2, " + Memory + ")", "<<pick>>(3, " + Memory + ")", "<<pick>>(0, " + Memory + ")", "<<pick>>(1000, demo_intermittent_metric)", "<<pick>> by (type) (1, " + Memory + " * -1)", "<<pick>>(scalar(demo_is_holiday{instance=\"demo.example.org:10000\"}) + 1, " + Memory + ")",
        "quantile(<<fraction>>, " + Memory + ")", "quantile by (type) (<<fraction>>, " + Memory + ")", "quantile without (type) (<<fraction>>, rate(" + Cpu + "[5m]))", "count_values(\"value\", demo_api_http_requests_in_progress)", "count_values by (instance) (\"cpus\", demo_num_cpus)",
        "count_values without (instance) (\"job\", demo_is_holiday)", "count_values(\"value\", demo_api_request_duration_seconds_bucket)", "avg(max by (type) (" + Memory + "))", "sum(sum by (instance, mode) (rate(" + Cpu + "[1m]))) by (mode)", "<<fold>> (<<fold>> without (type) (" + Memory + "))",
        "limitk(100, " + Memory + ")", "limit_ratio(1, " + Memory + ")", "count(limitk by (instance) (2, " + Memory + "))", "limit_ratio(0.4, " + Memory + ")", "limit_ratio(-0.6, " + Memory + ")",
    ];

    private static string[] Scalars() =>
    [
        "demo_num_cpus + (1 <<compare>> bool 2)", Memory + " <<arithmetic>> 1.2345", "0.12345 <<arithmetic>> " + Memory, Memory + " <<compare>> 1.4e9", "1.4e9 <<compare>> " + Memory, Memory + " <<compare>> bool 1.4e9", "1.4e9 <<compare>> bool " + Memory,
        "(1 * 2 + 4 / 6 - (10 % 7) ^ 2) <<arithmetic>> " + Memory, Memory + " <<arithmetic>> (1 * 2 + 4 / 6 - 10)", "1 <<arithmetic>> time()", "time() <<arithmetic>> 1", "time() <<compare>> bool 1767315600", "1767315600 <<compare>> bool time()", "time() <<arithmetic>> time()", "time() <<compare>> bool time()",
        "time() <<arithmetic>> " + Memory, Memory + " <<arithmetic>> time()", Memory + " <<compare>> time()", "demo_num_cpus <<arithmetic>> Inf", "demo_num_cpus <<arithmetic>> -Inf", "demo_num_cpus <<arithmetic>> NaN", "demo_num_cpus <<compare>> NaN", "demo_num_cpus <<compare>> bool NaN",
        Memory + " + -(1)", "-" + Memory, "+" + Memory, "- - " + Memory, "demo_num_cpus / 0", "-demo_num_cpus / 0", "demo_is_holiday / 0", "demo_num_cpus % 0", "demo_num_cpus <<arithmetic>> scalar(demo_is_holiday{instance=\"demo.example.org:10000\"})",
        "vector(1.23)", "vector(time())", "vector(scalar(demo_nothing))", "scalar(demo_num_cpus)", "scalar(sum(demo_num_cpus))", "timestamp(" + Memory + " * 1)", "timestamp(-" + Memory + ")", "timestamp(demo_num_cpus)", "timestamp(timestamp(demo_num_cpus))", "timestamp(demo_num_cpus <<shift>>)", "timestamp(abs(demo_num_cpus))", "timestamp((demo_num_cpus))",
    ];

    private static string[] Matching() =>
    [
        Memory + " <<arithmetic>> " + Memory, Memory + " <<arithmetic>> on (instance, job, type) " + Memory, Memory + " <<compare>> on (instance, job, type) " + Memory + " offset 1m", Memory + " <<compare>> bool on (instance, job, type) " + Memory + " offset 1m", Memory + " <<arithmetic>> ignoring (type) group_left demo_num_cpus",
        "sum by (instance, type) (" + Memory + ") <<arithmetic>> on (instance, type) group_left (job) " + Memory, "sum by (instance, type) (" + Memory + ") <<compare>> on (instance, type) group_left (job) " + Memory, "demo_num_cpus <<arithmetic>> on (instance, job) group_right " + Memory, "demo_num_cpus <<compare>> bool on (instance) group_right (job) " + Memory,
        Memory + " / on (instance, job, type, __name__) " + Memory, "sum without (job) (" + Memory + ") / on (instance, type) " + Memory, "sum without (job) (" + Memory + ") / on (instance, type) group_left " + Memory, "sum without (job) (" + Memory + ") / on (instance, type) group_left (job) " + Memory,
        Memory + " / on (instance, job) group_left demo_num_cpus", Memory + " / on (instance, type, job, missing) " + Memory, Memory + " / ignoring (type) group_left (missing) demo_num_cpus", "demo_disk_usage_bytes <<arithmetic>> demo_disk_total_bytes", "demo_disk_usage_bytes <<arithmetic>> ignoring () demo_disk_total_bytes",
        Memory + " <<set>> " + Memory + "{type=\"free\"}", Memory + " <<set>> on (instance) demo_is_holiday", Memory + " <<set>> on (instance) (demo_is_holiday == 1)", Memory + " <<set>> ignoring (type) demo_intermittent_metric", "demo_intermittent_metric <<set>> on () vector(1)", "demo_nothing <<set>> demo_num_cpus", "demo_num_cpus <<set>> demo_nothing",
        "demo_intermittent_metric <<arithmetic>> on (instance) group_left (mode) (" + Cpu + "{mode=\"idle\"})", "(" + Memory + " > 1.5e9) <<set>> (" + Memory + " < 1.6e9)", Memory + " <<compare>> " + Memory + " offset 10m", Memory + " <<compare>> bool " + Memory + " offset 10m",
        "demo_api_request_duration_seconds_sum <<arithmetic>> demo_api_request_duration_seconds_count", "rate(demo_api_request_duration_seconds_sum[5m]) / rate(demo_api_request_duration_seconds_count[5m])", "demo_is_holiday <<compare>> on () group_left vector(1)",
    ];

    private static string[] Functions() =>
    [
        "<<math>>(<<vector>>)", "round(" + Memory + ", 1e7)", "round(demo_batch_last_run_duration_seconds, 0.07)", "clamp_min(" + Memory + ", 1.4e9)", "clamp_max(" + Memory + ", 1.4e9)", "clamp_min(" + Memory + ", 2)", "clamp_max(" + Memory + ", 2)", "clamp(" + Memory + ", 0, 1)", "clamp(" + Memory + ", 0, 1e12)",
        "clamp(" + Memory + ", 1e12, 0)", "clamp(" + Memory + ", 1e12, 1e12)", "clamp(" + Memory + ", scalar(demo_nothing), 1e12)", "<<calendar>>()", "<<calendar>>(demo_batch_last_success_timestamp_seconds <<shift>>)", "<<calendar>>(vector(time() * 3.7))", "absent(<<vector>>)", "absent(demo_nothing{a=\"1\",b=~\"2\",c!=\"3\"})",
        "absent(sum(demo_nothing))", "absent(demo_intermittent_metric{instance=\"demo.example.org:10001\"})", "sort(demo_num_cpus + on (instance) demo_disk_usage_bytes)", "sort_desc(" + Memory + ")", "time() - demo_batch_last_success_timestamp_seconds", "(time() - demo_batch_last_success_timestamp_seconds) > 120",
    ];

    private static string[] Windows() =>
    [
        "<<overtime>>_over_time(" + Memory + "[<<window>>])", "<<overtime>>_over_time(demo_intermittent_metric[<<window>>])", "<<overtime>>_over_time(demo_is_holiday[5m] <<shift>>)", "<<growth>>(" + Cpu + "[<<window>>])", "<<growth>>(demo_disk_usage_bytes[<<window>>])", "<<growth>>(demo_intermittent_metric[15m])",
        "<<growth>>(" + Cpu + "[5m] <<shift>>)", "<<growth>>(demo_nothing[5m])", "<<growth>>(demo_items_shipped_total[<<window>>])", "<<growth>>(demo_batch_last_success_timestamp_seconds[15m])", "quantile_over_time(<<fraction>>, " + Memory + "[<<window>>])", "predict_linear(demo_disk_usage_bytes[<<window>>], 600)",
        "predict_linear(demo_disk_usage_bytes[15m] <<shift>>, -3600)", "double_exponential_smoothing(demo_disk_usage_bytes[<<window>>], 0.1, 0.8)", "double_exponential_smoothing(demo_batch_last_run_duration_seconds[10m], 0.5, 0.1)", "mad_over_time(" + Memory + "[<<window>>])", "absent_over_time(demo_nothing{x=\"y\"}[<<window>>])",
        "rate(demo_num_cpus[5m]) + rate(demo_num_cpus[5m])", "rate(demo_num_cpus[5m]) + rate(demo_num_cpus[1m])", "quantile(2, demo_num_cpus) + quantile(2, demo_is_holiday)", "rate(demo_num_cpus[5m]) > rate(demo_is_holiday[5m])",
        "rate(demo_api_request_duration_seconds_count[<<window>>])", "increase(demo_batch_runs_total[<<window>>])", "sum by (path) (rate(demo_api_request_duration_seconds_count{status!~\"2..\"}[5m])) / sum by (path) (rate(demo_api_request_duration_seconds_count[5m]))",
    ];

    private static string[] Labels() =>
    [
        "label_replace(demo_num_cpus, \"job\", \"to-$1\", \"instance\", \"demo.example.org:(.*)\")", "label_replace(demo_num_cpus, \"job\", \"to-$1\", \"instance\", \"example:(.*)\")", "label_replace(demo_num_cpus, \"job\", \"$2-$1\", \"instance\", \"demo(.*):(.*)\")", "label_replace(demo_num_cpus, \"job\", \"v-$1\", \"missing\", \"from-(.*)\")",
        "label_replace(demo_num_cpus, \"job\", \"v-$1\", \"missing\", \"(.*)\")", "label_replace(demo_num_cpus, \"job\", \"v-$1\", \"instance\", \"no match\")", "label_replace(demo_num_cpus, \"job\", \"\", \"other\", \".*\")", "label_replace(demo_num_cpus, \"new\", \"${port}\", \"instance\", \".*:(?P<port>.*)\")", "label_replace(demo_num_cpus, \"__name__\", \"renamed\", \"\", \"\")",
        "label_replace(rate(" + Cpu + "[5m]), \"core\", \"$0\", \"mode\", \"user|system\")", "label_join(demo_num_cpus, \"new\", \"-\", \"instance\", \"job\")", "label_join(demo_num_cpus, \"job\", \"-\", \"instance\", \"job\")", "label_join(demo_num_cpus, \"job\", \"-\", \"instance\")", "label_join(demo_num_cpus, \"new\", \", \", \"missing\", \"job\", \"__name__\")", "label_join(demo_num_cpus, \"job\", \"\")",
        "sum by (short) (label_replace(" + Memory + ", \"short\", \"$1\", \"type\", \"(.).*\"))",
    ];

    private static string[] Histograms() =>
    [
        "histogram_quantile(<<fraction>>, rate(demo_api_request_duration_seconds_bucket[1m]))", "histogram_quantile(<<fraction>>, sum by (le) (rate(demo_api_request_duration_seconds_bucket[5m])))", "histogram_quantile(<<fraction>>, sum without (instance) (increase(demo_api_request_duration_seconds_bucket[15m])))", "histogram_quantile(<<fraction>>, demo_api_request_duration_seconds_bucket)",
        "histogram_quantile(0.9, demo_nothing)", "histogram_quantile(0.9, " + Memory + ")", "histogram_quantile(0.9, {__name__=~\"demo_api_request_duration_seconds_.+\"})", "histogram_quantile(0.9, demo_api_request_duration_seconds_bucket{le!=\"+Inf\"})", "histogram_quantile(0.9, demo_api_request_duration_seconds_bucket{le=~\"0.01|.Inf\"})", "histogram_quantile(scalar(demo_is_holiday{instance=\"demo.example.org:10000\"}), demo_api_request_duration_seconds_bucket)",
        "histogram_count(" + Memory + ")", "histogram_quantile(0.5, sum by (le, path) (rate(demo_api_request_duration_seconds_bucket{method=\"GET\"}[5m] <<shift>>)))",
    ];

    private static string[] Subqueries() =>
    [
        "<<overtime>>_over_time(" + Memory + "<<subquery>>)", "<<growth>>(" + Cpu + "{mode=\"user\"}<<subquery>>)", "max_over_time((time() - max(demo_batch_last_success_timestamp_seconds) < 1000)[5m:10s] offset 5m)", "avg_over_time(rate(" + Cpu + "[1m])[2m:10s])", "<<overtime>>_over_time(sum by (mode) (rate(" + Cpu + "[2m]))[5m:30s])", "quantile_over_time(<<fraction>>, (demo_num_cpus * demo_is_holiday)[10m:1m])",
        "max_over_time(deriv(rate(demo_items_shipped_total[1m])[5m:30s])[10m:1m])", "min_over_time(topk(2, " + Memory + ")[5m:1m])", "sum_over_time((demo_is_holiday == 1)[20m:10s])", "count_over_time((" + Memory + " > 1.5e9)[10m:10s] <<shift>>)", "last_over_time(vector(time())[5m:7s])", "rate(sum(" + Cpu + ")<<subquery>>)", "avg_over_time(vector(1)[5m:30s])", "absent_over_time((demo_nothing)[5m:1m])",
    ];

    private static string[] Mistakes() =>
    [
        "{}", "{__name__=~\".*\"}", "{job=~\".*\"}", "{missing=\"\"}", Memory + "{", Memory + "}", Memory + "{type=free}", Memory + "{type}", Memory + "[5m]" + " + 1", "(1 + 2", "1 +", "sum(", "rate(" + Cpu + ")", "rate(" + Cpu + "[5m]" + ")" + ")", "abs(" + Memory + "[5m])", "<<overtime>>_over_time(" + Memory + ")", "<<growth>>(" + Cpu + ")", "<<math>>(1)", "<<math>>()", "<<calendar>>(1)",
        "unknown(" + Memory + ")", "vector(" + Memory + ")", "scalar(1)", "sum(1)", "topk(" + Memory + ")", "topk(\"x\", " + Memory + ")", "quantile(" + Memory + ")", "count_values(" + Memory + ")", "1 <<compare>> 2", "1 <<set>> 2", Memory + " <<set>> 1", "\"a\" <<arithmetic>> 1", Memory + " + bool 1", Memory + " <<set>> on (instance) group_left demo_num_cpus", "1 + on (x) 2",
        "label_replace(demo_num_cpus, \"job\", \"v-$1\", \"instance\", \"(.*\")", "label_replace(demo_num_cpus, \"\", \"\", \"instance\", \"(.*)\")", "label_replace(demo_num_cpus, \"instance\", \"\", \"\", \"\")", "label_replace(demo_num_cpus, \"a\", \"b\")", "label_join(demo_num_cpus, \"\", \"-\", \"instance\")", "label_join(demo_num_cpus, \"instance\", \"-\", \"job\")", "label_join(demo_num_cpus)",
        Memory + " <<arithmetic>> on (instance) demo_num_cpus", "demo_num_cpus <<arithmetic>> on (instance) " + Memory, Memory + " <<arithmetic>> on (instance) group_left " + Memory, Memory + " <<arithmetic>> on (type) " + Memory, Memory + " <<arithmetic>> ignoring (type, instance) group_right demo_num_cpus", "-{__name__=~\"demo_num_cpus|demo_is_holiday\"}", "rate({__name__=~\"demo_num_cpus|demo_is_holiday\"}[5m])",
        Memory + " offset", Memory + " offset -", Memory + " @", Memory + " @ end", Memory + " @ NaN", Memory + " @ Inf", Memory + "[5m:1m:1s]", Memory + "[]", Memory + "[5m][1m]", "1[5m]", "last_over_time(time()[5m:7s])", "sum_over_time(" + Memory + "[5m:)", "sum by instance (" + Memory + ")", "sum(" + Memory + ") by (instance) without (type)", "histogram_quantile(" + Memory + ", 0.5)", "double_exponential_smoothing(demo_disk_usage_bytes[5m], 1.5, 0.5)",
        "count_values(\"\", demo_num_cpus)", "topk(Inf, demo_num_cpus)", "\"unclosed", "'\\q'", "demo num", "demo-num-cpus +", "$x", "sum{", "group_left", "1 ** 2", "0x", "5mm",
    ];
}
