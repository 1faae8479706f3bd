using System.Buffers;
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
    public Labels GetLabels(int series, LabelProjection projection) => Project(projection).GetLabels(At(series));

    /// <inheritdoc/>
    public void WriteLabels(int series, IBufferWriter<byte> output) => querier.Index.WriteLabels(querier.Index.GetPairs(At(series)), output);

    /// <inheritdoc/>
    public void WriteLabels(int series, LabelProjection projection, IBufferWriter<byte> output) => Project(projection).WriteLabels(At(series), output);

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

    private ProjectedPairs Project(LabelProjection projection)
    {
        ProjectedPairs? projected = _projected;
        if (projected?.Projection != projection)
        {
            _projected = projected = new ProjectedPairs(querier.Index, projection);
        }

        return projected;
    }

    private uint At(int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Count, nameof(position));
        return _series[position];
    }
}
