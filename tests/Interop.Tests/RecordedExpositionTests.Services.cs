using System.Net;
using System.Net.Sockets;
using System.Text;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

// Exporters that look at services which really run, and some that tell of their own.
public sealed partial class RecordedExpositionTests
{
    private const string Topic = "v1/devices/me/root";

    private static string Usr => Path.GetFullPath(RepositoryPaths.Peers + "/..");

    [ExporterFact(
        "sbin/nginx", "sbin/apache2", "sbin/bird", "sbin/mosquitto", "bin/redis-server", "bin/prometheus-nginx-exporter", "bin/prometheus-apache-exporter",
        "bin/prometheus-bird-exporter", "bin/prometheus-mqtt-exporter", "bin/prometheus-redis-exporter")]
    public async Task Both_servers_store_the_same_of_what_exporters_tell_of_running_services()
    {
        using var directory = new TemporaryDirectory();
        using var programs = new Programs();
        await StartNginxAsync(directory, programs);
        await StartApacheAsync(directory, programs);
        await StartBirdAsync(directory, programs);
        await StartMosquittoAsync(directory, programs);
        await StartRedisAsync(directory, programs);
        await CompareAsync(directory, programs);
    }

    [ExporterFact("bin/prometheus-exporter-exporter", "bin/prometheus-varnish-exporter", "bin/mailexporter", "bin/prometheus-sql-exporter")]
    public async Task Both_servers_store_the_same_of_exporters_that_have_nothing_to_look_at()
    {
        using var directory = new TemporaryDirectory();
        using var programs = new Programs();
        const string Nobody = "127.0.0.1:1";
        await programs.ExportAsync("exporter", "exporter-exporter", "build_info", "-config.file=" + directory.Write("modules.yml", $"modules: {{one: {{method: http, http: {{port: 1, address: {Nobody}}}}}}}\n"));
        await programs.ExportAsync("varnish", "varnish-exporter", "varnish_up 0", "-with-go-metrics");
        await programs.ExportAsync("mail", "mailexporter", "go_goroutines", "-config.file=" + directory.Write("mail.yml", "monitoringInterval: 10m\nstartupOffset: 10s\nmailCheckTimeout: 15s\nservers: []\n"));
        string query = "queries: [{name: running, help: n, labels: [l], values: [c], query: 'select 1 as c, 2 as l'}]";
        await programs.ExportAsync(
            "sql", "sql-exporter", "sql_exporter_last_scrape_failed",
            "-config.file=" + directory.Write("sql.yml", $"jobs: [{{name: all, interval: 5m, connections: ['postgres://u:p@{Nobody}/x?sslmode=disable'], {query}}}]\n"));
        await CompareAsync(directory, programs);
    }

    private static async Task CompareAsync(TemporaryDirectory directory, Programs programs)
    {
        var targets = new List<(string Job, StaticTarget Target)>();
        try
        {
            await RecordAllAsync(programs.Exporters, targets);
            await CompareAsync(directory, targets, histogramsMin: 0);
        }
        finally
        {
            targets.ForEach(target => target.Target.Dispose());
        }
    }

