namespace Narthex.Interop.Tests.Differential;

/// <summary>Selectors of series that can be matched with each other, and the labels that they have.</summary>
internal sealed record SeriesFamily(string[] Labels, params string[] Selectors)
{
    /// <summary>Series with numbers, and some of odd kinds.</summary>
    public static SeriesFamily[] Floats { get; } =
    [
        new(["job", "instance", "code"], "requests_total", "requests_total{job=\"api\"}", "requests_total{code=~\"4..|500\"}", "requests_total{code!=\"200\",instance=~\".*-[01].*\"}", "temperature", "target_info", "{__name__=~\"requests_total|temperature\", job=\"web\"}"),
        new(["job", "instance"], "temperature", "temperature{job!=\"api\"}", "temperature{instance=\"host-1:9100\"}", "requests_total{code=\"200\"}", "target_info", "requests_total{code=\"500\",job=\"\"}"),
        new(["x", "y"], "many", "many{y=\"1\"}", "one", "one{x!=\"s\"}", "role", "many{x=~\"p|q\"}", "{x=\"p\"}", "{__name__!=\"many\",x=~\".+\"}"),
        new(["a"], "seven", "seven{a=\"1\"}", "{__name__=~\"seven|hard\"}", "single", "twice", "early", "late", "{__name__=~\"early|late\"}", "{__name__=~\"seven|single|twice\"}"),
        new(["kind", "which"], "steady", "hard", "hard{kind=\"k1\"}", "steady{which!~\"0[2-4]\"}", "steady{which=\"01\"}"),
        new(["ends", "length"], "stale", "gaps", "gaps{length=\"45s\"}", "stale{ends=\"once\"}", "stale{ends=~\".+\"}", "{__name__=~\"gaps|stale\"}"),
        new(["\"label.with.dots\"", "\"\u4e16\""], "{\"dotted.name\"}", "{\"dotted.name\",\"label.with.dots\"=\"ü\"}", "{\"label.with.dots\"!=\"\"}", "{'dotted.name', \"\u4e16\"=\"\"}", "{\"dotted.name\",'\u4e16'=~`.+`}"),
        new(["l", "m"], "clash_a", "clash_b", "{__name__=~\"clash_.\"}", "{__name__=~\"clash_.\",l=\"1\"}", "clash_a{m=\"\"}", "{__name__=~\"clash_.\",l=\"2\"}", "clash_c"),
        new(["handler", "le"], "latency_seconds_bucket{handler!=\"/odd\"}", "latency_seconds_sum", "latency_seconds_count{handler=~\"/.*\"}", "latency_seconds_bucket{le=\"1\"}"),
        new([], "irregular", "irregular_total", "large_total", "nothing", "moment_seconds", "nothing{a=\"b\",c!=\"d\"}"),
    ];

    /// <summary>Series with native histograms.</summary>
    public static SeriesFamily[] Native { get; } =
    [
        new(["instance"], "native_seconds", "native_gauge", "native_seconds{instance=\"1\"}", "seconds_count"),
        new(["instance"], "native_shared", "native_shared{instance=\"0\"}", "custom_count"),
        new(["kind"], "native_mixed", "native_mixed{kind=\"migrated\"}", "{__name__=~\"native_stale|native_empty\"}", "native_stale"),
        new(["z"], "native_zero", "native_zero{z=\"wide\"}", "native_schema", "{__name__=~\"native_(zero|schema)\"}", "native_wide"),
        new(["kind"], "native_reset", "native_integer", "native_integer{kind=\"0\"}"),
    ];
}
