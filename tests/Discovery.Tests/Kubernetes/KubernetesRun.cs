using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Discovery.Kubernetes;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>A discovery that runs, and the groups that it has reported.</summary>
internal sealed class KubernetesRun : IProgress<IReadOnlyList<TargetGroup>>, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TargetGroup> _groups = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly KubernetesDiscoverer _discoverer;
    private readonly Task _running;
    private int _reports;

    public KubernetesRun(KubernetesSdConfig config, KubernetesAccess? access = null)
    {
        Metrics = new KubernetesMetrics(Registry);
        _discoverer = new KubernetesDiscoverer(
            config, access ?? KubernetesAccess.From(config), new HttpClientFactory(), Metrics, TimeProvider.System, NullLogger<KubernetesDiscoverer>.Instance);
        _running = _discoverer.RunAsync(this, _stop.Token);
    }

    public MetricRegistry Registry { get; } = new();

    public KubernetesMetrics Metrics { get; }

    public int Reports => Volatile.Read(ref _reports);

    /// <summary>The groups with targets, by source.</summary>
    public Dictionary<string, TargetGroup> Groups
    {
        get
        {
            lock (_lock)
            {
                return new(_groups);
            }
        }
    }

    /// <summary>The labels of all targets, those of the group included, as text.</summary>
    public string[] Targets => [.. Groups.Values.SelectMany(group => group.Targets.Select(target =>
    {
        var labels = new LabelsBuilder().Reset(group.Labels);
        foreach (LabelPair pair in target)
        {
            labels.Set(pair.Name, pair.Value);
        }

        return labels.ToLabels().ToString();
    })).Order(StringComparer.Ordinal)];

    public static KubernetesSdConfig Config(FakeKubernetes kubernetes, string role) =>
        new() { Role = role, ApiServer = kubernetes.Url + "/", Settings = new ConfigMapping([]) };

    public async Task UntilAsync(Func<Dictionary<string, TargetGroup>, bool> holds) => await DiscoveryFixture.EventuallyAsync(() => holds(Groups));

    public void Report(IReadOnlyList<TargetGroup> value)
    {
        lock (_lock)
        {
            foreach (TargetGroup group in value)
            {
                if (group.Targets.Count == 0)
                {
                    _groups.Remove(group.Source);
                }
                else
                {
                    _groups[group.Source] = group;
                }
            }
        }

        Interlocked.Increment(ref _reports);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _discoverer.Dispose();
    }
}
