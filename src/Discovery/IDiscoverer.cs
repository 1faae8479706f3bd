using Narthex.Model;

namespace Narthex.Discovery;

/// <summary>Finds targets for one service discovery configuration.</summary>
public interface IDiscoverer
{
    /// <summary>Looks for targets until it is cancelled.</summary>
    /// <param name="updates">
    /// Takes the groups that changed; a group replaces the former one of the same source, and an empty one removes it.
    /// May be called from any thread, one call at a time, and never blocks.
    /// </param>
    /// <param name="cancellationToken">Ends the search. Ending by it is no error.</param>
    /// <remarks>Returning early is fine: what was reported stays. An exception ends the discoverer; it is logged and what was reported stays.</remarks>
    Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken);
}
