using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Discovery;

/// <summary>A real Docker daemon of one test. It lives in namespaces of its own, so that its bridges, mounts and processes end with it.</summary>
internal sealed class DockerEngine : IDisposable
{
    public const string Program = "/usr/sbin/dockerd";

    /// <summary>An image without files: containers bring their programs along from the host.</summary>
    public const string Image = "empty:1";

    private static readonly string[] s_namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    private static readonly string[] s_hostFolders = ["/usr", "/lib", "/lib64"];
    private readonly ServerProcess _process;
    private readonly HttpClient _client;

    private DockerEngine(ServerProcess process, string socket)
    {
        _process = process;
        Socket = socket;
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://engine/") };
    }

    /// <summary>Why no daemon can run here; null if one can.</summary>
    public static string? Obstacle { get; } = FindObstacle();

    /// <summary>Where it listens.</summary>
    public string Socket { get; }

    /// <summary>Starts a daemon that keeps everything in <paramref name="folder"/>, and gives it an image.</summary>
    public static async Task<DockerEngine> StartAsync(string folder)
    {
        string socket = Path.Combine(folder, "s");
        string command = $"ip link set lo up && exec {Program} --host unix://{socket} --data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/pid "
            + "--bridge=none --iptables=false --ip6tables=false --storage-driver=vfs";
        var engine = new DockerEngine(ServerProcess.Start("unshare", 0, [.. s_namespaces, "sh", "-c", command]), socket);
        await engine.UntilAsync("_ping", answer => answer == "OK");
        using var emptyArchive = new ByteArrayContent(new byte[1024]);
        emptyArchive.Headers.ContentType = new("application/x-tar");
        using HttpResponseMessage response = await engine._client.PostAsync(new Uri("images/create?fromSrc=-&repo=empty&tag=1", UriKind.Relative), emptyArchive);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return engine;
    }

    /// <summary>Posts an object to the daemon's API and returns its answer.</summary>
    public async Task<string> PostAsync(string path, JsonNode? body = null)
    {
        using var content = new StringContent(body?.ToJsonString() ?? "", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync(new Uri(path, UriKind.Relative), body is null ? null : content);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {answer}\n{_process.Log}");
        return answer;
    }

    /// <summary>Makes a container that does nothing.</summary>
    public Task<string> CreateContainerAsync(string name, string network, JsonObject? more = null, JsonObject? moreOfHost = null)
    {
        var host = new JsonObject { ["NetworkMode"] = network, ["Binds"] = new JsonArray([.. s_hostFolders.Select(folder => (JsonNode)$"{folder}:{folder}:ro")]) };
        var container = new JsonObject { ["Image"] = Image, ["Cmd"] = new JsonArray("/usr/bin/sleep", "infinity"), ["StopSignal"] = "SIGKILL", ["HostConfig"] = host };
        Add(container, more);
        Add(host, moreOfHost);
        return PostAsync($"containers/create?name={name}", container);
    }

    /// <summary>The same, running.</summary>
    public async Task RunContainerAsync(string name, string network, JsonObject? more = null, JsonObject? moreOfHost = null)
    {
        await CreateContainerAsync(name, network, more, moreOfHost);
        await PostAsync($"containers/{name}/start");
    }

    /// <summary>Makes a service of the swarm whose tasks do nothing.</summary>
    public Task<string> CreateServiceAsync(string name, JsonObject more, JsonObject? moreOfContainer = null, JsonArray? networks = null)
    {
        var container = new JsonObject
        {
            ["Image"] = Image,
            ["Command"] = new JsonArray("/usr/bin/sleep"),
            ["Args"] = new JsonArray("infinity"),
            ["StopSignal"] = "SIGKILL",
            ["Mounts"] = new JsonArray([.. s_hostFolders.Select(folder => new JsonObject { ["Type"] = "bind", ["Source"] = folder, ["Target"] = folder, ["ReadOnly"] = true })]),
        };
        Add(container, moreOfContainer);
        var service = new JsonObject { ["Name"] = name, ["TaskTemplate"] = new JsonObject { ["ContainerSpec"] = container, ["Networks"] = networks } };
        Add(service, more);
        return PostAsync("services/create", service);
    }

    /// <summary>Asks until the answer is as it should be.</summary>
    public async Task<string> UntilAsync(string path, Func<string, bool> condition)
    {
        var clock = Stopwatch.StartNew();
        string last = "";
        while (clock.Elapsed < TimeSpan.FromMinutes(2))
        {
            Assert.False(_process.HasExited, _process.Log);
            try
            {
                last = await _client.GetStringAsync(new Uri(path, UriKind.Relative));
                if (condition(last))
                {
                    return last;
                }
            }
            catch (HttpRequestException e)
            {
                last = e.Message; // Not listening yet.
            }

            await Task.Delay(100);
        }

        Assert.Fail($"{path}: {last}\n{_process.Log}");
        return last;
    }

    public void Dispose()
    {
        _client.Dispose();
        if (!_process.HasExited)
        {
            // The first process of a namespace takes all others along, and is gone only after them.
            string children = File.ReadAllText($"/proc/{_process.ProcessId}/task/{_process.ProcessId}/children");
            using Process first = Process.GetProcessById(int.Parse(children.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
            first.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    /// <summary>Ends all services and containers, whose control groups would stay otherwise.</summary>
    public async Task ClearAsync()
    {
        foreach (JsonNode? service in (await _client.GetFromJsonAsync<JsonArray>("services"))!)
        {
            await _client.DeleteAsync(new Uri($"services/{service!["ID"]}", UriKind.Relative));
        }

        foreach (JsonNode? container in (await _client.GetFromJsonAsync<JsonArray>("containers/json?all=true"))!)
        {
            await _client.DeleteAsync(new Uri($"containers/{container!["Id"]}?force=true", UriKind.Relative));
        }
    }

    private static void Add(JsonObject target, JsonObject? more)
    {
        foreach ((string name, JsonNode? value) in more ?? [])
        {
            target[name] = value?.DeepClone();
        }
    }

    private static string? FindObstacle()
    {
        if (!File.Exists(Program))
        {
            return "The Docker daemon is not installed (Debian: docker.io).";
        }

        if (Environment.UserName != "root" || (!Directory.Exists("/sys/fs/cgroup/devices") && !File.Exists("/sys/fs/cgroup/cgroup.controllers")))
        {
            return "A Docker daemon needs an administrator and control groups.";
        }

        using ServerProcess probe = ServerProcess.Start(
            "unshare", 0, [.. s_namespaces, "sh", "-c", "ip link set lo up && ip link add b0 type bridge && ip link add v0 type vxlan id 4096 dstport 4789"]);
        return probe.WaitForExit() == 0 ? null : "A Docker daemon needs namespaces, bridges and VXLAN: " + probe.Log.Trim();
    }
}

/// <summary>A test with a real Docker daemon: skipped, with the reason, where none can run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DockerFactAttribute : FactAttribute
{
    public DockerFactAttribute() => Skip = new PeerFactAttribute().Skip ?? DockerEngine.Obstacle;
}
