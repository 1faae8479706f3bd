using Narthex.Model;

namespace Narthex.Configuration.Tests;

/// <summary>What the real server says to the same inputs, unless noted.</summary>
public sealed class ConfigurationLoaderTests
{
    [Theory]
    [InlineData("foo: bar", "yaml: unmarshal errors:\n  line 1: field foo not found in type config.plain")]
    [InlineData("global: {scrape_interval: 5}", "not a valid duration string: \"5\"")]
    [InlineData("global: {scrape_interval: 5s, scrape_interval: 5s}", "yaml: unmarshal errors:\n  line 1: field scrape_interval already set in type config.plain")]
    [InlineData("scrape_configs: {a: b}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into []*config.ScrapeConfig")]
    [InlineData("scrape_configs: [{job_name: [a]}]", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string")]
    [InlineData("global: {external_labels: {a: b, a: c}}", "yaml: unmarshal errors:\n  line 1: key \"a\" already set in map")]
    [InlineData("global: {sample_limit: -1}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!int `-1` into uint")]
    [InlineData("global: {sample_limit: x}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `x` into uint")]
    [InlineData("scrape_configs: [{job_name: a, honor_labels: 3}]", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!int `3` into bool")]
    [InlineData("- a", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into config.plain")]
    [InlineData("scrape_configs: [{job_name: a, scrape_timeout: 5m}]", "scrape timeout greater than scrape interval for scrape config with job name \"a\"")]
    [InlineData("scrape_configs: [{job_name: a, static_configs: [{targets: [\"http://x/\"]}]}]", "\"http://x/\" is not a valid hostname")]
    [InlineData("scrape_configs: [{job_name: a, tls_config: {foo: 1}}]", "yaml: unmarshal errors:\n  line 1: field foo not found in type config.plain")]
    [InlineData("scrape_configs: [{job_name: a, relabel_configs: [{action: foo}]}]", "unknown relabel action \"foo\"")]
    [InlineData("scrape_configs: [{job_name: a, file_sd_configs: [{files: [\"*/a.yml\"]}]}]", "path name \"*/a.yml\" is not valid for file discovery")]
    [InlineData("scrape_configs: [{job_name: a, file_sd_configs: [{files: [\"a.txt\"]}]}]", "path name \"a.txt\" is not valid for file discovery")]
    [InlineData("scrape_configs: [{job_name: a, file_sd_configs: [{}]}]", "file service discovery config must contain at least one path name")]
    [InlineData("scrape_configs: [{job_name: a, basic_auth: {username: a, password: b, password_file: c}}]", "at most one of basic_auth password, password_file & password_ref must be configured")]
    [InlineData("scrape_configs: [null]", "empty or null scrape config section")]
    [InlineData("scrape_configs: [{}]", "job_name is empty")]
    [InlineData("scrape_configs: [{job_name: a, scrape_protocols: [x]}]", "scrape_protocols: unknown scrape protocol x, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] for scrape config with job name \"a\"")]
    [InlineData("scrape_configs: [{job_name: a, http_sd_configs: [{}]}]", "URL is missing")]
    [InlineData("scrape_configs: [{job_name: a, static_configs: [{targets: [a], labels: {\"\": x}}]}]", "\"\" is not a valid label name")]
    [InlineData("alerting: {alertmanagers: [{scheme: x, foo: 1}]}", "yaml: unmarshal errors:\n  line 1: field foo not found in type config.AlertmanagerConfig")]
    [InlineData("remote_write: [{name: x}]", "url for remote_write is empty")]
    [InlineData("remote_write: [{url: \"::\"}]", "parse \"::\": missing protocol scheme")]
    [InlineData("global: {scrape_interval: 5s, scrape_timeout: 10s}", "global scrape timeout greater than scrape interval")]
    [InlineData("scrape_configs: [{job_name: a, authorization: {type: basic}}]", "authorization type cannot be set to \"basic\", use \"basic_auth\" instead")]
    [InlineData("scrape_configs: [{job_name: a, tls_config: {min_version: x}}]", "unknown TLS version: x")]
    [InlineData("scrape_configs: [{job_name: a}, {job_name: a}]", "found multiple scrape configs with job name \"a\"")]
    [InlineData("scrape_configs: [{job_name: a, relabel_configs: [{regex: \"(\"}]}]", "error parsing regexp: missing closing ): `^(?s:()$`")]
    public void Load_refuses_as_the_real_server_does(string yaml, string message)
    {
        var error = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(yaml, ""));

        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Load_reports_all_faults_of_form_with_their_lines()
    {
        const string yaml = "global:\n  foo: 1\nscrape_configs:\n- job_nam: x\n- job_name: y\n  honor_labels: maybe\nbar: 2\n";

        var error = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(yaml, ""));

        Assert.Equal(
            "yaml: unmarshal errors:\n  line 2: field foo not found in type config.plain\n  line 4: field job_nam not found in type config.ScrapeConfig\n"
            + "  line 6: cannot unmarshal !!str `maybe` into bool\n  line 7: field bar not found in type config.plain",
            error.Message);
    }

    [Fact]
    public void LoadFile_names_the_file_that_is_not_there()
    {
        var error = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.LoadFile("no/such.yml"));

        Assert.Equal("open no/such.yml: no such file or directory", error.Message);
    }

    [Theory]
    [InlineData("foo", null, "foo")]
    [InlineData("foo${TEST}bar", "X", "fooXbar")]
    [InlineData("${TEST}", "TestValue", "TestValue")]
    [InlineData("$TEST-", "v", "v-")]
    [InlineData("foo$${TEST}", "v", "foo${TEST}")]
    [InlineData("foo$$bar", null, "foo$bar")]
    [InlineData("a$", null, "a$")]
    public void External_labels_take_the_environment(string value, string? variable, string expected)
    {
        var options = new ConfigurationLoadOptions { Environment = name => name == "TEST" ? variable : null };

        PrometheusConfig config = ConfigurationLoader.Load($"global: {{external_labels: {{a: '{value}'}}}}", "", options);

        Assert.Equal(Labels.FromStrings("a", expected), config.Global.ExternalLabels);
    }

    [Fact]
    public void Load_resolves_relative_paths_from_the_folder()
    {
        const string yaml = """
            global: {query_log_file: q.log}
            rule_files: [r/*.yml, /abs/x.yml]
            scrape_configs:
            - job_name: a
              file_sd_configs: [{files: [../t/*.json]}]
              tls_config: {ca_file: ca.pem}
              authorization: {credentials_file: ./token}
            """;

        PrometheusConfig config = ConfigurationLoader.Load(yaml, "/etc/prom");

        Assert.Equal("/etc/prom/q.log", config.Global.QueryLogFile);
        Assert.Equal(["/etc/prom/r/*.yml", "/abs/x.yml"], config.RuleFiles);
        Assert.Equal(["/etc/t/*.json"], Assert.IsType<FileSdConfig>(config.ScrapeConfigs[0].ServiceDiscovery[0]).Files);
        Assert.Equal("/etc/prom/ca.pem", config.ScrapeConfigs[0].HttpClient.Tls.CaFile);
        Assert.Equal("/etc/prom/token", config.ScrapeConfigs[0].HttpClient.Authorization!.CredentialsFile);
    }

    [Fact]
    public void Equal_texts_give_equal_configurations_and_one_change_is_seen_in_its_job_only()
    {
        const string yaml = "scrape_configs:\n- job_name: a\n  params: {m: [x]}\n  relabel_configs: [{target_label: t, replacement: r}]\n- job_name: b\n  static_configs: [{targets: [h]}]\n";

        PrometheusConfig first = ConfigurationLoader.Load(yaml, "");
        PrometheusConfig same = ConfigurationLoader.Load(yaml, "");
        PrometheusConfig changed = ConfigurationLoader.Load(yaml.Replace("[h]", "[i]", StringComparison.Ordinal), "");

        Assert.Equal(first, same);
        Assert.Equal(first.GetHashCode(), same.GetHashCode());
        Assert.Equal(first.ScrapeConfigs[0], changed.ScrapeConfigs[0]);
        Assert.NotEqual(first.ScrapeConfigs[1], changed.ScrapeConfigs[1]);
    }

    [Fact]
    public void Anchors_and_merge_keys_are_understood()
    {
        const string yaml = "scrape_configs:\n- &base\n  job_name: a\n  scrape_interval: 7s\n  scrape_timeout: 3s\n- <<: *base\n  job_name: b\n";

        PrometheusConfig config = ConfigurationLoader.Load(yaml, "");

        Assert.Equal(TimeSpan.FromSeconds(7), config.ScrapeConfigs[1].ScrapeInterval);
        Assert.Equal("b", config.ScrapeConfigs[1].JobName);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_text_is_refused_with_a_message_and_nothing_else(int seed)
    {
        const string yaml = "global: {scrape_interval: 15s}\nscrape_configs:\n- job_name: a\n  relabel_configs:\n  - {regex: '(.*)', action: keep}\n  static_configs: [{targets: [\"h:1\"]}]\n";
        const string signs = "{}[]:,&*!|>'\"%@`-? \n\tax0~#";
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            char[] text = yaml.ToCharArray();
            for (int n = random.Next(1, 5); n > 0; n--)
            {
                text[random.Next(text.Length)] = signs[random.Next(signs.Length)];
            }

            try
            {
                ConfigurationLoader.Load(new string(text), "");
            }
            catch (ConfigurationException e)
            {
                Assert.False(string.IsNullOrEmpty(e.Message), $"seed {seed}, case {i}");
            }
        }
    }

    [Theory]
    [InlineData("scrape_configs: [{job_name: a}]", true)]
    [InlineData("global: {extra_scrape_metrics: false}\nscrape_configs: [{job_name: a}]", false)]
    [InlineData("scrape_configs: [{job_name: a, extra_scrape_metrics: false}]", false)]
    public void Extra_metrics_can_be_the_default_and_still_be_switched_off(string yaml, bool expected)
    {
        PrometheusConfig config = ConfigurationLoader.Load(yaml, "/", new ConfigurationLoadOptions { ExtraScrapeMetrics = true });
        Assert.Equal(expected, config.ScrapeConfigs[0].ExtraScrapeMetrics);
    }
}
