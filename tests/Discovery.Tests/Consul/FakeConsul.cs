using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Narthex.Discovery.Tests.Consul;

/// <summary>A Consul agent whose answers the test sets; a question about a state that has not changed is held until it does.</summary>
internal sealed class FakeConsul : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Body, int Index)> _answers = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _server;

    public ConcurrentQueue<string> Asked { get; } = [];

    public ConcurrentQueue<string> Tokens { get; } = [];

    public string Address => new Uri(_server!.Urls.Single()).Authority;

    /// <summary>Every path that has no answer fails.</summary>
    public static async Task<FakeConsul> StartAsync()
    {
        var consul = new FakeConsul();
        consul.Set("/v1/agent/self", """{"Config": {"Datacenter": "test-dc", "NodeName": "n"}}""", 0);
        consul._server = await LocalServer.StartAsync(consul.AnswerAsync);
        return consul;
    }

    public void Set(string path, string body, int index)
    {
        lock (_lock)
        {
            _answers[path] = (body, index);
            TaskCompletionSource changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path;
        Asked.Enqueue(path + Uri.UnescapeDataString(context.Request.QueryString.Value!));
        Tokens.Enqueue(context.Request.Headers["X-Consul-Token"].ToString());
        int known = int.TryParse(context.Request.Query["index"], out int index) ? index : 0;
        while (true)
        {
            Task changed;
            (string Body, int Index) answer;
            lock (_lock)
            {
                changed = _changed.Task;
                if (!_answers.TryGetValue(path, out answer))
                {
                    answer = ("", -1);
                }
            }

            if (answer.Index < 0)
            {
                context.Response.StatusCode = 500;
                return;
            }

            if (answer.Index != known || known == 0)
            {
                context.Response.Headers["X-Consul-Index"] = answer.Index.ToString(System.Globalization.CultureInfo.InvariantCulture);
                await context.Response.WriteAsync(answer.Body);
                return;
            }

            await changed.WaitAsync(context.RequestAborted);
        }
    }
}
