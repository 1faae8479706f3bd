using System.Globalization;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Both servers scrape the same target with exemplars, keep the same ones, and find them again in each other's log.</summary>
public sealed class ExemplarTests
{
    private static readonly string[] s_flags = ["--enable-feature=exemplar-storage,metadata-wal-records"];

    private static readonly string[] s_questions =
    [
        "om_jobs_total",
        "sum(rate(om_latency_seconds_bucket{le=~\"0.1|1.0\"}[5m])) + om_jobs_total{queue=\"b\"}",
        "{__name__=~\"om_.+\"}",
        "om_nothing",
        "1",
        "sum(",
        "om_jobs_total&start=5&end=2",
        "om_jobs_total&start=1600000000&end=1600000001",
    ];

    [PeerFact]
    public async Task Both_servers_keep_the_same_exemplars()
    {
        double now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        using var target = new StaticTarget(Exposition(now - 100, "first"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            storage: {exemplars: {max_exemplars: 9} }
            scrape_configs:
              - job_name: om
                static_configs: [{targets: ['{{target.Address}}']}]
            """);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"), s_flags);
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"), s_flags);
        await WaitForScrapesAsync(ours, real, 4);

        // Some are newer, one is older and has to be refused, and with them there are more than there is room for.
        target.Body = Exposition(now - 50, "second");
        await WaitForScrapesAsync(ours, real, 6);
        await CompareAsync(real, ours);
        foreach (string name in (string[])["in_storage", "series_with_exemplars_in_storage", "max_exemplars", "exemplars_appended_total", "last_exemplars_timestamp_seconds"])
        {
            string metric = "prometheus_tsdb_exemplar_" + (name == "in_storage" ? "exemplars_in_storage" : name);
            Assert.Equal((metric, Metric(await real.GetAsync("metrics"), metric)), (metric, Metric(await ours.GetAsync("metrics"), metric)));
        }

        Assert.True(Metric(await ours.GetAsync("metrics"), "prometheus_target_scrapes_exemplar_out_of_order_total") > 0);
        string[] before = await AskAsync(real);
        Assert.All((string[])["g-first", "a-second", "e-second"], id => Assert.Contains(id, before[2], StringComparison.Ordinal));

        // In each other's hands, the log gives them back. The target is gone, so that nothing is added.
        target.Body = null;
        ours.KillHard();
        real.KillHard();
        string ourCopy = directory.CopyFrom(directory.Combine("ours"), "ours-for-real");
        string realCopy = directory.CopyFrom(directory.Combine("real"), "real-for-ours");
        using ServerProcess oursAgain = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, realCopy, s_flags);
        using ServerProcess realAgain = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, ourCopy, s_flags);
        AssertEqual(before, await AskAsync(realAgain), "the real server on our log");
        AssertEqual(before, await AskAsync(oursAgain), "our server on the real one's log");

        // Smaller by a reload: the newest stay.
        directory.Write("prometheus.yml", (await File.ReadAllTextAsync(config)).Replace("max_exemplars: 9", "max_exemplars: 2", StringComparison.Ordinal));
        oursAgain.SendHangup();
        realAgain.SendHangup();
        foreach (ServerProcess server in (ServerProcess[])[oursAgain, realAgain])
        {
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_exemplar_max_exemplars") == 2);
        }

        await CompareAsync(realAgain, oursAgain);
        Assert.Equal(2, Metric(await oursAgain.GetAsync("metrics"), "prometheus_tsdb_exemplar_exemplars_in_storage"));
    }

    [PeerFact]
    public async Task Without_the_feature_none_are_kept()
    {
        using var target = new StaticTarget(Exposition(1, "x"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: om
                static_configs: [{targets: ['{{target.Address}}']}]
            """);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        await ours.WaitForAsync("api/v1/query?query=om_jobs_total", answer => !answer.Contains("\"result\":[]", StringComparison.Ordinal));
        Assert.Equal("{\"status\":\"success\",\"data\":[]}", await ours.GetAsync("api/v1/query_exemplars?query=om_jobs_total"));
    }

    // All have times of their own: the two servers do not scrape at the same instant.
    private static string Exposition(double time, string id)
    {
        string Exemplar(string name, double value, double ago) => string.Create(
            CultureInfo.InvariantCulture, $" # {{trace_id=\"{name}-{id}\"}} {value} {time - ago:F3}");
        return $"""
            # HELP om_jobs Jobs done.
            # TYPE om_jobs counter
            om_jobs_total{"{queue=\"a\"}"} 17{Exemplar("a", 1, 0.5)}
            om_jobs_total{"{queue=\"b\"}"} 18{Exemplar("b", 0.25, 1.25)}
            om_jobs_total{"{queue=\"late\"}"} 18{Exemplar("c", 0.25, id == "first" ? 0 : 1000)}
            # TYPE om_latency_seconds histogram
            # UNIT om_latency_seconds seconds
            om_latency_seconds_bucket{"{le=\"0.1\"}"} 3{Exemplar("d", 0.05, 2)}
            om_latency_seconds_bucket{"{le=\"1.0\"}"} 4{Exemplar("e", 0.5, 3)}
            om_latency_seconds_bucket{"{le=\"+Inf\"}"} 4{Exemplar("f", 1e9, 4)}
            om_latency_seconds_sum 1.5
            om_latency_seconds_count 4
            # TYPE om_temperature gauge
            om_temperature 5{Exemplar("g", -5, 5)}
            # EOF

            """;
    }

    private static async Task WaitForScrapesAsync(ServerProcess ours, ServerProcess real, int count)
    {
        foreach (ServerProcess server in (ServerProcess[])[ours, real])
        {
            await server.WaitForAsync(
                "api/v1/query?query=" + Uri.EscapeDataString($"count_over_time(up{{job=\"om\"}}[1h]) >= {count}"),
                answer => !answer.Contains("\"result\":[]", StringComparison.Ordinal));
        }
    }

    private static double Metric(string metrics, string name) =>
        double.Parse(Regex.Match(metrics, $"^{name} (.+)$", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);

    private static async Task CompareAsync(ServerProcess real, ServerProcess ours) => AssertEqual(await AskAsync(real), await AskAsync(ours), "both servers");

    private static void AssertEqual(string[] expected, string[] actual, string context)
    {
        for (int i = 0; i < s_questions.Length; i++)
        {
            Assert.True(expected[i] == actual[i], $"{context}: {s_questions[i]}\n  theirs: {expected[i]}\n  ours:   {actual[i]}");
        }
    }

    private static async Task<string[]> AskAsync(ServerProcess server)
    {
        var answers = new List<string>();
        foreach (string question in s_questions)
        {
            int parameters = question.IndexOf('&', StringComparison.Ordinal);
            string query = parameters < 0 ? question : question[..parameters];
            answers.Add(await server.GetAsync($"api/v1/query_exemplars?query={Uri.EscapeDataString(query)}{(parameters < 0 ? "" : question[parameters..])}"));
        }

        return [.. answers];
    }
}
