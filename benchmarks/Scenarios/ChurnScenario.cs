using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Narthex.Scenarios;

/// <summary>A large fleet of which a tenth is replaced every minute: does a server keep its memory, and does it scrape everybody in time?</summary>
/// <remarks>
/// Targets come from a file. Every replaced target brings new series, which stay in memory until their block is written: so the memory is
/// shown beside the number of series.
/// </remarks>
internal sealed class ChurnScenario(ScenarioOptions options)
{
    private const int ReplacedPerRound = 10; // One of so many.
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);

    /// <summary>Runs it and prints a line for each minute. False if a server scraped late.</summary>
    public async Task<bool> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await using TargetFarm farm = await TargetFarm.StartAsync(options.Series, cancellationToken);
        using var http = new HttpClient();
        string folder = Directory.CreateTempSubdirectory("narthex-churn-").FullName;
        var servers = new List<MeasuredServer>();
        try
        {
            int[] fleet = [.. Enumerable.Range(0, options.Targets)];
            await WriteAsync(folder, farm.Address, fleet, cancellationToken);
            string config = string.Create(CultureInfo.InvariantCulture, $"""
                global:
                  scrape_interval: {options.IntervalSeconds}s
                  scrape_timeout: {options.IntervalSeconds}s
                scrape_configs:
                  - job_name: scenario
                    file_sd_configs:
                      - files: ['{folder}/targets.json']

                """);
            servers.Add(await MeasuredServer.StartAsync("narthex", options.Narthex, config, http, cancellationToken));
            if (options.Prometheus is not null)
            {
                servers.Add(await MeasuredServer.StartAsync("prometheus", options.Prometheus, config, http, cancellationToken));
            }

            return await MeasureAsync(output, farm.Address, folder, fleet, servers, http, cancellationToken);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<bool> MeasureAsync(
        TextWriter output, string address, string folder, int[] fleet, List<MeasuredServer> servers, HttpClient http, CancellationToken cancellationToken)
    {
        output.WriteLine($"churn: {options.Targets} targets x {options.Series} series at {options.IntervalSeconds} s, a tenth replaced each minute");
        output.WriteLine("| minute | server | resident MiB | series in memory | CPU s | scrapes of expected | 99% of intervals, s |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        await Task.Delay(TimeSpan.FromSeconds(options.WarmupSeconds), cancellationToken);
        double[] cpu = [.. servers.Select(server => server.CpuSeconds())];
        bool isGood = true;
        int next = fleet.Length;
        int rounds = Math.Max(1, options.DurationSeconds / (int)Round.TotalSeconds);
        for (int round = 1; round <= rounds; round++)
        {
            for (int i = round % ReplacedPerRound; i < fleet.Length; i += ReplacedPerRound)
            {
                fleet[i] = next++;
            }

            await WriteAsync(folder, address, fleet, cancellationToken);
            await Task.Delay(Round, cancellationToken);
            for (int i = 0; i < servers.Count; i++)
            {
                double before = cpu[i];
                cpu[i] = servers[i].CpuSeconds();

                double scrapes = await QueryAsync(http, servers[i], "sum(count_over_time(up{job=\"scenario\"}[1m]))", cancellationToken);
                double expected = options.Targets * Round.TotalSeconds / options.IntervalSeconds;
                string interval = $"prometheus_target_interval_length_seconds{{interval=\"{options.IntervalSeconds}s\",quantile=\"0.99\"}}";
                double late = await ReadOwnAsync(http, servers[i], interval, cancellationToken);
                double series = await ReadOwnAsync(http, servers[i], "prometheus_tsdb_head_series ", cancellationToken);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {round} | {servers[i].Name} | {servers[i].ResidentBytes() / 1048576.0:f1} | {series:f0} | {cpu[i] - before:f1} | {scrapes / expected:p1} | {late:f3} |"));
                isGood &= late < options.IntervalSeconds * 1.1 && scrapes >= expected * 0.95;
            }
        }

        return isGood;
    }

    private static async Task WriteAsync(string folder, string address, int[] fleet, CancellationToken cancellationToken)
    {
        var json = new StringBuilder("[");
        foreach (int number in fleet)
        {
            json.Append(json.Length > 1 ? ",\n" : "").Append(
                CultureInfo.InvariantCulture,
                $"{{\"targets\":[\"{address}\"],\"labels\":{{\"__metrics_path__\":\"/target/{number}/metrics\",\"instance\":\"host-{number:d6}:9100\"}}}}");
        }

        string path = Path.Combine(folder, "targets.json");
        await File.WriteAllTextAsync(path + ".tmp", json.Append(']').ToString(), cancellationToken);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    private static async Task<double> QueryAsync(HttpClient http, MeasuredServer server, string query, CancellationToken cancellationToken)
    {
        string json = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/api/v1/query?query={Uri.EscapeDataString(query)}"), cancellationToken);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement result = document.RootElement.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0 ? 0 : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    // What a server says about itself is read from its own page: nobody scrapes it here.
    private static async Task<double> ReadOwnAsync(HttpClient http, MeasuredServer server, string start, CancellationToken cancellationToken)
    {
        string page = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/metrics"), cancellationToken);
        string[] lines = page.Split('\n');
        return lines.Where(line => line.StartsWith(start, StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))
            .DefaultIfEmpty(double.NaN)
            .Max();
    }
}
