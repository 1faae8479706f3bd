using System.Net;
using Microsoft.AspNetCore.Http;
using Narthex.Notifications;
using Narthex.PromQL;
using Narthex.Web.Http;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.Web.Tests;

/// <summary>Which threads do what: those of connections only what is done at once.</summary>
public sealed class ThreadTests : IAsyncLifetime
{
    // Nothing here is about time. Without these a fault would have the tests wait for ever.
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(2);

    private readonly Alertmanagers _alertmanagers = new();
    private TestServer _server = null!;

    public async Task InitializeAsync() =>
        _server = await TestServer.StartAsync(new WebOptions { AnswerOnEventThreads = true }, alertmanagers: _alertmanagers);

    public async Task DisposeAsync()
    {
        _alertmanagers.Hold.Set();
        await _server.DisposeAsync();
        _alertmanagers.Hold.Dispose();
    }

    [Fact]
    public async Task A_light_request_is_answered_on_the_thread_of_its_connection()
    {
        bool inPool = true;
        _server.Engine.Answer = _ =>
        {
            inPool = Thread.CurrentThread.IsThreadPoolThread;
            return Task.FromResult(new QueryResult { Type = ValueType.Vector });
        };

        // What comes as soon as a connection was made is read by whoever made it.
        for (int i = 0; inPool && i < 10_000; i++)
        {
            Assert.Equal(200, (await _server.GetAsync("/api/v1/query?query=up")).Code);
        }

        Assert.False(inPool);
    }

    [Fact]
    public async Task Nobody_has_to_take_part()
    {
        await using TestServer server = await TestServer.StartAsync(new WebOptions { AnswerOnEventThreads = false });
        int elsewhere = 0;
        server.Engine.Answer = _ =>
        {
            elsewhere += Thread.CurrentThread.IsThreadPoolThread ? 0 : 1;
            return Task.FromResult(new QueryResult { Type = ValueType.Vector });
        };
        for (int i = 0; i < 100; i++)
        {
            await server.GetAsync("/api/v1/query?query=up");
        }

        Assert.Equal(0, elsewhere);
    }

    [Fact]
    public async Task Everything_else_is_answered_in_the_thread_pool()
    {
        for (int i = 0; i < 100; i++)
        {
            await _server.GetAsync("/-/healthy");
            Assert.Equal(200, (await _server.GetAsync("/api/v1/alertmanagers")).Code);
        }

        Assert.Equal((100, 0), (_alertmanagers.Asked, _alertmanagers.AskedElsewhere));
    }

    [Fact]
    public async Task A_query_that_takes_some_reading_is_read_in_the_thread_pool()
    {
        int elsewhere = 0;
        _server.Engine.Answer = _ =>
        {
            elsewhere += Thread.CurrentThread.IsThreadPoolThread ? 0 : 1;
            return Task.FromResult(new QueryResult { Type = ValueType.Vector });
        };
        string query = new('x', 20_000);
        for (int i = 0; i < 50; i++)
        {
            await _server.GetAsync("/-/healthy");
            Assert.Equal(200, (await _server.GetAsync("/api/v1/query?query=" + query)).Code);
            using var form = new FormUrlEncodedContent([new("query", query)]);
            using HttpResponseMessage response = await _server.Client.PostAsync("/api/v1/query", form);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(query, _server.Engine.LastQuery);
        }

        Assert.Equal(0, elsewhere);
    }

    [Fact]
    public async Task Who_waits_keeps_no_other_connection_waiting()
    {
        // Warm connections, so that their next requests come on the threads of connections.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _server.GetAsync("/-/healthy")));
        _alertmanagers.Hold.Reset();
        Task<(int Code, string Body)>[] held = [_server.GetAsync("/api/v1/alertmanagers"), _server.GetAsync("/api/v1/alertmanagers")];
        await _alertmanagers.WaitUntilHeldAsync(held.Length).WaitAsync(s_never);

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await _server.GetAsync("/-/healthy").WaitAsync(s_never)).Code);
        }

        Assert.All(held, task => Assert.False(task.IsCompleted));
        _alertmanagers.Hold.Set();
        Assert.All(await Task.WhenAll(held).WaitAsync(s_never), answer => Assert.Equal(200, answer.Code));
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_query()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Engine.Answer = async cancellation =>
        {
            await using CancellationTokenRegistration registration = cancellation.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task;
            throw new QueryException(QueryErrorKind.Canceled, "query was canceled");
        };
        await _server.GetAsync("/-/healthy");
        using var leaving = new CancellationTokenSource();

        Task asking = _server.Client.GetAsync("/api/v1/query?query=up", leaving.Token);
        await begun.Task.WaitAsync(s_never);
        await leaving.CancelAsync();

        await ended.Task.WaitAsync(s_never);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task An_answer_of_several_pieces_goes_on_in_the_thread_pool()
    {
        (bool before, bool after) = await OnThreadOfItsOwnAsync(async () =>
        {
            var context = new DefaultHttpContext();
            context.Response.Body = new MemoryStream();
            await using var writer = new ResponseWriter(context.Response, mayCompress: false);
            writer.Raw(new byte[1000]);
            await writer.FlushIfFullAsync(default);
            bool first = PoolThread.IsCurrent;
            writer.Raw(new byte[100_000]);
            await writer.FlushIfFullAsync(default);
            return (first, PoolThread.IsCurrent);
        });

        Assert.Equal((false, true), (before, after));
    }

    /// <summary>Begins something on a thread that is not the pool's.</summary>
    internal static Task<T> OnThreadOfItsOwnAsync<T>(Func<Task<T>> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => work().ContinueWith(
            task =>
            {
                if (task.IsCompletedSuccessfully)
                {
                    result.SetResult(task.Result);
                }
                else
                {
                    result.SetException(task.Exception?.InnerException ?? new OperationCanceledException());
                }
            },
            TaskScheduler.Default))
        {
            IsBackground = true,
        };
        thread.Start();
        return result.Task.WaitAsync(s_never);
    }

    // Holds whoever asks, if it is told to.
    private sealed class Alertmanagers : IAlertmanagerSource
    {
        private readonly SemaphoreSlim _arrived = new(0);
        private int _asked;
        private int _askedElsewhere;

        public ManualResetEventSlim Hold { get; } = new(initialState: true);

        public int Asked => _asked;

        public int AskedElsewhere => _askedElsewhere;

        public async Task WaitUntilHeldAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                await _arrived.WaitAsync();
            }
        }

        public IReadOnlyList<string> GetActiveAlertmanagers()
        {
            Interlocked.Increment(ref _asked);
            if (!Thread.CurrentThread.IsThreadPoolThread)
            {
                Interlocked.Increment(ref _askedElsewhere);
            }

            if (!Hold.IsSet)
            {
                _arrived.Release();
                Hold.Wait();
            }

            return [];
        }

        public IReadOnlyList<string> GetDroppedAlertmanagers() => [];
    }
}
