namespace Narthex.Interop.Tests;

/// <summary>Calls of promtool whose whole output must be that of the real one, and the files that they need.</summary>
internal static class PromtoolTable
{
    /// <summary>The files, by name.</summary>
    public static IReadOnlyDictionary<string, string> Files { get; } = new Dictionary<string, string>
    {
        ["ok.yml"] = "scrape_configs:\n- job_name: a\n  static_configs: [{targets: [\"x:1\"]}]\n  file_sd_configs: [{files: [\"sd*.json\", \"none/*.yml\"]}]\n",
        ["sd1.json"] = "[{\"targets\":[\"b:1\"],\"labels\":{\"l\":\"v\"}}]",
        ["duplicates.yml"] = "groups:\n- name: a\n  rules:\n  - {record: x, expr: up}\n  - {record: x, expr: up}\n- name: b\n  rules:\n  - {record: y, expr: up, labels: {a: b, c: d}}\n  - {record: y, expr: up, labels: {c: d, a: b}}\n",
        ["with-duplicates.yml"] = "rule_files: [duplicates.yml, \"nofile*.yml\"]\n",
        ["unknown-keys.yml"] = "groups:\n- name: a\n  foo: bar\n  rules:\n  - {record: x, expr: up, bar: 1}\n",
        ["with-unknown-keys.yml"] = "rule_files: [unknown-keys.yml]\n",
        ["bad-rule.yml"] = "groups:\n- name: a\n  rules:\n  - {record: x, expr: up(}\n",
        ["with-bad-rule.yml"] = "rule_files: [bad-rule.yml, no-groups.yml]\n",
        ["no-groups.yml"] = "groups: []\n",
        ["long-intervals.yml"] = "global: {scrape_interval: 10m}\nscrape_configs:\n- job_name: a\n  scrape_interval: 20m\n- job_name: b\n",
        ["no-certificate.yml"] = "scrape_configs:\n- job_name: a\n  tls_config: {cert_file: nope.crt, key_file: nope.key}\n",
        ["no-credentials.yml"] = "scrape_configs:\n- job_name: b\n  authorization: {credentials_file: nope.cred}\n",
        ["bad-targets.yml"] = "scrape_configs:\n- job_name: b\n  file_sd_configs: [{files: [\"bad-sd.yml\"]}]\n",
        ["bad-sd.yml"] = "- targets: [\"b/x:1\"]\n- \n",
        ["agent.yml"] = "remote_write: [{url: \"http://x/\"}]\nscrape_configs:\n- job_name: b\n",
        ["alertmanagers.yml"] = "alerting: {alertmanagers: [{static_configs: [{targets: [\"x:1\"]}]},{file_sd_configs: [{files: [\"none.yml\"]}]}]}\n",
        ["more-jobs.yml"] = "scrape_config_files: [\"jobs*.conf\"]\n",
        ["jobs.conf"] = "scrape_configs:\n- job_name: z\n  foo: 1\n",
        ["rules.yml"] = "groups:\n- name: g\n  rules:\n  - {record: \"job:up:sum\", expr: sum by (job) (up)}\n  - {alert: Down, expr: up == 0, for: 5s, labels: {severity: page}, annotations: {summary: \"x {{ $labels.job }}\"}}\n",
        ["series.om"] = "# TYPE a counter\na_total{x=\"1\"} 1 1700000000\na_total{x=\"1\"} 2 1700000060.5\na_total{x=\"1\"} NaN 1700007200\n# TYPE b gauge\nb 1e9 1700000000\nb +Inf 1700000060\n# EOF\n",
        ["no-end.om"] = "a 1 1700000000\n",
        ["no-times.om"] = "a 1\n# EOF\n",
        ["bad.om"] = "a{b 1 1700000000\n# EOF\n",
    };

