using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Several storages as one: for instance the head and other databases.</summary>
/// <param name="storages">In the order of their times where they have one; at the same instant the earlier storage wins.</param>
public sealed class MergedStorage(params IReadOnlyList<IQueryableStorage> storages) : IQueryableStorage
{
    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range)
    {
        var queriers = new List<IQuerier>(storages.Count);
        try
        {
            foreach (IQueryableStorage storage in storages)
            {
                queriers.Add(storage.OpenQuerier(range));
            }
        }
        catch
        {
            queriers.ForEach(querier => querier.Dispose());
            throw;
        }

        return MergedQuerier.Over(queriers);
    }
}
