using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Notifications;
using Narthex.PromQL;
using Narthex.RemoteStorage;
using Narthex.Storage;
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

    // The body comes after the handler has begun to wait for it, on the thread of the connection.
    [Theory]
    [InlineData("/api/v1/query_exemplars?start=0&end=1", "application/x-www-form-urlencoded", "query=up")]
    [InlineData("/api/v1/write", "application/x-protobuf", "\0")]
    public async Task A_body_is_worked_on_in_the_thread_pool(string path, string type, string body)
    {
        var storage = new Appendable();
        using var receiver = new RemoteWriteReceiver(storage, new MetricRegistry(), TimeProvider.System, NullLogger<RemoteWriteReceiver>.Instance);
        await using TestServer server = await TestServer.StartAsync(new WebOptions { AnswerOnEventThreads = true }, () => receiver);
        server.Administration.OnCall = storage.Note;
        using var limit = new CancellationTokenSource(s_never);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Client.BaseAddress!.Port);
        await using NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        string head = $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Encoding: snappy\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n";
        for (int i = 0; i < 50; i++)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            Assert.Equal("HTTP/1.1 100 Continue", await reader.ReadLineAsync(limit.Token));
            Assert.Equal("", await reader.ReadLineAsync(limit.Token));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(body));
            Assert.Contains(" 20", await reader.ReadLineAsync(limit.Token), StringComparison.Ordinal);
            int length = 0;
            while (await reader.ReadLineAsync(limit.Token) is { Length: > 0 } line)
            {
                length = line.StartsWith("Content-Length: ", StringComparison.Ordinal) ? int.Parse(line[16..], CultureInfo.InvariantCulture) : length;
            }

            // With no length it would wait for the next answer.
            char[] answer = new char[length];
            Assert.Equal(length, length == 0 ? 0 : await reader.ReadBlockAsync(answer, limit.Token));
        }

        Assert.Equal((50, 0), (storage.InPool, storage.Elsewhere));
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
    public async Task An_answer_of_several_pieces_is_sent_from_the_thread_pool()
    {
        var body = new PlacesOfWrites();
        await OnThreadOfItsOwnAsync(async () =>
        {
            var context = new DefaultHttpContext();
            context.Response.Body = body;
            await using var writer = new ResponseWriter(context.Response, mayCompress: false);
            writer.Raw(new byte[1000]);
            await writer.FlushIfFullAsync(default);
            Assert.False(PoolThread.IsCurrent);
            Assert.Empty(body.InPool);
            writer.Raw(new byte[100_000]);
            await writer.FlushIfFullAsync(default);
            return true;
        });

        Assert.Equal([true], body.InPool);
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

    // Notes who calls.
    private sealed class Appendable : IAppendable, IAppender
    {
        private int _inPool;
        private int _elsewhere;

        public int InPool => _inPool;

        public int Elsewhere => _elsewhere;

        public void Note() => Interlocked.Increment(ref Thread.CurrentThread.IsThreadPoolThread ? ref _inPool : ref _elsewhere);

        public IAppender OpenAppender() => this;

        public SeriesRef GetOrAddSeries(Labels labels) => default;

        public void Append(SeriesRef series, long timestampMs, double value)
        {
        }

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram)
        {
        }

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar)
        {
        }

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
        {
        }

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
        {
            Note();
            return default;
        }

        public void Rollback()
        {
        }

        public void Dispose()
        {
        }
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

    private sealed class PlacesOfWrites : MemoryStream
    {
        public List<bool> InPool { get; } = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            InPool.Add(PoolThread.IsCurrent);
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
