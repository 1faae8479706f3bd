using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Index;

namespace Narthex.Tsdb.Head;

/// <summary>The series that a view found: their numbers in the view's index.</summary>
internal sealed class HeadSelection(HeadQuerier querier, uint[] series, int count) : ISeriesSelection
{
    private uint[] _series = series;
    private ProjectedPairs? _projected;

    /// <inheritdoc/>
    public int Count { get; private set; } = count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [];

    /// <inheritdoc/>
    public Labels GetLabels(int series) => querier.Index.GetLabels(At(series));

    /// <inheritdoc/>
    public Labels GetLabels(int series, LabelProjection projection)
    {
        ProjectedPairs? projected = _projected;
        if (projected?.Projection != projection)
        {
            _projected = projected = new ProjectedPairs(querier.Index, projection);
        }

        return projected.GetLabels(At(series));
    }

    /// <inheritdoc/>
    public bool MayHaveLabel(ReadOnlySpan<byte> name) =>
        querier.Index.Symbols.TryFind(name, out uint symbol) && querier.Index.Pairs.FindName(symbol) is not null;

    /// <inheritdoc/>
    public void ReadSamples(int series, SampleBuffer samples) => querier.ReadSamples(querier.Index.SlotOf(At(series)), samples);

    /// <inheritdoc/>
    public void ReadLatest(int series, long timestampMs, SampleBuffer samples) => querier.ReadLatest(querier.Index.SlotOf(At(series)), timestampMs, samples);

    /// <inheritdoc/>
    public void Dispose()
    {
        uint[] series = Interlocked.Exchange(ref _series, []);
        Count = 0;
        HeadQuerier.Return(series);
    }

    private uint At(int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Count, nameof(position));
        return _series[position];
    }
}
