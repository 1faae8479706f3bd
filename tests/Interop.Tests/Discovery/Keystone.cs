using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Discovery;

/// <summary>A real Keystone of one test, with the user <c>admin</c> of the project <c>admin</c>.</summary>
internal sealed class Keystone : IDisposable
{
    public const string Program = "/usr/bin/keystone-wsgi-public";
    public const string Password = "secret";

    private readonly ServerProcess _process;
    private readonly HttpClient _client;
    private string _token = "";

    private Keystone(ServerProcess process)
    {
        _process = process;
        // It takes one connection after another: one that lies idle would keep it from the next.
        _client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = Endpoint };
    }

    /// <summary>Where it listens.</summary>
    public Uri Endpoint => new(_process.BaseAddress, "v3/");

    /// <summary>The id of the user.</summary>
    public string UserId { get; private set; } = "";

    /// <summary>The id of the project.</summary>
    public string ProjectId { get; private set; } = "";

    /// <summary>Sets a database up in <paramref name="folder"/> and starts the server on it.</summary>
    public static async Task<Keystone> StartAsync(string folder)
    {
        int port = ServerProcess.FreePort();
        string config = Path.Combine(folder, "keystone.conf");
        string database = Path.Combine(folder, "keystone.db");
        await File.WriteAllTextAsync(config, $"""
            [database]
            connection = sqlite:///{database}
            [identity]
            password_hash_rounds = 4
            [fernet_tokens]
            key_repository = {folder}/keys
            [fernet_receipts]
            key_repository = {folder}/keys

            """);
        DirectoryInfo keys = Directory.CreateDirectory(Path.Combine(folder, "keys"));
        foreach (string name in (string[])["0", "1"])
        {
            await File.WriteAllTextAsync(
                Path.Combine(keys.FullName, name), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_'));
        }

        Run("/usr/bin/keystone-manage", "--config-file", config, "db_sync");

        // Otherwise a request that writes finds the database locked by those that have read.
        Run("/usr/bin/python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode=WAL')", database);
        string endpoint = $"http://127.0.0.1:{port}/v3/";
        Run(
            "/usr/bin/keystone-manage", "--config-file", config, "bootstrap", "--bootstrap-password", Password, "--bootstrap-region-id", "RegionOne",
            "--bootstrap-admin-url", endpoint, "--bootstrap-internal-url", endpoint, "--bootstrap-public-url", endpoint);
        var keystone = new Keystone(ServerProcess.Start(
            "/usr/bin/env", port,
            [$"OS_KEYSTONE_CONFIG_FILES={config}", $"OS_KEYSTONE_CONFIG_DIR={folder}", Program, "--host", "127.0.0.1", "--port", $"{port}"]));
        try
        {
            await keystone._process.WaitUntilAsync("v3", timeoutSeconds: 120);
            await keystone.LogInAsync();
            return keystone;
        }
        catch
        {
            keystone.Dispose();
            throw;
        }
    }

    /// <summary>Creates an object and returns it as Keystone shows it.</summary>
    public async Task<JsonNode> CreateAsync(string kind, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = Text(new JsonObject { [kind] = body }) };
        request.Headers.Add("X-Auth-Token", _token);
        using HttpResponseMessage response = await _client.SendAsync(request);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, $"{path}: {answer}\n{_process.Log}");
        return JsonNode.Parse(answer)![kind]!;
    }

    /// <summary>Enters a service into the catalog.</summary>
    public async Task AddServiceAsync(string type, params (string Interface, string Url)[] endpoints)
    {
        JsonNode service = await CreateAsync("service", "services", new JsonObject { ["type"] = type, ["name"] = type });
        foreach ((string side, string url) in endpoints)
        {
            await CreateAsync("endpoint", "endpoints", new JsonObject
            {
                ["service_id"] = (string?)service["id"], ["interface"] = side, ["region_id"] = "RegionOne", ["url"] = url,
            });
        }
    }

    /// <summary>Whether a token is one that it has given out, and that is still good.</summary>
    public async Task<bool> AcceptsAsync(string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("auth/tokens", UriKind.Relative));
        request.Headers.Add("X-Auth-Token", _token);
        request.Headers.Add("X-Subject-Token", token);
        using HttpResponseMessage response = await _client.SendAsync(request);
        return response.IsSuccessStatusCode;
    }

    public void Dispose()
    {
        _client.Dispose();
        _process.Dispose();
    }

    private async Task LogInAsync()
    {
        var domain = new JsonObject { ["name"] = "Default" };
        var login = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = "admin", ["domain"] = domain, ["password"] = Password } },
            },
            ["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = "admin", ["domain"] = domain.DeepClone() } },
        };
        using HttpResponseMessage response = await _client.PostAsync(new Uri("auth/tokens", UriKind.Relative), Text(new JsonObject { ["auth"] = login }));
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.True(response.IsSuccessStatusCode, answer.ToJsonString());
        _token = response.Headers.GetValues("X-Subject-Token").Single();
        UserId = (string)answer["token"]!["user"]!["id"]!;
        ProjectId = (string)answer["token"]!["project"]!["id"]!;
    }

    // Of known length: this server of Keystone's knows no chunks.
    private static StringContent Text(JsonObject body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static void Run(string program, params string[] arguments)
    {
        using ServerProcess process = ServerProcess.Start(program, 0, arguments);
        Assert.True(process.WaitForExit(timeoutSeconds: 120) == 0, process.Log);
    }
}

/// <summary>A test with a real Keystone on upstream's data: skipped, with the reason, where one of them is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KeystoneFactAttribute : FactAttribute
{
    public KeystoneFactAttribute() => Skip = new ConformanceFactAttribute().Skip
        ?? (!File.Exists(Keystone.Program) ? "Keystone is not installed (Debian: python3-keystone)." : null);
}
