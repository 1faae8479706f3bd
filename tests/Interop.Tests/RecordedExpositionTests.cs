using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Narthex.Exposition.Tests.Protobuf;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>
/// What real programs expose, in every format that they offer, is recorded once and served to both servers: what they store of it must be equal,
/// native histograms included.
/// </summary>
public sealed partial class RecordedExpositionTests
{
    private const string ProtobufType = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    private static readonly (string Name, string Accept)[] s_formats =
    [
        ("protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"),
        ("openmetrics", "application/openmetrics-text;version=1.0.0"),
        ("text", "text/plain;version=0.0.4"),
    ];

    private static readonly (string Name, string Listen)[] s_exporters =
    [
        ("bind", "--web.listen-address"), ("frr", "--web.listen-address"), ("ipmi", "--web.listen-address"), ("mysqld", "--web.listen-address"),
        ("postgres", "--web.listen-address"), ("process", "--web.listen-address"), ("redis", "--web.listen-address"), ("squid", "-listen"),
    ];

    [PeerFact]
    public async Task Both_servers_store_the_same_of_what_real_programs_expose()
    {
        using var directory = new TemporaryDirectory();
        var programs = new List<(string Name, ServerProcess Process)>();
        var targets = new List<(string Job, StaticTarget Target)>();
        try
        {
            await StartProgramsAsync(directory, programs);
            await RecordAllAsync(programs, targets);
            targets.Add(("made-up", new StaticTarget(MadeUp(), ProtobufType)));
            targets.Add(("converted", new StaticTarget(Classic, "text/plain; version=0.0.4")));
            Assert.Contains(targets, target => target.Job == "prometheus-protobuf" && target.Target.ContentType.StartsWith("application/vnd.google.protobuf", StringComparison.Ordinal));
            await CompareAsync(directory, targets);
        }
        finally
        {
            targets.ForEach(target => target.Target.Dispose());
            programs.ForEach(program => program.Process.Dispose());
        }
    }

    [ExporterFact(
        "bin/prometheus-bind-exporter", "bin/prometheus-frr-exporter", "bin/prometheus-ipmi-exporter", "bin/prometheus-mysqld-exporter", "bin/prometheus-postgres-exporter",
        "bin/prometheus-process-exporter", "bin/prometheus-redis-exporter", "bin/prometheus-squid-exporter")]
    public async Task Both_servers_store_the_same_of_what_exporters_of_the_distribution_expose()
    {
        using var directory = new TemporaryDirectory();
        var programs = new List<(string Name, ServerProcess Process)>();
        var targets = new List<(string Job, StaticTarget Target)>();
        try
        {
            // Nothing is there for them to look at, which is what they tell.
            foreach ((string name, string listen) in s_exporters)
            {
                int port = ServerProcess.FreePort();
                var environment = new Dictionary<string, string> { ["DATA_SOURCE_NAME"] = name == "postgres" ? "postgresql://u:p@127.0.0.1:1/x?sslmode=disable" : "u:p@(127.0.0.1:1)/" };
                ServerProcess program = ServerProcess.Start($"{RepositoryPaths.Peers}/prometheus-{name}-exporter", port, [$"{listen}=127.0.0.1:{port}"], environment);
                programs.Add((name, program));
                await program.WaitUntilAsync("metrics");
            }

            await RecordAllAsync(programs, targets);
            await CompareAsync(directory, targets, histogramsMin: 0);
        }
        finally
        {
            targets.ForEach(target => target.Target.Dispose());
            programs.ForEach(program => program.Process.Dispose());
        }
    }

    private const string Classic = """
        # TYPE a histogram
        a_bucket{x="1",le="0.1"} 0
        a_bucket{x="1",le="0.5"} 3
        a_bucket{x="1",le="1"} 3
        a_bucket{x="1",le="2"} 3
        a_bucket{x="1",le="3"} 3
        a_bucket{x="1",le="4"} 9
        a_bucket{x="1",le="+Inf"} 10
        a_sum{x="1"} 17.5
        a_count{x="1"} 10
        a_bucket{x="2",le="1"} 1.5
        a_bucket{x="2",le="+Inf"} 2.5
        a_sum{x="2"} 3
        a_count{x="2"} 2.5
        # TYPE broken histogram
        broken_bucket{le="1"} 5
        broken_bucket{le="+Inf"} 4
        broken_count 4
        # TYPE c counter
        c 1

        """;

