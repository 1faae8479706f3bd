using Narthex.Configuration;

namespace Narthex.Hosting.Tests;

public sealed class UnavailableSettingsTests
{
    [Fact]
    public void Every_section_without_effect_is_named()
    {
        PrometheusConfig configuration = ConfigurationLoader.Load(
            """
            rule_files: [rules.yml]
            alerting:
              alertmanagers:
                - static_configs: [{targets: ['127.0.0.1:9093']}]
            remote_write: [{url: 'http://127.0.0.1/write'}]
            remote_read: [{url: 'http://127.0.0.1/read'}]
            tracing: {endpoint: '127.0.0.1:4317'}
            """,
            ".");
        Assert.Equal(
            ["remote_write", "remote_read", "tracing"],
            UnavailableSettings.Find(configuration).Select(setting => setting.Key));
    }

    [Fact]
    public void A_configuration_that_is_carried_out_whole_is_quiet() =>
        Assert.Empty(UnavailableSettings.Find(ConfigurationLoader.Load("scrape_configs: [{job_name: a}]", ".")));
}
