using Narthex.Model;

namespace Narthex.Discovery;

/// <summary>One running discoverer and what it found so far.</summary>
/// <remarks>The groups belong to the manager's lock.</remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "The source has neither a timer nor a wait handle: there is nothing to dispose of.")]
internal sealed class Provider(string kind, Action<Provider, IReadOnlyList<TargetGroup>> onGroups, Action<Provider, Exception> onFault)
    : IProgress<IReadOnlyList<TargetGroup>>
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SortedDictionary<string, TargetGroup> _groups = new(StringComparer.Ordinal);
    private bool _hasReported;

    public string Kind { get; } = kind;

    public bool IsStopped => _stop.IsCancellationRequested;

    public Task Completion { get; private set; } = Task.CompletedTask;

    public IEnumerable<TargetGroup> Groups => _groups.Values;

    public void Start(IDiscoverer discoverer) => Completion = Task.Run(() => RunAsync(discoverer));

    public void Stop() => _stop.Cancel();

    /// <summary>Takes over the changed groups. True for the first report.</summary>
    public bool Merge(IReadOnlyList<TargetGroup> groups)
    {
        foreach (TargetGroup group in groups)
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

        bool isFirst = !_hasReported;
        _hasReported = true;
        return isFirst;
    }

    void IProgress<IReadOnlyList<TargetGroup>>.Report(IReadOnlyList<TargetGroup> value) => onGroups(this, value);

    private async Task RunAsync(IDiscoverer discoverer)
    {
        try
        {
            await discoverer.RunAsync(this, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped, as asked.
        }
#pragma warning disable CA1031 // Whatever ends one mechanism must not end the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            onFault(this, e);
        }
        finally
        {
            (discoverer as IDisposable)?.Dispose();
        }
    }
}
