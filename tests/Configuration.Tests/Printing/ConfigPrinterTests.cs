using Narthex.Tests;

namespace Narthex.Configuration.Tests.Printing;

public sealed class ConfigPrinterTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.Root, "tests", "Configuration.Tests", "Printing");

    // Keys that 3.14 prints and 3.5 does not know yet.
    private static readonly string[] s_newKeys =
    [
        "  scrape_native_histograms: false", "  extra_scrape_metrics: false", "  label_name_underscore_sanitization: true",
        "  label_name_preserve_multiple_underscores: true",
    ];

    [Fact]
    public void Print_gives_what_the_real_server_shows_for_the_same_file()
    {
        string expected = File.ReadAllText(Path.Combine(s_folder, "printed-by-prometheus-3.5.yml"));

        // Upstream leaves an expression that is null unset and prints it so; here it is the default.
        expected = expected.Replace("    regex: null\n", "", StringComparison.Ordinal);

        string printed = ConfigPrinter.Print(ConfigurationLoader.Load(File.ReadAllText(Path.Combine(s_folder, "input.yml")), ""));

        Assert.Equal(expected, string.Join('\n', printed.Split('\n').Where(line => !s_newKeys.Contains(line))));
    }

    [Fact]
    public void Print_of_an_empty_file_shows_the_defaults()
    {
        string printed = ConfigPrinter.Print(ConfigurationLoader.Load("", ""));

        Assert.StartsWith("global:\n  scrape_interval: 1m\n  scrape_timeout: 10s\n", printed, StringComparison.Ordinal);
        Assert.Contains("  metric_name_validation_scheme: utf8\n  metric_name_escaping_scheme: allow-utf-8\nruntime:\n  gogc: 75\n", printed, StringComparison.Ordinal);
    }

    [Fact]
    public void Print_masks_passwords_in_urls_and_every_kind_of_secret()
    {
        const string yaml = """
            scrape_configs:
            - job_name: a
              basic_auth: {username: u, password: hunter2}
              proxy_url: http://u:hunter2@proxy:1
              http_headers: {X: {secrets: [hunter2]}}
              consul_sd_configs: [{token: hunter2}]
              oci_sd_configs: [{region: r, key_passphrase: hunter2}]
            remote_write:
            - url: http://u:hunter2@h/x
              tls_config: {cert: c, key: hunter2}
              oauth2: {client_id: i, client_secret: hunter2, token_url: http://t}
            """;

        string printed = ConfigPrinter.Print(ConfigurationLoader.Load(yaml, ""));

        Assert.DoesNotContain("hunter2", printed, StringComparison.Ordinal);
        Assert.Contains("proxy_url: http://u:xxxxx@proxy:1\n", printed, StringComparison.Ordinal);
        Assert.Contains("  - server: localhost:8500\n    token: <secret>\n", printed, StringComparison.Ordinal);
    }
}