    /// <summary>The calls; {0} is the directory of blocks made of <c>series.om</c>.</summary>
    public static IReadOnlyList<string[]> Calls { get; } =
    [
        ["foo"], ["check"], ["query", "instant"], ["query", "series", "http://127.0.0.1:1"], ["query", "instant", "127.0.0.1:1", "up"], ["query", "instant", "::", "up"],
        ["query", "instant", "http://127.0.0.1:1", "up"], ["query", "range", "--step=x", "http://127.0.0.1:1", "up"], ["query", "range", "--start=x", "http://127.0.0.1:1", "up"],
        ["query", "analyze", "--server=x", "--type=foo", "--match=up"], ["test", "rules"], ["tsdb", "dump", "--bogus"], ["push", "metrics"],
        ["check", "healthy", "--url=http://127.0.0.1:1"], ["debug", "metrics", "http://127.0.0.1:1"],
        ["push", "metrics", "--label=foo", "http://127.0.0.1:1", "rules.yml"], ["push", "metrics", "http://127.0.0.1:1/api/v1/write", "series.om"],
        ["check", "config", "nope.yml"], ["check", "config", "ok.yml"], ["check", "config", "ok.yml", "with-duplicates.yml", "more-jobs.yml"],
        ["check", "config", "with-duplicates.yml"], ["check", "config", "--lint=all", "with-duplicates.yml"], ["check", "config", "--lint=none", "with-duplicates.yml"],
        ["check", "config", "--lint=none,all", "with-duplicates.yml"], ["check", "config", "--lint-fatal", "with-duplicates.yml"], ["check", "config", "--lint=bogus", "ok.yml"],
        ["check", "config", "--lint-fatal", "--lint=too-long-scrape-interval", "long-intervals.yml"], ["check", "config", "--lint=all", "long-intervals.yml"],
        ["check", "--query.lookback-delta=1h", "config", "--lint=all", "--lint-fatal", "long-intervals.yml"],
        ["check", "config", "with-unknown-keys.yml"], ["check", "config", "--ignore-unknown-fields", "with-unknown-keys.yml"], ["check", "config", "with-bad-rule.yml"],
        ["check", "config", "no-certificate.yml"], ["check", "config", "--syntax-only", "no-certificate.yml"], ["check", "config", "no-credentials.yml"], ["check", "config", "bad-targets.yml"],
        ["check", "config", "agent.yml"], ["check", "config", "--agent", "agent.yml"], ["check", "config", "alertmanagers.yml"], ["check", "config", "--agent", "alertmanagers.yml"],
        ["check", "config", "more-jobs.yml"],
        ["check", "rules", "duplicates.yml"], ["check", "rules", "--lint=none", "duplicates.yml"], ["check", "rules", "--lint-fatal", "duplicates.yml"],
        ["check", "rules", "--lint-fatal", "duplicates.yml", "bad-rule.yml"], ["check", "rules", "bad-rule.yml", "no-groups.yml"], ["check", "rules", "unknown-keys.yml"],
        ["check", "rules", "--ignore-unknown-fields", "unknown-keys.yml"], ["check", "service-discovery", "ok.yml", "nope"], ["check", "service-discovery", "nope.yml", "a"],
        ["--experimental", "promql", "format", "sum by(a,b)(rate(very_long_metric_name_for_wrapping{aaaaaaaaa=\"bbbbbbbbbbbbbbb\"}[5m])) / ignoring(x) group_left(y) very_long_metric_name_for_wrapping{aaaaaaaaa=\"bbbbbbbbbbbbbbb\"}"],
        ["--experimental", "promql", "format", "sum("], ["--experimental", "promql", "label-matchers", "set", "foo", "a"], ["--experimental", "promql", "label-matchers", "set", "-t", "x", "foo", "a", "b"],
        ["--experimental", "promql", "label-matchers", "set", "-t", "!=", "foo{a=\"b\"}", "a", "z"], ["--experimental", "promql", "label-matchers", "set", "sum(foo", "a", "b"],
        ["tsdb", "create-blocks-from", "openmetrics", "no-end.om", "made"], ["tsdb", "create-blocks-from", "openmetrics", "no-times.om", "made"], ["tsdb", "create-blocks-from", "openmetrics", "bad.om", "made"],
        ["tsdb", "create-blocks-from", "openmetrics", "nope.om", "made"], ["tsdb", "create-blocks-from", "openmetrics", "--label=foo", "series.om", "made"],
        ["tsdb", "create-blocks-from", "rules", "--start=x", "rules.yml"], ["tsdb", "create-blocks-from", "rules", "--start=1", "--end=1", "rules.yml"],
        ["tsdb", "list", "{0}"], ["tsdb", "list", "-r", "{0}"], ["tsdb", "list", "nowhere"], ["tsdb", "dump", "{0}"], ["tsdb", "dump", "--match=b", "--min-time=1700000001000", "{0}"],
        ["tsdb", "dump", "--match={x=\"1\"}", "--match=b", "{0}"], ["tsdb", "dump", "--match=te{mp", "{0}"], ["tsdb", "dump", "nowhere"], ["tsdb", "dump-openmetrics", "{0}"],
        ["tsdb", "analyze", "--limit=0", "--extended", "{0}"], ["tsdb", "analyze", "--match=b", "{0}"], ["tsdb", "analyze", "{0}", "nope"], ["tsdb", "analyze", "nowhere"],
    ];

