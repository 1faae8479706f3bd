using System.Text.Json;
using Microsoft.Extensions.Logging;
using Narthex.Discovery.Refreshing;

namespace Narthex.Discovery.Kubernetes;

/// <summary>Keeps the objects of one kind in one namespace up to date: lists them once, and then follows what happens.</summary>
internal sealed class KubernetesWatch(KubernetesKind kind, string inNamespace, string selectors, KubernetesClient client, TimeProvider time, ILogger logger)
{
    // As long as watches of upstream's client last; each a little different, so that they do not all end at once.
    private static readonly TimeSpan s_durationMin = TimeSpan.FromMinutes(5);

    // A watch that ends sooner counts as one that failed.
    private static readonly TimeSpan s_healthy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_delayMin = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan s_delayMax = TimeSpan.FromSeconds(30);

    private readonly string _path = kind.PathIn(kind.IsNamespaced ? inNamespace : "");
    private string _version = "";
    private bool _isFirst = true;

    /// <summary>Follows the objects until it is cancelled.</summary>
    /// <param name="objects">Where they go.</param>
    /// <param name="metrics">Counts changes and failures.</param>
    /// <param name="isCounted">Whether changes of this kind are counted.</param>
    /// <param name="onChange">Called after changes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(KubernetesObjects objects, KubernetesMetrics metrics, bool isCounted, Action onChange, CancellationToken cancellationToken)
    {
        TimeSpan delay = s_delayMin;
        while (!cancellationToken.IsCancellationRequested)
        {
            long started = time.GetTimestamp();
            try
            {
                if (_version.Length == 0)
                {
                    await ListAsync();
                }

                started = time.GetTimestamp();
                TimeSpan duration = s_durationMin * (1 + Random.Shared.NextDouble());
                await client.WatchAsync(_path, selectors, _version, duration, OnEvent, cancellationToken);
            }
            catch (KubernetesGoneException)
            {
                // What happened in between is unknown: everything is listed anew.
                _version = "";
            }
#pragma warning disable CA1031 // Whatever the server answered, it is asked again.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                metrics.Failures.Increment();
                DiscoveryLog.KubernetesFailed(logger, _path, e.Message);
                started = time.GetTimestamp();
            }

            if (time.GetElapsedTime(started) >= s_healthy)
            {
                delay = s_delayMin;
                continue;
            }

            await Task.Delay(delay * (1 + Random.Shared.NextDouble()), time, cancellationToken);
            delay = delay * 2 < s_delayMax ? delay * 2 : s_delayMax;
        }

        async Task ListAsync()
        {
            var items = new Dictionary<string, KubernetesObject>(StringComparer.Ordinal);
            string version = await client.ListAsync(_path, selectors, item => Add(items, KubernetesObject.From(item)), cancellationToken);
            objects.Replace(kind, kind.IsNamespaced ? inNamespace : "", items, _isFirst, Count);
            _isFirst = false;
            _version = version;
            onChange();
        }

        void OnEvent(string type, JsonElement item)
        {
            if (item.Child("metadata").Text("resourceVersion") is { Length: > 0 } version)
            {
                _version = version;
            }

            switch (type)
            {
                case "ADDED" or "MODIFIED":
                    Count(objects.Set(kind, KubernetesObject.From(item)));
                    onChange();
                    break;
                case "DELETED":
                    objects.Remove(kind, KubernetesObject.From(item).Key);
                    Count(KubernetesObjects.Change.Delete);
                    onChange();
                    break;
            }

            // An event is a sign of health.
            delay = s_delayMin;
        }

        void Count(KubernetesObjects.Change change)
        {
            if (isCounted)
            {
                metrics.Count(kind, change);
            }
        }
    }

    private static void Add(Dictionary<string, KubernetesObject> items, KubernetesObject item) => items[item.Key] = item;
}
