namespace Narthex.Interop.Tests;

/// <summary>Texts that are wrong in one way each. Both tools must say the same of them, with the same exit code.</summary>
internal static class WrongTexts
{
    /// <summary>Settings of a scrape job that cannot be read.</summary>
    public static IReadOnlyList<string> Jobs { get; } =
    [
        "  basic_auth: x\n", "  basic_auth: [x]\n", "  basic_auth: {user: x}\n", "  basic_auth: {username: [x]}\n", "  basic_auth: {username: a, password: {a: b}}\n",
        "  authorization: x\n", "  authorization: {foo: x}\n", "  authorization: {credentials: [x]}\n", "  oauth2: x\n", "  oauth2: {foo: x}\n",
        "  oauth2: {scopes: x}\n", "  oauth2: {endpoint_params: x}\n", "  oauth2: {client_id: a, token_url: b, tls_config: {foo: a}}\n",
        "  oauth2: {client_id: a, token_url: b, tls_config: x}\n", "  tls_config: x\n", "  tls_config: {foo: x}\n", "  tls_config: {insecure_skip_verify: x}\n",
        "  tls_config: {min_version: x}\n", "  tls_config: {min_version: [x]}\n", "  tls_config: {ca_file: [x]}\n", "  follow_redirects: x\n", "  enable_http2: 5\n",
        "  proxy_url: [x]\n", "  proxy_url: \"::\"\n", "  proxy_url: \"http://a b\"\n", "  proxy_from_environment: x\n", "  proxy_connect_header: x\n",
        "  proxy_connect_header: {a: x}\n", "  proxy_connect_header: {a: [[x]]}\n", "  proxy_url: http://x\n  proxy_connect_header: [a]\n", "  http_headers: x\n",
        "  http_headers: {a: x}\n", "  http_headers: {a: {foo: x}}\n", "  http_headers: {a: {values: x}}\n", "  http_headers: {a: {secrets: x}}\n",
        "  http_headers: {a: {files: x}}\n", "  http_headers: {Host: {values: [x]}}\n", "  http_headers: [x]\n", "  bearer_token: [x]\n", "  no_proxy: [x]\n",
        "  foo: 1\n  basic_auth: x\n", "  static_configs: x\n", "  static_configs: [x]\n", "  static_configs: [{targets: x}]\n",
        "  static_configs: [{targets: [x], labels: x}]\n", "  static_configs: [{targets: [x], foo: x}]\n", "  static_configs: [{targets: [[x]]}]\n",
        "  relabel_configs: x\n", "  relabel_configs: [x]\n", "  relabel_configs: [{action: x}]\n", "  relabel_configs: [{action: [x]}]\n",
        "  relabel_configs: [{source_labels: x}]\n", "  relabel_configs: [{regex: [x]}]\n", "  relabel_configs: [{regex: \"(\"}]\n",
        "  relabel_configs: [{modulus: x}]\n", "  relabel_configs: [{foo: x}]\n", "  params: x\n", "  params: {a: x}\n", "  scrape_interval: [x]\n",
        "  scrape_interval: 5x\n", "  scrape_timeout: {}\n", "  sample_limit: x\n", "  sample_limit: -1\n", "  sample_limit: 1.5\n", "  body_size_limit: x\n",
        "  body_size_limit: [x]\n", "  honor_labels: x\n", "  scheme: [x]\n", "  file_sd_configs: x\n", "  file_sd_configs: [x]\n", "  file_sd_configs: [{files: x}]\n",
        "  file_sd_configs: [{files: [x]}]\n", "  file_sd_configs: [{files: [x.yml], refresh_interval: x}]\n", "  dns_sd_configs: [x]\n",
        "  dns_sd_configs: [{names: x}]\n", "  dns_sd_configs: [{names: [x], port: x}]\n", "  http_sd_configs: [{url: [x]}]\n", "  http_sd_configs: [{url: x}]\n",
        "  http_sd_configs: [{url: \"http://x\", basic_auth: x}]\n", "  http_sd_configs: [{url: \"http://x\", foo: x}]\n", "  kubernetes_sd_configs: [x]\n",
        "  kubernetes_sd_configs: [{role: x}]\n", "  kubernetes_sd_configs: [{role: pod, namespaces: x}]\n", "  kubernetes_sd_configs: [{role: pod, selectors: x}]\n",
        "  kubernetes_sd_configs: [{role: pod, selectors: [{foo: x}]}]\n", "  ec2_sd_configs: [{foo: x}]\n", "  scrape_protocols: x\n", "  scrape_protocols: [x]\n",
        "  job_name: b\n", "  track_timestamps_staleness: []\n", "  native_histogram_min_bucket_factor: x\n",
    ];