    /// <summary>Calls that read standard input, with the input.</summary>
    public static IReadOnlyList<(string Input, string[] Arguments)> InputCalls { get; } =
    [
        (Files["duplicates.yml"], ["check", "rules"]), (Files["duplicates.yml"], ["check", "rules", "--lint-fatal"]), (Files["bad-rule.yml"], ["check", "rules"]),
        ("# HELP a_total x\n# TYPE a_total counter\na_total 1\n", ["check", "metrics"]), ("# HELP a_total x\n# TYPE a_total counter\na_total 1\n", ["check", "metrics", "--extended"]),
        ("a 1\na 2\n", ["check", "metrics"]), ("a{ 1\n", ["check", "metrics"]), ("a 1", ["check", "metrics"]), ("a x\n", ["check", "metrics"]), ("# TYPE a foo\na 1\n", ["check", "metrics"]), ("", ["check", "metrics"]),
        ("a 1\n# TYPE a gauge\n", ["check", "metrics"]), ("# HELP x_count x\n# TYPE x_count gauge\nx_count 1\n", ["check", "metrics"]),
        ("# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n", ["check", "metrics", "--extended"]),
    ];

    private static string UnitTest(string head, string test) =>
        $"rule_files: [rules.yml]\nevaluation_interval: 1m\n{head}\ntests:\n- interval: 1m\n  name: t1\n  input_series:\n  - {{series: 'up{{job=\"a\"}}', values: '0x10'}}\n"
        + $"  - {{series: 'h', values: '{{{{schema:1 sum:5 count:4 buckets:[1 2 1]}}}}x5'}}\n  {test}\n";

    /// <summary>Unit tests of rules that differ from what is expected in one way or another.</summary>
    public static IReadOnlyList<string> UnitTests { get; } =
    [
        UnitTest("group_eval_order: [a, a]", "promql_expr_test: []"),
        UnitTest("foo: 1", "promql_expr_test: []"),
        UnitTest("", "alert_rule_test: [{eval_time: 1m}]"),
        UnitTest("", "alert_rule_test: [{eval_time: 1m, alertname: Nope, exp_alerts: [{exp_labels: {a: b}}]}]"),
        UnitTest("", "alert_rule_test: [{eval_time: 5m30s, alertname: Down, exp_alerts: [{exp_labels: {a: b}, exp_annotations: {x: y}}]}, {eval_time: 2m, alertname: Down}]"),
        UnitTest("", "promql_expr_test: [{expr: 'sum(', eval_time: 1m}]"),
        UnitTest("", "promql_expr_test: [{expr: 'up', eval_time: foo}]"),
        UnitTest("", "promql_expr_test: [{expr: 'up[5m]', eval_time: 1m}, {expr: '\"x\"', eval_time: 1m}, {expr: '1+1', eval_time: 1m, exp_samples: [{value: 2}]}]"),
        UnitTest("", "promql_expr_test: [{expr: 'up', eval_time: 1m, exp_samples: [{labels: 'up{', value: 1}]}]"),
        UnitTest("", "promql_expr_test: [{expr: 'h', eval_time: 1m, exp_samples: [{labels: 'h', histogram: '{{x'}]}]"),
        UnitTest("", "promql_expr_test: [{expr: 'h', eval_time: 1m, exp_samples: [{labels: 'h', histogram: '{{schema:1 sum:5 count:4 buckets:[1 2 1]}}'}]}]"),
        UnitTest("", "promql_expr_test: [{expr: 'h', eval_time: 1m, exp_samples: [{labels: 'h', histogram: '{{schema:1 sum:5 count:4 counter_reset_hint:not_reset buckets:[1 2 1]}}'}]}]"),
        UnitTest("", "promql_expr_test: [{expr: 'up/3+100000/7', eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 14285.7}]},{expr: '-up-NaN', eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 1.5e300}]}]"),
        UnitTest("fuzzy_compare: true", "promql_expr_test: [{expr: 'up+0.1+0.2', eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 0.3}]}, {expr: 'up+0.3', eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 0.3000001}]}]"),
        UnitTest("fuzzy_compare: false", "promql_expr_test: [{expr: 'up+0.1+0.2', eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 0.3}]}]"),
        UnitTest("", "external_labels: {a: b}\n  external_url: 'http://x/'\n  promql_expr_test: [{expr: 'up', eval_time: 1m}]"),
    ];
}
