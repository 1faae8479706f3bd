using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Narthex.Scenarios;

/// <summary>All servers scrape the same targets at the same time; CPU and memory are read from the operating system.</summary>
internal sealed class ScrapeScenario(ScenarioOptions options)
{
    /// <summary>Runs it and prints the table. False if a server lost scrapes: then its figures mean nothing.</summary>
    public async Task<bool> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await using TargetFarm farm = await TargetFarm.StartAsync(options.Series, cancellationToken);
        using var http = new HttpClient();
        var servers = new List<MeasuredServer>();
        try
        {
            string config = MakeConfig(farm.Address);
            servers.Add(await MeasuredServer.StartAsync("narthex", options.Narthex, config, http, cancellationToken));
            if (options.Prometheus is not null)
            {
                servers.Add(await MeasuredServer.StartAsync("prometheus", options.Prometheus, config, http, cancellationToken));
            }

            long[] idle = [.. servers.Select(server => server.ResidentBytes())];
            await Task.Delay(TimeSpan.FromSeconds(options.WarmupSeconds), cancellationToken);
            double[] cpuBefore = [.. servers.Select(server => server.CpuSeconds())];
            await Task.Delay(TimeSpan.FromSeconds(options.DurationSeconds), cancellationToken);
            var rows = new List<Measurement>();
            for (int i = 0; i < servers.Count; i++)
            {
                double cpu = servers[i].CpuSeconds() - cpuBefore[i];
                long resident = servers[i].ResidentBytes();
                rows.Add(new Measurement(servers[i].Name, cpu, resident, idle[i], await CountScrapesAsync(http, servers[i], cancellationToken)));
            }

            Print(output, rows);
            // The window can cut off one scrape of each target.
            return rows.TrueForAll(row => row.Scrapes >= (ExpectedScrapes * 0.95) - options.Targets);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private double ExpectedScrapes => (double)options.Targets * options.DurationSeconds / options.IntervalSeconds;

    private string MakeConfig(string address)
    {
        var config = new StringBuilder();
        config.Append(CultureInfo.InvariantCulture, $"global:\n  scrape_interval: {options.IntervalSeconds}s\n  scrape_timeout: {options.IntervalSeconds}s\nscrape_configs:\n");
        config.Append("  - job_name: scenario\n    static_configs:\n");
        for (int i = 0; i < options.Targets; i++)
        {
            config.Append(CultureInfo.InvariantCulture, $"      - targets: ['{address}']\n        labels: {{__metrics_path__: /target/{i}/metrics, instance: 'host-{i:d4}:9100'}}\n");
        }

        return config.ToString();
    }

    private async Task<double> CountScrapesAsync(HttpClient http, MeasuredServer server, CancellationToken cancellationToken)
    {
        string query = Uri.EscapeDataString($"sum(count_over_time(up{{job=\"scenario\"}}[{options.DurationSeconds}s]))");
        string json = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/api/v1/query?query={query}"), cancellationToken);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement result = document.RootElement.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0 ? 0 : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    private void Print(TextWriter output, List<Measurement> rows)
    {
        long series = (long)options.Targets * options.Series;
        double millions = ExpectedScrapes * options.Series / 1e6;
        output.WriteLine($"scrape: {options.Targets} targets x {options.Series} series at {options.IntervalSeconds} s, {options.DurationSeconds} s measured after {options.WarmupSeconds} s");
        output.WriteLine("| server | CPU s per million samples | resident MiB | bytes per series above empty | bytes per series in all | scrapes |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- |");
        foreach (Measurement row in rows)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Name} | {row.CpuSeconds / millions:f3} | {row.ResidentBytes / 1048576.0:f1} | {(row.ResidentBytes - row.IdleBytes) / (double)series:f0} | {row.ResidentBytes / (double)series:f0} | {row.Scrapes:f0} of {ExpectedScrapes:f0} |"));
        }

        if (rows.Count == 2)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"ratio narthex / prometheus: CPU {rows[0].CpuSeconds / rows[1].CpuSeconds:f2}, resident {rows[0].ResidentBytes / (double)rows[1].ResidentBytes:f2}"));
        }
    }

    private sealed record Measurement(string Name, double CpuSeconds, long ResidentBytes, long IdleBytes, double Scrapes);
}
