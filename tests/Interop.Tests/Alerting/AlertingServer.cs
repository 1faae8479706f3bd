using System.Globalization;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Alerting;

/// <summary>A server whose rules look at a target, with an Alertmanager of its own and one that it shares. It can be ended and started again over its data.</summary>
internal sealed class AlertingServer : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _config;
    private readonly string _data;
    private readonly string[] _flags;
    private ServerProcess? _process;

    private AlertingServer(string name, string path, TemporaryDirectory directory, string config, RealAlertmanager alertmanager, string[] flags)
    {
        Name = name;
        Alertmanager = alertmanager;
        _path = path;
        _config = directory.Write(name + ".yml", config);
        _data = directory.Combine(name);

        // One URL for both: what they send must be the same to the letter.
        _flags = ["--web.external-url=http://prometheus.example/prom", "--web.route-prefix=/", .. flags];
    }

    public string Name { get; }

    /// <summary>The Alertmanager that only this server sends to.</summary>
    public RealAlertmanager Alertmanager { get; }

    public ServerProcess Process => _process!;

    /// <summary>When the process began that runs now.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    public static async Task<AlertingServer> StartAsync(
        string name, string path, TemporaryDirectory directory, StaticTarget target, RealAlertmanager shared, string alertmanagerConfig, params string[] flags)
    {
        RealAlertmanager own = await RealAlertmanager.StartAsync(alertmanagerConfig);
        string config = $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {region: eu, replica: {{name}} } }
            rule_files: [rules.yml]
            alerting:
              alert_relabel_configs:
                - {action: labeldrop, regex: replica}
                - {action: drop, source_labels: [severity], regex: none}
              alertmanagers:
                - static_configs: [{targets: ['{{own.Address}}']}]
                - static_configs: [{targets: ['{{shared.Address}}']}]
            scrape_configs:
              - job_name: tanks
                static_configs: [{targets: ['{{target.Address}}']}]
            """;
        var server = new AlertingServer(name, path, directory, config, own, flags);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        _process?.Dispose();
        StartedAt = TimeProvider.System.GetUtcNow();
        _process = await ServerProcess.StartPrometheusAsync(_path, _config, _data, _flags);
    }

    /// <summary>Since when each alert is active, by name and tank.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> GetActiveSinceAsync(string state)
    {
        using JsonDocument answer = JsonDocument.Parse(await Process.GetAsync("api/v1/alerts"));
        return answer.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
            .Where(alert => alert.GetProperty("state").GetString() == state)
            .ToDictionary(alert => KeyOf(alert.GetProperty("labels")), alert => alert.GetProperty("activeAt").GetDateTimeOffset());
    }

    /// <summary>The name of an alert and the tank that it is about.</summary>
    public static string KeyOf(JsonElement labels) => $"{labels.GetProperty("alertname").GetString()} {labels.GetProperty("tank").GetString()}";

    /// <summary>The value of one of the server's own metrics; 0 where it has none.</summary>
    public async Task<double> GetMetricAsync(string series)
    {
        string? line = (await Process.GetAsync("metrics")).Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _process?.Dispose();
        await Alertmanager.DisposeAsync();
    }
}