    private static async Task StartProgramsAsync(TemporaryDirectory directory, List<(string Name, ServerProcess Process)> programs)
    {
        string empty = directory.Write("empty.yml", "global: {}\n");
        programs.Add(("prometheus", await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", empty, directory.Combine("program"))));
        await Start("node", "prometheus-node-exporter", "metrics");
        await Start("blackbox", "prometheus-blackbox-exporter", "metrics", "--config.file=" + directory.Write("blackbox.yml", "modules:\n  tcp:\n    prober: tcp\n"));
        await Start("pushgateway", "prometheus-pushgateway", "metrics");
        await Start("haproxy", "prometheus-haproxy-exporter", "metrics");
        await Start("victoriametrics", "victoria-metrics", "metrics", "-httpListenAddr", "-storageDataPath=" + directory.Combine("victoria"));
        await Start("vmagent", "vmagent", "metrics", "-httpListenAddr", "-remoteWrite.url=http://127.0.0.1:1/", "-remoteWrite.tmpDataPath=" + directory.Combine("vmagent"));
        await Start("vmauth", "vmauth", "metrics", "-httpListenAddr", "-auth.config=" + directory.Write("auth.yml", "unauthorized_user: {url_prefix: 'http://127.0.0.1:1/'}\n"));
        await Start(
            "vmalert", "vmalert", "metrics", "-httpListenAddr", "-datasource.url=http://127.0.0.1:1/", "-notifier.blackhole",
            "-rule=" + directory.Write("vmalert.yml", "groups: [{name: g, rules: [{alert: a, expr: up}]}]\n"));
        await Start("snmp", "prometheus-snmp-exporter", "metrics", "--config.file=" + directory.Write("snmp.yml", "auths: {public: {community: public, version: 2}}\nmodules: {interfaces: {walk: [1.3.6.1.2.1.2]}}\n"));
        programs.Add(("alertmanager", await StartAlertmanagerAsync(directory)));

        // A few requests, so that there is something in the histograms.
        for (int i = 0; i < 5; i++)
        {
            await programs[0].Process.GetAsync("api/v1/query?query=up");
            await programs[^1].Process.GetAsync("api/v2/alerts");
        }

        async Task Start(string name, string file, string ready, params string[] arguments)
        {
            int port = ServerProcess.FreePort();
            string listen = arguments.Contains("-httpListenAddr") ? $"-httpListenAddr=127.0.0.1:{port}" : $"--web.listen-address=127.0.0.1:{port}";
            ServerProcess program = ServerProcess.Start($"{RepositoryPaths.Peers}/{file}", port, [listen, .. arguments.Where(argument => argument != "-httpListenAddr")]);
            programs.Add((name, program));
            await program.WaitUntilAsync(ready);
        }
    }

    // Debian's build reads its stock templates from /usr/share, wherever it lies itself: it gets to see that of the peers there.
    private static async Task<ServerProcess> StartAlertmanagerAsync(TemporaryDirectory directory)
    {
        int port = ServerProcess.FreePort();
        string config = directory.Write("alertmanager.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n");
        ServerProcess program = ServerProcess.Start(
            "unshare",
            port,
            [
                "--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /usr/share && exec \"$@\"", Path.GetFullPath(RepositoryPaths.Peers + "/../share"),
                RepositoryPaths.Peers + "/prometheus-alertmanager", "--config.file=" + config, "--storage.path=" + directory.Combine("alertmanager"),
                $"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
            ]);
        await program.WaitUntilAsync("-/ready");
        return program;
    }

    private static async Task RecordAllAsync(List<(string Name, ServerProcess Process)> programs, List<(string Job, StaticTarget Target)> targets)
    {
        foreach ((string name, ServerProcess program) in programs)
        {
            foreach ((string format, string accept) in s_formats)
            {
                (byte[] body, string type) = await RecordAsync(program, accept);
                targets.Add(($"{name}-{format}", new StaticTarget(body, type)));
            }
        }
    }

    private static async Task<(byte[] Body, string Type)> RecordAsync(ServerProcess program, string accept)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(program.BaseAddress, "metrics"));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        MediaTypeHeaderValue type = response.Content.Headers.ContentType!;
        return (await response.Content.ReadAsByteArrayAsync(), type.ToString());
    }

    // What no program at hand exposes: gauge histograms, float counts, classic buckets beside native ones.
    private static byte[] MadeUp() => Message.Body(
        Message.Family(
            "both",
            4,
            new Message().Sub(1, Message.Label("a", "b")).Sub(7, new Message().Varint(1, 12).Double(2, 18.4)
                .Sub(3, new Message().Varint(1, 5).Double(2, 1)).Sub(3, new Message().Varint(1, 12).Double(2, double.PositiveInfinity))
                .Signed(5, 3).Double(6, 0.001).Varint(7, 2)
                .Sub(9, Message.Span(-1, 2)).PackedSigned(10, 4, -3)
                .Sub(12, Message.Span(0, 2)).Sub(12, Message.Span(1, 2)).PackedSigned(13, 1, 1, -1, 0))),
        Message.Family("gauge", 5, new Message().Sub(7, new Message().Varint(1, 3).Signed(5, 1).Sub(12, Message.Span(2, 3)).PackedSigned(13, 1, -1, 2))),
        Message.Family("floats", 4, new Message().Sub(7, new Message().Double(4, 6.5).Double(2, 1).Signed(5, 0).Double(8, 1.5)
            .Sub(12, Message.Span(0, 1)).PackedDoubles(14, 2.5).Sub(9, Message.Span(0, 2)).PackedDoubles(11, 2, 0.5))),
        Message.Family("empty", 4, new Message().Sub(7, new Message().Signed(5, 3).Sub(12, Message.Span(0, 0)))),
        Message.Family("classic", 4, new Message().Sub(7, new Message().Varint(1, 10).Double(2, 100).Sub(3, new Message().Varint(1, 2).Double(2, 1)))),
        Message.Family("summary", 2, new Message().Sub(4, new Message().Varint(1, 2).Double(2, 3).Sub(3, new Message().Double(1, 0.5).Double(2, 7)))));