    /// <summary>Configurations that cannot be read.</summary>
    public static IReadOnlyList<string> Configurations { get; } =
    [
        "global: x\n", "global: [x]\n", "global: {foo: x}\n", "global: {scrape_interval: [x]}\n", "global: {external_labels: x}\n",
        "global: {external_labels: {a: [x]}}\n", "global: {external_labels: {a-b: x}}\n", "global: {external_labels: {\"\": x}}\n", "rule_files: x\n",
        "rule_files: [[x]]\n", "scrape_configs: x\n", "scrape_configs: [x]\n", "scrape_configs: [~]\n", "alerting: x\n", "alerting: {alertmanagers: x}\n",
        "alerting: {alertmanagers: [x]}\n", "alerting: {alertmanagers: [{foo: x}]}\n", "alerting: {alertmanagers: [{timeout: [x]}]}\n",
        "alerting: {alertmanagers: [{api_version: x}]}\n", "alerting: {alertmanagers: [{scheme: [x]}]}\n", "alerting: {alert_relabel_configs: x}\n", "remote_write: x\n",
        "remote_write: [x]\n", "remote_write: [{}]\n", "remote_write: [{url: [x]}]\n", "remote_write: [{url: \"::\"}]\n",
        "remote_write: [{url: \"http://x\", queue_config: x}]\n", "remote_write: [{url: \"http://x\", queue_config: {foo: x}}]\n",
        "remote_write: [{url: \"http://x\", queue_config: {capacity: x}}]\n", "remote_write: [{url: \"http://x\", metadata_config: x}]\n",
        "remote_write: [{url: \"http://x\", metadata_config: {foo: 1}}]\n", "remote_write: [{url: \"http://x\", sigv4: x}]\n",
        "remote_write: [{url: \"http://x\", sigv4: {foo: x}}]\n", "remote_write: [{url: \"http://x\", headers: x}]\n", "remote_write: [{url: \"http://x\", name: [x]}]\n",
        "remote_write: [{url: \"http://x\", protobuf_message: x}]\n", "remote_write: [{url: \"http://x\", write_relabel_configs: [x]}]\n",
        "remote_write: [{url: \"http://x\", basic_auth: x}]\n", "remote_read: x\n", "remote_read: [{url: \"http://x\", required_matchers: x}]\n",
        "remote_read: [{url: \"http://x\", filter_external_labels: x}]\n", "storage: x\n", "storage: {tsdb: x}\n", "storage: {tsdb: {foo: x}}\n",
        "storage: {tsdb: {out_of_order_time_window: x}}\n", "storage: {exemplars: x}\n", "storage: {exemplars: {max_exemplars: x}}\n", "tracing: x\n",
        "tracing: {foo: x}\n", "tracing: {client_type: x}\n", "tracing: {endpoint: x, sampling_fraction: x}\n", "tracing: {endpoint: x, headers: x}\n", "otlp: x\n",
        "otlp: {foo: x}\n", "otlp: {promote_resource_attributes: x}\n", "otlp: {translation_strategy: x}\n", "runtime: x\n", "runtime: {gogc: x}\n",
        "runtime: {foo: x}\n", "foo: bar\n", "scrape_config_files: x\n", "x\n", "[a]\n", "5\n", "a: b: c\n", "global:\n  scrape_interval: 5m\n scrape_timeout: 5m\n",
        "global: {a: 1}\nglobal: {b: 1}\n",
    ];

