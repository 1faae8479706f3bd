using System.Text.Json;
using Narthex.Model;

namespace Narthex.Discovery.Kubernetes;

/// <summary>Looks up objects beside the one that a group of targets is made of.</summary>
internal interface IKubernetesLookup
{
    /// <summary>The object; an undefined element if there is none.</summary>
    JsonElement Find(KubernetesKind kind, string key);
}

/// <summary>The state of a cluster, as far as one discovery watches it, and which groups of targets are out of date. Thread-safe.</summary>
/// <remarks>
/// Each group notes which objects were asked for when it was made, found or not. When one of them changes, the group is made anew. So no
/// mechanism needs to know by itself that endpoints depend on pods and pods on nodes.
/// </remarks>
internal sealed class KubernetesObjects(KubernetesKind main, int watches, KubernetesQueueMetrics.Queue queue, TimeProvider time) : IKubernetesLookup, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(KubernetesKind Kind, string Key), KubernetesObject> _objects = [];
    private readonly Dictionary<(KubernetesKind Kind, string Key), HashSet<string>> _dependents = [];
    private readonly Dictionary<string, HashSet<(KubernetesKind Kind, string Key)>> _dependencies = new(StringComparer.Ordinal);

    // Groups to make anew, and since when.
    private readonly Dictionary<string, long> _stale = new(StringComparer.Ordinal);
    private HashSet<(KubernetesKind Kind, string Key)> _asked = [];
    private int _missing = watches;

    /// <summary>How an object changed.</summary>
    public enum Change : byte
    {
        Add,
        Update,
        Delete,
    }

    /// <summary>Takes over a new or changed object.</summary>
    public Change Set(KubernetesKind kind, KubernetesObject item)
    {
        lock (_lock)
        {
            bool isKnown = _objects.TryGetValue((kind, item.Key), out KubernetesObject? former);
            if (!isKnown || !former!.HasSameContent(item))
            {
                _objects[(kind, item.Key)] = item;
                MarkStale(kind, item.Key);
            }

            return isKnown ? Change.Update : Change.Add;
        }
    }

    /// <summary>Forgets an object.</summary>
    public void Remove(KubernetesKind kind, string key)
    {
        lock (_lock)
        {
            if (_objects.Remove((kind, key)))
            {
                MarkStale(kind, key);
            }
        }
    }

    /// <summary>Takes over all objects of a kind in a namespace: those that are not among them are gone. Hands on each change.</summary>
    public void Replace(KubernetesKind kind, string inNamespace, IReadOnlyDictionary<string, KubernetesObject> items, bool isFirst, Action<Change> onChange)
    {
        lock (_lock)
        {
            string prefix = inNamespace.Length == 0 ? "" : inNamespace + "/";
            foreach ((KubernetesKind Kind, string Key) gone in _objects.Keys
                .Where(id => id.Kind == kind && id.Key.StartsWith(prefix, StringComparison.Ordinal) && !items.ContainsKey(id.Key)).ToArray())
            {
                Remove(kind, gone.Key);
                onChange(Change.Delete);
            }

            foreach (KubernetesObject item in items.Values)
            {
                onChange(Set(kind, item));
            }

            _missing -= isFirst ? 1 : 0;
        }
    }

    /// <summary>Makes the groups that are out of date. Null as long as some objects were not listed yet.</summary>
    public IReadOnlyList<TargetGroup>? Refresh(Func<string, JsonElement, TargetGroup> make)
    {
        lock (_lock)
        {
            if (_missing > 0)
            {
                return null;
            }

            var groups = new List<TargetGroup>(_stale.Count);
            foreach ((string key, long since) in _stale)
            {
                long began = time.GetTimestamp();
                queue.Latency.Observe(time.GetElapsedTime(since, began).TotalSeconds);
                _asked = [];
                groups.Add(make(key, _objects.TryGetValue((main, key), out KubernetesObject? item) ? item.Root : default));
                Depend(key, _asked);
                queue.Work.Observe(time.GetElapsedTime(began).TotalSeconds);
            }

            ForgetStale();
            return groups;
        }
    }

    /// <summary>What still waits will not be made any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            ForgetStale();
        }
    }

    // Called back while a group is made, under the lock.
    JsonElement IKubernetesLookup.Find(KubernetesKind kind, string key)
    {
        _asked.Add((kind, key));
        return _objects.TryGetValue((kind, key), out KubernetesObject? item) ? item.Root : default;
    }

    private void MarkStale(KubernetesKind kind, string key)
    {
        if (kind == main)
        {
            MarkStale(key);
        }

        foreach (string dependent in _dependents.GetValueOrDefault((kind, key)) ?? [])
        {
            MarkStale(dependent);
        }
    }

    private void MarkStale(string key)
    {
        if (_stale.TryAdd(key, time.GetTimestamp()))
        {
            queue.Items.Increment();
            queue.Depth.Increment();
        }
    }

    private void ForgetStale()
    {
        queue.Depth.Decrement(_stale.Count);
        _stale.Clear();
    }

    private void Depend(string key, HashSet<(KubernetesKind Kind, string Key)> asked)
    {
        foreach ((KubernetesKind Kind, string Key) former in _dependencies.GetValueOrDefault(key) ?? [])
        {
            if (!asked.Contains(former) && _dependents.TryGetValue(former, out HashSet<string>? dependents) && dependents.Remove(key) && dependents.Count == 0)
            {
                _dependents.Remove(former);
            }
        }

        foreach ((KubernetesKind Kind, string Key) id in asked)
        {
            if (!_dependents.TryGetValue(id, out HashSet<string>? dependents))
            {
                _dependents[id] = dependents = new HashSet<string>(StringComparer.Ordinal);
            }

            dependents.Add(key);
        }

        if (asked.Count == 0)
        {
            _dependencies.Remove(key);
        }
        else
        {
            _dependencies[key] = asked;
        }
    }
}
