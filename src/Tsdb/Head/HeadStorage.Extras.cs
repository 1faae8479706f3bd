using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Exemplars;

namespace Narthex.Tsdb.Head;

/// <content>What is kept beside samples: exemplars and metadata.</content>
public sealed partial class HeadStorage : IExemplarQueryable
{
    /// <summary>Whether metadata of series is kept and logged.</summary>
    public bool KeepsMetadata => _options.KeepMetadata;

    /// <summary>The newest exemplars.</summary>
    internal ExemplarStore Exemplars { get; } = new(0);

    /// <summary>The labels behind references, under the commit lock.</summary>
    internal SeriesNames SeriesNames => field ??= new SeriesNames(this);

    /// <summary>The metadata of series, under the commit lock.</summary>
    internal SeriesMetadata Metadata { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<SeriesExemplars> SelectExemplars(
        TimeRange range, IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken) =>
        Exemplars.Select(range, selectors, cancellationToken);

    /// <summary>The metadata of a series. False if there is none.</summary>
    public bool TryGetMetadata(Labels labels, out MetricMetadata metadata)
    {
        lock (_commitLock)
        {
            metadata = default;
            return Index.TryFind(labels, (uint)labels.GetStableHash(), out uint series) && Metadata.TryGet(Index.SlotOf(series), out metadata);
        }
    }

    /// <summary>Applies an exemplar from the log. For one thread, before there are commits.</summary>
    internal void Replay(uint slot, in Exemplar exemplar)
    {
        if (exemplar.TimestampMs >= _minValidTimeMs)
        {
            Exemplars.Add(GetRef(slot).Value, SeriesNames, exemplar);
        }
    }

    /// <summary>Applies metadata from the log. For one thread, before there are commits.</summary>
    internal void Replay(uint slot, in MetricMetadata metadata) => Metadata.Set(slot, metadata);
}
