using System.Collections;
using Narthex.Model;

namespace Narthex.PromQL;

/// <summary>
/// The samples of an instant vector as a query has them: labels and values are not the garbage collector's, and valid until the <see cref="QueryResult"/> is disposed.
/// A sample that is asked for has labels of its own, which stay valid.
/// </summary>
public sealed class ResultVector : IReadOnlyList<VectorSample>
{
    private readonly Execution.ResultColumns _columns;
    private readonly Memory<Entry> _entries;
    private readonly List<FloatHistogram> _histograms = [];
    private readonly long _timestampMs;

    internal ResultVector(Execution.ResultColumns columns, int capacity, long timestampMs)
    {
        _columns = columns;
        _entries = columns.Take<Entry>(capacity);
        _timestampMs = timestampMs;
    }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public VectorSample this[int index]
    {
        get
        {
            Entry entry = At(index);
            return new VectorSample(Labels.FromEncoded(_columns.Labels.Get(entry.Labels).Span), _timestampMs, entry.Value, HistogramOf(entry));
        }
    }

    /// <summary>A sample without an object for its labels.</summary>
    /// <param name="index">Which.</param>
    /// <param name="encodedLabels">Its labels, as <see cref="Labels.Encoded"/> has them.</param>
    public VectorSample Get(int index, out ReadOnlySpan<byte> encodedLabels)
    {
        Entry entry = At(index);
        encodedLabels = _columns.Labels.Get(entry.Labels).Span;
        return new VectorSample(Labels.Empty, _timestampMs, entry.Value, HistogramOf(entry));
    }

    /// <inheritdoc/>
    public IEnumerator<VectorSample> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(Execution.LabelRef labels, double value, FloatHistogram? histogram)
    {
        int place = -1;
        if (histogram is not null)
        {
            place = _histograms.Count;
            _histograms.Add(histogram);
        }

        _entries.Span[Count++] = new Entry(labels, place, value);
    }

    private Entry At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _entries.Span[index];
    }

    private FloatHistogram? HistogramOf(Entry entry) => entry.Histogram < 0 ? null : _histograms[entry.Histogram];

    private readonly record struct Entry(Execution.LabelRef Labels, int Histogram, double Value);
}