    private static async Task StartNginxAsync(TemporaryDirectory directory, Programs programs)
    {
        int port = ServerProcess.FreePort();
        string temporary = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(kind => $"{kind}_temp_path {directory.Combine(kind)};"));
        string config = directory.Write(
            "nginx.conf",
            "daemon off; master_process off; error_log stderr;\n"
            + $"pid {directory.Combine("nginx.pid")};\nevents {{}}\n"
            + $"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port}; location /status {{ stub_status; }} }} }}\n");
        await programs.ServeAsync("sbin/nginx", port, "status", "-p", directory.Path, "-c", config);
        await programs.ExportAsync("nginx", "nginx-exporter", "nginx_up 1", $"-nginx.scrape-uri=http://127.0.0.1:{port}/status");
    }

    private static async Task StartApacheAsync(TemporaryDirectory directory, Programs programs)
    {
        int port = ServerProcess.FreePort();
        string modules = Usr + "/lib/apache2/modules/mod_";
        string config = directory.Write("apache.conf", $"""
            ServerRoot {directory.Path}
            ServerName localhost
            DefaultRuntimeDir {directory.Path}
            PidFile {directory.Combine("apache.pid")}
            ErrorLog /dev/stderr
            Mutex sem
            Listen 127.0.0.1:{port}
            LoadModule mpm_event_module {modules}mpm_event.so
            LoadModule authz_core_module {modules}authz_core.so
            LoadModule status_module {modules}status.so
            ExtendedStatus On
            <Location /server-status>
            SetHandler server-status
            </Location>
            """);
        await programs.ServeAsync("sbin/apache2", port, "server-status", "-X", "-f", config);
        await programs.ExportAsync("apache", "apache-exporter", "apache_up 1", $"--scrape_uri=http://127.0.0.1:{port}/server-status/?auto");
    }

    private static async Task StartBirdAsync(TemporaryDirectory directory, Programs programs)
    {
        string config = directory.Write("bird.conf", """
            router id 10.0.0.1;
            protocol device {}
            protocol direct { ipv4; }
            protocol static s1 { ipv4; route 192.0.2.0/24 blackhole; route 198.51.100.0/24 unreachable; }
            protocol ospf v2 o1 { ipv4 {}; area 0 { interface "none" {}; }; }
            """);
        string socket = directory.Combine("bird.ctl");
        await programs.ServeAsync("sbin/bird", 0, "", "-f", "-c", config, "-s", socket, "-P", directory.Combine("bird.pid"));
        await programs.ExportAsync("bird", "bird-exporter", "name=\"s1\"", "-bird.v2", "-bird.socket=" + socket);
    }

    private static async Task StartMosquittoAsync(TemporaryDirectory directory, Programs programs)
    {
        int port = ServerProcess.FreePort();
        await programs.ServeAsync("sbin/mosquitto", port, "", "-p", $"{port}");
        await PublishAsync(port, """{"temperature":12.5}""");
        string config = directory.Write("mqtt.yml", $$"""
            mqtt: {server: 'tcp://127.0.0.1:{{port}}', topic_path: v1/devices/me/+, device_id_regex: '(.*/)?(?P<deviceid>.*)', qos: 0}
            cache: {timeout: 24h}
            json_parsing: {separator: .}
            metrics: [{prom_name: temperature, mqtt_name: temperature, help: How warm it is, type: gauge}]
            """);
        await programs.ExportAsync("mqtt", "mqtt-exporter", "temperature{", "-config=" + config);
    }

    private static async Task StartRedisAsync(TemporaryDirectory directory, Programs programs)
    {
        int port = ServerProcess.FreePort();
        await programs.ServeAsync("bin/redis-server", port, "", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", directory.Path);
        await programs.ExportAsync("redis", "redis-exporter", "redis_up 1", $"-redis.addr=redis://127.0.0.1:{port}");
    }

    // Says one thing that the broker tells everybody who asks later (MQTT 3.1.1, sections 3.1 to 3.3).
    private static async Task PublishAsync(int port, string message)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        NetworkStream stream = client.GetStream();
        byte[] connect = [0x10, 13, 0, 4, .. "MQTT"u8, 4, 2, 0, 60, 0, 1, (byte)'t'];
        await stream.WriteAsync(connect);
        byte[] answer = new byte[4];
        await stream.ReadExactlyAsync(answer);
        Assert.Equal("20020000", Convert.ToHexString(answer));
        byte[] publish = [0x31, (byte)(2 + Topic.Length + message.Length), 0, (byte)Topic.Length, .. Encoding.ASCII.GetBytes(Topic + message)];
        await stream.WriteAsync(publish);

        // An answer to this means that it has read everything before.
        byte[] ping = [0xC0, 0];
        await stream.WriteAsync(ping);
        await stream.ReadExactlyAsync(answer.AsMemory(0, 2));
        Assert.Equal("D000", Convert.ToHexString(answer.AsSpan(0, 2)));
    }

    // The services of one test and the exporters that look at them.
    private sealed class Programs : IDisposable
    {
        // Some libraries of the services may be there only beside them.
        private static readonly Dictionary<string, string> s_libraries = new()
        {
            ["LD_LIBRARY_PATH"] = string.Join(':', Directory.GetDirectories(Usr + "/lib", "*-linux-gnu*")),
        };

        private readonly List<ServerProcess> _services = [];

        public List<(string Name, ServerProcess Process)> Exporters { get; } = [];

        // Without a path it is enough that something listens; without a port nobody waits.
        public async Task ServeAsync(string program, int port, string path, params string[] arguments)
        {
            ServerProcess service = ServerProcess.Start($"{Usr}/{program}", port, arguments, s_libraries);
            _services.Add(service);
            if (path.Length > 0)
            {
                await service.WaitUntilAsync(path);
            }
            else if (port > 0)
            {
                await WhenListeningAsync(service);
            }
        }

        public async Task ExportAsync(string name, string program, string expected, params string[] arguments)
        {
            int port = ServerProcess.FreePort();
            string[] listen = name switch
            {
                "apache" => [$"--telemetry.address=127.0.0.1:{port}"],
                "mqtt" => ["-listen-address=127.0.0.1", $"-listen-port={port}"],
                _ => [$"-web.listen-address=127.0.0.1:{port}"],
            };
            string file = program.EndsWith("-exporter", StringComparison.Ordinal) ? "prometheus-" + program : program;
            ServerProcess exporter = ServerProcess.Start($"{RepositoryPaths.Peers}/{file}", port, [.. listen, .. arguments]);
            Exporters.Add((name, exporter));
            await exporter.WaitUntilAsync("metrics");
            await exporter.WaitForAsync("metrics", text => text.Contains(expected, StringComparison.Ordinal));
        }

        public void Dispose()
        {
            Exporters.ForEach(exporter => exporter.Process.Dispose());
            _services.ForEach(service => service.Dispose());
        }

        private static async Task WhenListeningAsync(ServerProcess service)
        {
            for (int attempt = 0; attempt < 600; attempt++)
            {
                Assert.False(service.HasExited, $"It ended early:\n{service.Log}");
                using var client = new TcpClient();
                try
                {
                    await client.ConnectAsync(IPAddress.Loopback, service.Port);
                    return;
                }
                catch (SocketException)
                {
                    await Task.Delay(100);
                }
            }

            Assert.Fail($"It did not listen:\n{service.Log}");
        }
    }
}