    private static async Task CompareAsync(TemporaryDirectory directory, List<(string Job, StaticTarget Target)> targets, int histogramsMin = 10)
    {
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(
            RepositoryPaths.Peers + "/prometheus", Configuration(directory, "real.yml", targets, newKeys: false), directory.Combine("real"), "--enable-feature=native-histograms");
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(
            ServerProcess.NarthexPath, Configuration(directory, "ours.yml", targets, newKeys: true), directory.Combine("ours"));
        foreach (ServerProcess server in new[] { real, ours })
        {
            await server.WaitForAsync(
                "api/v1/query?query=" + Uri.EscapeDataString("count(count_over_time(up[1m]) > 1)"),
                answer => answer.Contains($",\"{targets.Count}\"]", StringComparison.Ordinal));
        }

        // On a busy machine a scrape of either may be late and fail; the next one tells how it is.
        (string differences, int histograms) = await CompareAsync(targets, real, ours);
        for (int attempt = 0; attempt < 20 && differences.Length > 0; attempt++)
        {
            await Task.Delay(500);
            (differences, histograms) = await CompareAsync(targets, real, ours);
        }

        Assert.True(differences.Length == 0, differences);
        Assert.InRange(histograms, histogramsMin, int.MaxValue);
    }

    private static async Task<(string Differences, int Histograms)> CompareAsync(List<(string Job, StaticTarget Target)> targets, ServerProcess real, ServerProcess ours)
    {
        var report = new StringBuilder();
        string time = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("f3", CultureInfo.InvariantCulture);
        int histograms = 0;
        foreach ((string job, _) in targets)
        {
            string path = $"api/v1/query?time={time}&query=" + Uri.EscapeDataString($"{{job=\"{job}\",__name__!~\"scrape_duration.*\"}}");
            SortedDictionary<string, string> expected = Read(await real.GetAsync(path));
            SortedDictionary<string, string> actual = Read(await ours.GetAsync(path));
            string[] differences =
            [
                .. expected.Where(pair => !actual.TryGetValue(pair.Key, out string? value) || value != pair.Value)
                    .Select(pair => $"{pair.Key}\n  real {pair.Value}\n  ours {actual.GetValueOrDefault(pair.Key, "none")}"),
                .. actual.Keys.Except(expected.Keys).Select(key => $"{key}\n  real none\n  ours {actual[key]}"),
            ];
            bool isUp = expected.Any(pair => pair.Key.StartsWith("up{", StringComparison.Ordinal) && pair.Value == "1");
            if (differences.Length > 0 || expected.Count <= 5 || !isUp)
            {
                report.AppendLine(CultureInfo.InvariantCulture, $"{job}: up {isUp}, {differences.Length} of {expected.Count} differ\n{string.Join('\n', differences.Take(5))}");
            }

            histograms += expected.Values.Count(value => value[0] == '{');
        }

        return (report.ToString(), histograms);
    }

    private static string Configuration(TemporaryDirectory directory, string file, List<(string Job, StaticTarget Target)> targets, bool newKeys)
    {
        string jobs = string.Concat(targets.Select(target => $"""
              - job_name: {target.Job}
                static_configs:
                  - targets: ['{target.Target.Address}']
                scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, PrometheusText0.0.4]
                always_scrape_classic_histograms: {(target.Job is "made-up" ? "true" : "false")}
                convert_classic_histograms_to_nhcb: {(target.Job is "converted" or "prometheus-text" ? "true" : "false")}
                {(newKeys ? "scrape_native_histograms: true" : "")}

            """));
        return directory.Write(file, $"global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\nscrape_configs:\n{jobs}");
    }

    // A series and its sample as text: for histograms all of their buckets.
    private static SortedDictionary<string, string> Read(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        var samples = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement series in document.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            JsonElement sample = series.TryGetProperty("histogram", out JsonElement histogram) ? histogram : series.GetProperty("value");
            string name = series.GetProperty("metric").GetProperty("__name__").GetString()!;
            string labels = string.Join(",", series.GetProperty("metric").EnumerateObject().Where(label => label.Name != "__name__")
                .Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal));
            samples.Add($"{name}{{{labels}}}", sample[1].ValueKind == JsonValueKind.String ? sample[1].GetString()! : sample[1].GetRawText());
        }

        return samples;
    }
}
