using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Docker;

/// <summary>Answers as a Docker daemon did whose answers were recorded. Each list may be asked for once in a refresh.</summary>
internal sealed class RecordedDaemon : IAsyncDisposable
{
    private readonly string _folder;
    private readonly HashSet<string> _asked = [];

    private RecordedDaemon(string name) => _folder = Path.Combine(RepositoryPaths.Conformance!, "discovery", "moby", "testdata", name);

    public WebApplication Server { get; private set; } = null!;

    public string Address => Server.Urls.Single();

    /// <summary>Whether it answers lists with an error.</summary>
    public bool IsBroken { get; set; }

    public static async Task<RecordedDaemon> StartAsync(string name, string? socketPath = null)
    {
        var daemon = new RecordedDaemon(name);
        daemon.Server = socketPath is null ? await LocalServer.StartAsync(daemon.AnswerAsync) : await LocalServer.StartAsync(socketPath, daemon.AnswerAsync);
        return daemon;
    }

    /// <summary>A new refresh may ask for everything again.</summary>
    public void Forget() => _asked.Clear();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        foreach (string line in await File.ReadAllLinesAsync(Path.Combine(_folder, "headers.yml")))
        {
            string[] header = line.Split(": ", 2);
            if (header.Length == 2 && header[0] is "Api-Version" or "Server")
            {
                context.Response.Headers[header[0]] = header[1].Trim('"');
            }
        }

        if (path == "/_ping")
        {
            await context.Response.WriteAsync("OK");
            return;
        }

        Assert.StartsWith("/v1.40/", path, StringComparison.Ordinal);
        string file = path["/v1.40/".Length..] + ".json";
        if (context.Request.QueryString.Value is { Length: > 1 } query)
        {
#pragma warning disable CA5350 // So the recordings are named; nothing is kept secret.
            byte[] hash = SHA1.HashData(Encoding.UTF8.GetBytes(query[1..]));
#pragma warning restore CA5350
            file += "__" + Convert.ToBase64String(hash).Replace('+', '-').Replace('/', '_')[..10];
        }

        Assert.True(_asked.Add(file), file + " was asked for twice");
        if (IsBroken)
        {
            context.Response.StatusCode = 500;
            return;
        }

        await context.Response.SendFileAsync(Path.Combine(_folder, file));
    }
}
