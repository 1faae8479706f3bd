using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;

namespace Narthex.Scraping.Tests;

/// <summary>The real Prometheus and the ingester scrape the same bodies and must end with the same series, values and errors.</summary>
public class RealPrometheusTests
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0";
    private const string Text = "text/plain; version=0.0.4";

    // Each is a target of its own. {now} stands for the present time in seconds.
    private static readonly (string Type, bool HonorLabels, string Body)[] Bodies =
    [
        (Text, false, "a{p=\"C:\\\\dir\",q=\"say \\\"hi\\\"\",n=\"two\\nlines\",t=\"\\t\"} 1\n"),
        (Text, false, "{\"utf8.name\",\"lab el\"=\"v\"} 2\n{\"é\"} 3\nplain{\"ü\"=\"x\"} 4\n"),
        (Text, false, "d 1\nd 2\nd{x=\"1\",y=\"2\"} 1\nd{y=\"2\",x=\"1\"} 5\n"),
        (Text, false, "t_past 1 {now}000\nt_none 2\n"),
        (Text, false, "t_future 1 99999999999999\nt_none 2\n"),
        (Text, false, "n NaN\ni +Inf\nj -Inf\nk Inf\nl inf\nm nan\n"),
        (Text, false, "h 1.7976931348623157e308\ns 5e-324\nz -0\no 123456789012345678901234567890\nf .5\ng 5.\ne 1E3\np +7\n"),
        (Text, false, "big 1e999\n"),
        (Text, false, "# just a comment\n#\n#HELP no blank\n# HELP x text \\\\ \\n end\n# TYPE x counter\nx 1\n\n\ny   2  \nz\t3\n"),
        (Text, false, "x 1\r\ny 2\r\n"),
        (Text, false, "a 1\nlast 2"),
        (Text, false, "blank { a = \"b\" , } 3\ntrail{a=\"b\",} 4\nempty{} 5\n"),
        (Text, false, "dup{a=\"1\",a=\"2\"} 1\n"),
        (Text, false, "empty_value{instance=\"\",x=\"\"} 1\n"),
        (Text, true, "empty_value{instance=\"\",x=\"\"} 1\nhonored{instance=\"mine\"} 2\n"),
        (Text, false, "moved{job=\"mine\",instance=\"i\",exported_job=\"e\"} 2\n"),
        (Text, false, "no_value\n"),
        (Text, false, "bad{a=\"1} 2\n"),
        (Text, false, "hex 0x10\n"),
        (Text, false, "und 1_000\n"),
        (Text, false, "a 1\nb{__name__=\"c\"} 2\n"),
        (Text, false, "a 1 2 3\n"),
        (Text, false, "{a=\"no name\"} 1\n"),
        (Text, false, ""),
        (Text, false, "\n"),
        (Text, false, "# TYPE a wrong\na 1\n"),
        (OpenMetrics, false, "# TYPE c counter\nc_total 5 # {id=\"x\"} 0.5\nc_created 1\n# EOF\n"),
        (OpenMetrics, false, "# HELP g Text \\\"q\\\"\n# TYPE g gauge\n# UNIT g \ng{a=\"b\"} 1 {now}.5\ng{a=\"c\"} 2\n# EOF"),
        (Text, false, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e6\"} 2\nh_bucket{le=\"0.00001\"} 3\nh_bucket{le=\"Inf\"} 4\nh_bucket{le=\"x\"} 5\nh_bucket{le=\"-2\",quantile=\"1\"} 5\nother{le=\"3\"} 1\n"),
        (Text, false, "u{le=\"1\",quantile=\"1\"} 1\n# TYPE s summary\ns{quantile=\"0\"} 1\ns{quantile=\"0.50\"} 2\ns{quantile=\"1\",le=\"1\"} 3\ns{quantile=\"NaN\"} 3\n# TYPE g gauge\ng{quantile=\"1\"} 1\n"),
        (OpenMetrics, false, "# TYPE h gaugehistogram\nh_bucket{le=\"1\"} 1\n# TYPE s summary\ns{quantile=\"1\"} 1\n# EOF\n"),
        (OpenMetrics, false, "g 1\n"),
        (OpenMetrics, false, "g 1\n# EOF\nmore 2\n"),
        (OpenMetrics, false, "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {} 0.5 {now}\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n# EOF\n"),
        (OpenMetrics, false, "g 1\r\n# EOF\r\n"),
    ];

    [PeerFact]
    public async Task Nasty_bodies_become_the_same_series_as_in_the_real_one()
    {
        string now = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 5).ToString(CultureInfo.InvariantCulture);
        await using WebApplication server = await ServeAsync(now);
        string address = new Uri(server.Urls.First()).Authority;
        DirectoryInfo directory = Directory.CreateTempSubdirectory("narthex-scrape-");
        int port = FreePort();
        string config = Path.Combine(directory.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(config, "global: {scrape_interval: 1h}\nscrape_configs:\n" + string.Concat(Bodies.Select((body, i) =>
            $"- job_name: t{i}\n  metrics_path: /{i}\n  scrape_interval: 1s\n  honor_labels: {(body.HonorLabels ? "true" : "false")}\n  static_configs: [{{targets: ['{address}']}}]\n")));
        using Process peer = Process.Start(new ProcessStartInfo(
            Path.Combine(RepositoryPaths.Peers!, "prometheus"),
            [$"--config.file={config}", $"--storage.tsdb.path={directory.FullName}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]))!;
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
            var differences = new StringBuilder();
            for (int i = 0; i < Bodies.Length; i++)
            {
                string expected = "";
                string actual = OurSeries(i, address, now);

                // On a busy machine a scrape of the peer may be late and fail; the next one, a second later, tells how it is.
                for (int attempt = 0; attempt < 20 && expected != actual; attempt++)
                {
                    await Task.Delay(attempt == 0 ? 0 : 250);
                    Dictionary<string, string> errors = await TargetErrorsAsync(http);
                    expected = $"error: {errors["t" + i]}\n" + await SeriesOfPeerAsync(http, $"t{i}");
                }

                if (expected != actual)
                {
                    differences.AppendLine(CultureInfo.InvariantCulture, $"{i}: {Bodies[i].Body}\nreal:\n{expected}\nours:\n{actual}\n");
                }
            }

            Assert.True(differences.Length == 0, differences.ToString());
        }
        finally
        {
            peer.Kill();
            await peer.WaitForExitAsync();
            directory.Delete(recursive: true);
        }
    }

    private static async Task<WebApplication> ServeAsync(string now)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        WebApplication server = builder.Build();
        server.Run(async context =>
        {
            (string type, _, string body) = Bodies[int.Parse(context.Request.Path.Value![1..], CultureInfo.InvariantCulture)];
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body.Replace("{now}", now, StringComparison.Ordinal)));
        });
        await server.StartAsync();
        return server;
    }

    private static string OurSeries(int index, string address, string now)
    {
        (string type, bool honorLabels, string body) = Bodies[index];
        var storage = new RecordingStorage();
        var context = new ScrapeContext(
            new AppenderPool(storage), new ScrapeMetrics(new Instrumentation.MetricRegistry()), new MetadataPool(), TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, "Test");
        Labels labels = Labels.FromStrings("instance", address, "job", $"t{index}");
        var target = new Target(labels, labels, $"http://{address}/{index}", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        byte[] bytes = Encoding.UTF8.GetBytes(body.Replace("{now}", now, StringComparison.Ordinal));
        using ScrapeBody answer = ScrapeBody.ReadAsync(new MemoryStream(bytes), 0, 0, type, CancellationToken.None).GetAwaiter().GetResult();
        ScrapeException? failure = new ScrapeStore(context).Store(
            new TargetMemory(target, context), Settings.Of(new ScrapeConfig { JobName = $"t{index}", HonorLabels = honorLabels }), target, answer, null,
            TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), default);
        return $"error: {failure?.Message}\n" + Lines(storage.Series.Select(series => (series, storage.Samples(series)[^1].Value)).Select(pair => (pair.series, Number(pair.Value))));
    }

    private static string Lines(IEnumerable<(string Series, string Value)> samples) => string.Join(
        '\n', samples.Where(sample => !sample.Series.StartsWith("scrape_duration", StringComparison.Ordinal) && !sample.Series.StartsWith("scrape_series_added", StringComparison.Ordinal))
            .Select(sample => $"{sample.Series} {sample.Value}").Order(StringComparer.Ordinal));

    // Only after each target has been scraped.
    private static async Task<Dictionary<string, string>> TargetErrorsAsync(HttpClient http)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                using JsonDocument answer = JsonDocument.Parse(await http.GetStringAsync("api/v1/targets"));
                JsonElement[] targets = [.. answer.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()];
                if (targets.Length == Bodies.Length && targets.All(target => target.GetProperty("health").GetString() != "unknown"))
                {
                    return targets.ToDictionary(
                        target => target.GetProperty("scrapePool").GetString()!, target => target.GetProperty("lastError").GetString()!);
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50);
        }

        throw new TimeoutException("The real Prometheus did not scrape all targets.");
    }

    private static async Task<string> SeriesOfPeerAsync(HttpClient http, string job)
    {
        using JsonDocument answer = JsonDocument.Parse(await http.GetStringAsync(
            $"api/v1/query?query={Uri.EscapeDataString($"last_over_time({{__name__!=\"\",job=\"{job}\"}}[10m]) or last_over_time({{__name__!=\"\",exported_job!=\"\",job=\"{job}\"}}[10m])")}"));
        return Lines(answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(sample => (
            RecordingStorage.Text(Labels.FromStrings([.. sample.GetProperty("metric").EnumerateObject().SelectMany(label => (string[])[label.Name, label.Value.GetString()!])])),
            Number(Parse(sample.GetProperty("value")[1].GetString()!)))));
    }

    private static double Parse(string value) => value switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(value, CultureInfo.InvariantCulture),
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
