using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head;

/// <summary>The series that a view found: their numbers in the view's index.</summary>
internal sealed class HeadSelection(HeadQuerier querier, uint[] series, int count) : ISeriesSelection
{
    private uint[] _series = series;

    /// <inheritdoc/>
    public int Count { get; private set; } = count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [];

    /// <inheritdoc/>
    public Labels GetLabels(int series) => querier.Index.GetLabels(At(series));

    /// <inheritdoc/>
    public void ReadSamples(int series, SampleBuffer samples) => querier.ReadSamples(querier.Index.SlotOf(At(series)), samples);

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