    /// <summary>Texts on the edge of YAML: some are read, some are not.</summary>
    public static IReadOnlyList<string> Yaml { get; } =
    [
        "a: {\nb: c\n", "a: [\nb: c\n", "a: {b: c\nd: e\n", "tests:\n- a: {\n  b: c\n  d: e\n", "tests:\n- a: [\n  b\n  d: e\n", "a: \"x\nb: c\n", "a: \"x\nb: \"c\"\n",
        "a: 'x\nb: c\n", "a: !<\nb: c", "a: &\nb: c", "a: *\nb: c", "a: @\n", "a: %\n", "a: `\n", "x\ny: z\n", "x: y\n z: w\n", "- a\nb: c\n", "a: b\n- c\n",
        "a:\n  - b\n c: d\n", "a: |\n\tx\n", "a: |\n  x\n\ty\n", "\ta: b\n", "a:\n\tb: c\n", "a:\tb\n", "a: b\n\t\n", "a: \"b\"\n\t\n", "a: b\n\t# x\n", "a: [b,\n\tc]\n",
        "a: b: c\n", "a: b\n  c: d\n", "? a\n", "a: [b\n", "a: }\n", "a: ]\n", "a: ,\n", "---\n---\na: b\n", "%YAML 1.1\n---\na: b\n", "%YAML 2.0\n---\na: b\n",
        "a: !!int x\n", "a: !!str 5\n", "a: !foo x\n", "a: \"\\q\"\n", "a: \"\\x1\"\n", "a: \"\\u12\"\n", "a: x #c\n", "a: [x#c]\n", "a: \"x\"#c\n", "a: [x]#c\n",
        "a: \"x\ny\"\n", "  a: b\nc: d\n", "a: b\n...\nfoo: [\n", "a: b\n--- x\n", "a: b\n\n\n  - x\n", "a: >-x\n", "a: |0\n", "a: - b\n", "a: {b, c: d,, e}\n",
        "a: {[b]: c}\n", "[a]: b\n", "{a: b}: c\n", "? [a]\n: b\n", "a: &x b\nc: *x\n", "a: *nope\n", "<<: 5\n", "a: b\na: c\n", "\"a\" b: c\n", "a: \"b\" c\n",
        "a: 'b' c\n", "a: b\n\"c\n", "\u0000a: b\n", "\ufeffa: b\n", "a: b\u0001\n", "a: \u007f\n", "a: \u00e9\n", "key\n", "5\n", "~\n", "[]\n", "{}\n", "-\n", "- \n",
        "&a\n", "|\n", ">\n", "\"\n", "'\n", "{\n", "[\n", "]\n", "}\n", ",\n", "a: b\r\nc: [\r\n", "a: b\rc: [\r", "a:b\n", "a:\n- b\n- c: [\n- d\n", "# only\n",
        "\n\n\n   \n a: [\n",
    ];

    /// <summary>Points of a series in a unit test: some are read, some are not.</summary>
    public static IReadOnlyList<string> SeriesValues { get; } =
    [
        "x", "changed", "changed x", "1 changed", "1 x", "-", "--1", "+", "1 -", "1 - 2", "1+", "1+x", "1-x3", "1x", "1x-3", "1x+3", "1x1.5", "1xx", "1_", "_1", "_x",
        "_x_", "__", "_ x", "1,2", "1 ,", "1.5.5", "1e", "0x10", "0o7", "1..2", "Inf", "inf", "nan", "stalex", "stalex2", "stale2", "stale x2", "-stale", "1 2foo",
        "1+inf", "1+nanx2", "1+1", "1+1 x3", "1 + 1x3", "1+1x", "1+1x3x", "(1)", "1(", "\"a\"", "{", "{{", "}}", "{{}", "{{}}x", "{{}} x2", "{{}}x2+", "{{foo:1}}",
        "{{count}}", "{{count:}}", "{{count:x}}", "{{count:1,sum:2}}", "{{count:1 sum:2}", "{{count:1}}1", "{{count:1}}+1x2", "{{count:1}}+{{count:1}}",
        "{{count:1}}-{{count:1}}x2", "1x2 {{count:1}}", "{{schema:1.5}}", "{{buckets:1}}", "{{buckets:[1}}", "{{buckets:[1,2]}}", "{{counter_reset_hint:foo}}",
        "{{count:1 count:2}}", "{ {}}", "{{count:1 }}", "{{count: 1}}", "1m", "5m", "1h30m", "@", "#", "# comment", "1 # c", "1\\t2", "e", "sum", "1 by", "by", "on",
        "1e3x2", "1e+3", "1e-3", "1e+", "\u00e9", "1\u00e9", "{{schema:0 sum:1 count:1 buckets:[1]}}+{{schema:-1 count:1}}x2", "{{schema:1}}-{{schema:0}}x1",
        "{{custom_values:[1]}}", "{{schema:-53 custom_values:[2 1]}}", "", "'", "start", "1 start", "'' '",
    ];
}
