using Narthex.Model;

namespace Narthex.Storage;

/// <summary>What an administrator may do to a storage. Each call takes as long as it takes; they wait for each other and for compactions.</summary>
public interface IStorageAdministration
{
    /// <summary>Hides the samples of matching series in the range from all queries from now on. Their space is freed later.</summary>
    /// <remarks>In memory, no more is deleted than is there: samples that a series gets later stay.</remarks>
    /// <exception cref="StorageException">Something may have been deleted and something not: try again.</exception>
    void DeleteSeries(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken);

    /// <summary>Frees the space of what is deleted on disk.</summary>
    /// <exception cref="StorageException">Not all of it could be freed.</exception>
    void CleanTombstones(CancellationToken cancellationToken);

    /// <summary>Puts all samples as blocks into a new directory under <c>snapshots</c> of the data directory, and returns its name.</summary>
    /// <param name="withHead">Whether the samples that are still in memory are included.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="StorageException">There is no whole snapshot.</exception>
    string TakeSnapshot(bool withHead, CancellationToken cancellationToken);
}
