using System.Collections.Concurrent;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>A metric family and what an exposition says about it.</summary>
/// <param name="Family">The family's name.</param>
/// <param name="Metadata">What is said about it.</param>
internal sealed record FamilyMetadata(string Family, MetricMetadata Metadata);

/// <summary>Keeps equal metadata once: a thousand targets of a kind say the same about their families.</summary>
/// <remarks>What no target says any more stays until <see cref="CountMax"/> is reached; then the pool starts again, and targets fill it anew.</remarks>
internal sealed class MetadataPool
{
    private const int CountMax = 200_000;
    private readonly ConcurrentDictionary<FamilyMetadata, FamilyMetadata> _known = new();

    /// <summary>The one object for this metadata.</summary>
    public FamilyMetadata Intern(FamilyMetadata metadata)
    {
        if (_known.Count >= CountMax)
        {
            _known.Clear();
        }

        return _known.GetOrAdd(metadata, metadata);
    }
}
