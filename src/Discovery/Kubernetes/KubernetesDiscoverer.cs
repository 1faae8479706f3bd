using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Discovery.Kubernetes.Targets;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes;

/// <summary>Watches the objects of a Kubernetes cluster: one group for each object of the role.</summary>
internal sealed class KubernetesDiscoverer : IDiscoverer, IDisposable
{
    private readonly KubernetesSdConfig _config;
    private readonly KubernetesKind _main;
    private readonly KubernetesClient _client;
    private readonly KubernetesMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<(KubernetesKind Kind, string Namespace)> _watched = [];

    public KubernetesDiscoverer(
        KubernetesSdConfig config, HttpClientFactory clients, KubernetesMetrics metrics, TimeProvider time, ILogger<KubernetesDiscoverer> logger)
        : this(config, KubernetesAccess.From(config), clients, metrics, time, logger)
    {
    }

    internal KubernetesDiscoverer(
        KubernetesSdConfig config, KubernetesAccess access, HttpClientFactory clients, KubernetesMetrics metrics, TimeProvider time, ILogger<KubernetesDiscoverer> logger)
    {
        _config = config;
        _main = KubernetesKind.Roles.First(kind => kind.Role == config.Role);
        _client = new KubernetesClient(access, clients, metrics, time);
        _metrics = metrics;
        _time = time;
        _logger = logger;
        string[] namespaces = [.. config.Namespaces.Concat(access.OwnNamespace.Length > 0 ? [access.OwnNamespace] : []).Distinct()];
        foreach (KubernetesKind kind in KindsOf(_main, config.AttachMetadata))
        {
            _watched.AddRange(kind.IsNamespaced && namespaces.Length > 0 ? namespaces.Select(name => (kind, name)) : [(kind, "")]);
        }
    }

    public async Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        using var objects = new KubernetesObjects(_main, _watched.Count, _metrics.Queues.Of(_main.Role), _time);

        // One place is enough: it only says that there is something to look at.
        Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] watches = [.. _watched.Select(entry => Task.Run(() => Watch(entry.Kind, entry.Namespace).RunAsync(
            objects, _metrics, IsCounted(entry.Kind), () => changes.Writer.TryWrite(true), stopping.Token), CancellationToken.None))];
        try
        {
            await ReportAsync(objects, changes.Reader, updates, cancellationToken);
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task ReportAsync(
        KubernetesObjects objects, ChannelReader<bool> changes, IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        bool isFirst = true;
        while (await changes.WaitToReadAsync(cancellationToken))
        {
            changes.TryRead(out _);
            IReadOnlyList<TargetGroup>? groups = objects.Refresh((key, item) => MakeGroup(objects, key, item));
            if (groups is not null && (groups.Count > 0 || isFirst))
            {
                isFirst = false;
                updates.Report(groups);
            }
        }
    }

    private TargetGroup MakeGroup(IKubernetesLookup lookup, string key, JsonElement item)
    {
        string source = (_main == KubernetesKind.Service ? "svc" : _main.Role) + "/" + key;
        var metadata = new MetadataLabels(lookup, _config.AttachMetadata);
        return item.ValueKind != JsonValueKind.Object ? new TargetGroup { Source = source }
            : _main == KubernetesKind.Node ? NodeTargets.Make(source, item)
            : _main == KubernetesKind.Pod ? PodTargets.Make(source, item, metadata)
            : _main == KubernetesKind.Service ? ServiceTargets.Make(source, item, metadata)
            : _main == KubernetesKind.Ingress ? IngressTargets.Make(source, item, metadata)
            : _main == KubernetesKind.Endpoints ? EndpointsTargets.Make(source, item, metadata)
            : EndpointSliceTargets.Make(source, item, metadata);
    }

    private KubernetesWatch Watch(KubernetesKind kind, string inNamespace)
    {
        KubernetesSelector? selector = kind.Role.Length == 0 ? null : _config.Selectors.FirstOrDefault(selector => selector.Role == kind.Role);
        string selectors = (selector?.Label.Length > 0 ? "&labelSelector=" + Uri.EscapeDataString(selector.Label) : "")
            + (selector?.Field.Length > 0 ? "&fieldSelector=" + Uri.EscapeDataString(selector.Field) : "");
        return new KubernetesWatch(kind, inNamespace, selectors, _client, _time, _logger);
    }

    // Objects that only add labels are not counted, as upstream does not count them.
    private bool IsCounted(KubernetesKind kind) => kind == _main
        || ((_main == KubernetesKind.Endpoints || _main == KubernetesKind.EndpointSlice) && (kind == KubernetesKind.Pod || kind == KubernetesKind.Service));

    private static IEnumerable<KubernetesKind> KindsOf(KubernetesKind main, KubernetesMetadata metadata)
    {
        bool hasEndpoints = main == KubernetesKind.Endpoints || main == KubernetesKind.EndpointSlice;
        bool hasPods = hasEndpoints || main == KubernetesKind.Pod;
        return new (KubernetesKind Kind, bool IsNeeded)[]
        {
            (main, true),
            (KubernetesKind.Service, hasEndpoints),
            (KubernetesKind.Pod, hasEndpoints),
            (KubernetesKind.Node, hasPods && metadata.Node),
            (KubernetesKind.Namespace, main != KubernetesKind.Node && metadata.Namespace),
            (KubernetesKind.ReplicaSet, hasPods && metadata.Deployment),
            (KubernetesKind.Job, hasPods && metadata.CronJob),
        }.Where(entry => entry.IsNeeded).Select(entry => entry.Kind);
    }
}
