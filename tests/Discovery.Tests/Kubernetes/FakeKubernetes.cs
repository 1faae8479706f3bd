using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>An API server with the objects that the test puts in: it lists in pages and streams what happens since a version, as the real one does.</summary>
internal sealed class FakeKubernetes : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Version, JsonObject Object)> _objects = [];
    private readonly List<(int Version, string Type, string Path, JsonObject Object)> _history = [];
    private TaskCompletionSource _changed = NewSignal();
    private CancellationTokenSource _streams = new();
    private WebApplication? _server;
    private int _version = 100;
    private int _oldest;
    private int _fail;

    /// <summary>What was asked, with the query.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public ConcurrentQueue<string> Credentials { get; } = [];

    /// <summary>The only token that is not answered with 401; null for all.</summary>
    public string? Token { get; set; }

    public string Url => _server!.Urls.Single();

    public int PageSize { get; set; } = 500;

    public int Version => Volatile.Read(ref _version);

    public static async Task<FakeKubernetes> StartAsync()
    {
        var kubernetes = new FakeKubernetes();
        kubernetes._server = await LocalServer.StartAsync(kubernetes.AnswerAsync);
        return kubernetes;
    }

    /// <summary>Adds or changes an object of a collection such as <c>/api/v1/pods</c>.</summary>
    public void Put(string collection, string json)
    {
        var item = (JsonObject)JsonNode.Parse(json)!;
        lock (_lock)
        {
            string path = PathOf(collection, item);
            Record(_objects.ContainsKey(path) ? "MODIFIED" : "ADDED", path, item);
            _objects[path] = (_version, item);
        }
    }

    public void Delete(string collection, string inNamespace, string name)
    {
        lock (_lock)
        {
            string path = $"{collection}|{inNamespace}|{name}";
            _objects.Remove(path, out (int Version, JsonObject Object) item);
            Record("DELETED", path, item.Object);
        }
    }

    /// <summary>Ends all watches, as the server does now and then.</summary>
    public void EndStreams()
    {
        CancellationTokenSource streams = Interlocked.Exchange(ref _streams, new CancellationTokenSource());
        streams.Cancel();
    }

    /// <summary>Forgets what happened: a watch from before is refused with 410.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _history.Clear();
            _oldest = ++_version;
        }
    }

    /// <summary>Sends the present version to all watches of that collection, without a change.</summary>
    public void Bookmark(string collection)
    {
        lock (_lock)
        {
            Record("BOOKMARK", collection + "||", new JsonObject { ["metadata"] = new JsonObject() });
        }
    }

    /// <summary>Lets the next requests fail.</summary>
    public void Fail(int count) => Volatile.Write(ref _fail, count);

    public async ValueTask DisposeAsync()
    {
        EndStreams();
        await _server!.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string PathOf(string collection, JsonObject item) =>
        $"{collection}|{(string?)item["metadata"]!["namespace"] ?? ""}|{(string)item["metadata"]!["name"]!}";

    private void Record(string type, string path, JsonObject item)
    {
        _version++;
        item["metadata"]!["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture);
        _history.Add((_version, type, path, (JsonObject)item.DeepClone()));
        TaskCompletionSource changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path;
        Asked.Enqueue(path + Uri.UnescapeDataString(context.Request.QueryString.Value!));
        Credentials.Enqueue(context.Request.Headers.Authorization.ToString());
        if (Interlocked.Decrement(ref _fail) >= 0)
        {
            context.Response.StatusCode = 500;
            return;
        }

        if (Token is not null && context.Request.Headers.Authorization != "Bearer " + Token)
        {
            context.Response.StatusCode = 401;
            return;
        }

        string inNamespace = "";
        string[] parts = path.Split("/namespaces/");
        if (parts.Length == 2)
        {
            string[] rest = parts[1].Split('/');
            inNamespace = rest[0];
            path = parts[0] + "/" + rest[1];
        }

        // Newer clients ask for a watch that begins with a list, and go on without where there is none.
        if (context.Request.Query.ContainsKey("sendInitialEvents"))
        {
            await FailAsync(context, 422, "Invalid");
            return;
        }

        await (context.Request.Query["watch"] is { Count: > 0 } watch && watch[0] is "true" or "1"
            ? WatchAsync(context, path, inNamespace)
            : ListAsync(context, path, inNamespace));
    }

    private async Task ListAsync(HttpContext context, string collection, string inNamespace)
    {
        var list = new JsonObject { ["kind"] = KindOf(collection) + "List", ["apiVersion"] = collection[(collection.IndexOf('/', 1) + 1)..collection.LastIndexOf('/')] };
        lock (_lock)
        {
            int from = int.TryParse(context.Request.Query["continue"], out int next) ? next : 0;
            KeyValuePair<string, (int Version, JsonObject Object)>[] found =
                [.. _objects.Where(entry => IsIn(entry.Key, collection, inNamespace)).OrderBy(entry => entry.Key, StringComparer.Ordinal)];
            list["metadata"] = new JsonObject
            {
                ["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture),
                ["continue"] = from + PageSize < found.Length ? (from + PageSize).ToString(CultureInfo.InvariantCulture) : "",
            };
            list["items"] = new JsonArray([.. found.Skip(from).Take(PageSize).Select(entry => entry.Value.Object.DeepClone())]);
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(list.ToJsonString());
    }

    private async Task WatchAsync(HttpContext context, string collection, string inNamespace)
    {
        int version = int.Parse(context.Request.Query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        if (version < _oldest)
        {
            await FailAsync(context, 410, "Expired");
            return;
        }

        context.Response.ContentType = "application/json";
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_streams.Token, context.RequestAborted);
        await context.Response.Body.FlushAsync();
        while (true)
        {
            // What happened before the end is still sent.
            bool isLast = ended.IsCancellationRequested;
            Task changed;
            (int Version, string Type, string Path, JsonObject Object)[] events;
            lock (_lock)
            {
                changed = _changed.Task;
                events = [.. _history.Where(entry => entry.Version > version && IsIn(entry.Path, collection, entry.Type == "BOOKMARK" ? "" : inNamespace))];
            }

            foreach ((int eventVersion, string type, _, JsonObject item) in events)
            {
                version = eventVersion;
                JsonNode named = item.DeepClone();
                named["kind"] = KindOf(collection);
                named["apiVersion"] = collection[(collection.IndexOf('/', 1) + 1)..collection.LastIndexOf('/')];
                await context.Response.WriteAsync(new JsonObject { ["type"] = type, ["object"] = named }.ToJsonString() + "\n");
                await context.Response.Body.FlushAsync();
            }

            if (isLast)
            {
                return;
            }

            await changed.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task FailAsync(HttpContext context, int code, string reason)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(new { kind = "Status", apiVersion = "v1", status = "Failure", reason, code, message = reason }));
    }

    private static bool IsIn(string path, string collection, string inNamespace) =>
        path.StartsWith(collection + "|" + (inNamespace.Length == 0 ? "" : inNamespace + "|"), StringComparison.Ordinal);

    private static string KindOf(string collection) => collection[(collection.LastIndexOf('/') + 1)..] switch
    {
        "pods" => "Pod",
        "services" => "Service",
        "endpoints" => "Endpoints",
        "endpointslices" => "EndpointSlice",
        "ingresses" => "Ingress",
        "nodes" => "Node",
        "namespaces" => "Namespace",
        "replicasets" => "ReplicaSet",
        _ => "Job",
    };
}
