using System.Net;
using System.Threading.Channels;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Hosting.Tests.Doubles;

/// <summary>Hands out the configuration that the test says, or its fault.</summary>
internal sealed class FakeConfiguration : IConfigurationSource
{
    public PrometheusConfig Current { get; set; } = new();

    public string? Fault { get; set; }

    public PrometheusConfig Load(string path) => Fault is null ? Current : throw new ConfigurationException(Fault);

    public string Print(PrometheusConfig configuration) => $"jobs: {configuration.ScrapeConfigs.Count}\n";
}

/// <summary>Finds the targets of static configurations at once.</summary>
internal sealed class FakeDiscovery : ITargetDiscovery
{
    private readonly Channel<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> _updates =
        Channel.CreateUnbounded<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>>();

    public bool IsDisposed { get; private set; }

    public ChannelReader<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> Updates => _updates.Reader;

    public void ApplyConfig(IReadOnlyDictionary<string, IReadOnlyList<SdConfig>> jobs) => _updates.Writer.TryWrite(
        jobs.ToDictionary(job => job.Key, job => (IReadOnlyList<TargetGroup>)[.. job.Value.OfType<StaticSdConfig>().Select(Group)]));

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    private static TargetGroup Group(StaticSdConfig config, int index) => new()
    {
        Source = index.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Targets = [.. config.Targets.Select(target => Labels.FromStrings("__address__", target))],
    };
}

/// <summary>Every target exposes one metric.</summary>
internal sealed class FakeExporter : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent("# TYPE answer gauge\nanswer 42\n", System.Text.Encoding.UTF8, "text/plain"),
        });
}

/// <summary>Takes alerts, under whatever address.</summary>
internal sealed class FakeAlertmanager : HttpMessageHandler
{
    private readonly Channel<(string Url, string Body)> _received = Channel.CreateUnbounded<(string Url, string Body)>();

    /// <summary>Requests that nobody asked for yet.</summary>
    public int Count => _received.Reader.Count;

    public async Task<(string Url, string Body)> NextAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _received.Reader.ReadAsync(deadline.Token);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await _received.Writer.WriteAsync((request.RequestUri!.AbsoluteUri, await request.Content!.ReadAsStringAsync(cancellationToken)), cancellationToken);
        return new HttpResponseMessage(HttpStatusCode.OK);
    }
}
