using System.Buffers;
using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Something that answers queries: the head, a block, a database, a remote store, or several merged.</summary>
public interface IQueryableStorage
{
    /// <summary>Opens a view of the samples of <paramref name="range"/>, as they are committed now.</summary>
    IQuerier OpenQuerier(TimeRange range);
}

/// <summary>An immutable view of one range of time.</summary>
/// <remarks>
/// Commits after the opening are not seen, commits before it whole. Safe for concurrent readers. What it hands out
/// stays valid until it is disposed, and not longer. Writers never wait for it.
/// </remarks>
public interface IQuerier : IDisposable
{
    /// <summary>The series that match all <paramref name="matchers"/> and may have samples in the range.</summary>
    /// <param name="hints">What the samples are for. An implementation may use them to read less, never to read other things.</param>
    /// <param name="matchers">The conditions; at least one.</param>
    /// <param name="cancellationToken">Ends the selection early.</param>
    ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken);

    /// <summary>The sorted names of all labels on series that match, at most <paramref name="limit"/> (0: all).</summary>
    LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken);

    /// <summary>The sorted values of the label on series that match, at most <paramref name="limit"/> (0: all).</summary>
    LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken);
}

/// <summary>The series that a selection found. Indexes run from 0 to <see cref="Count"/> - 1 in ascending order of the label sets
/// if <see cref="SelectHints.Sorted"/> asked for it, otherwise in an order that stays the same for this selection.</summary>
/// <remarks>Safe for concurrent readers that use buffers of their own. Valid until its querier is disposed.</remarks>
public interface ISeriesSelection : IDisposable
{
    /// <summary>The number of series.</summary>
    int Count { get; }

    /// <summary>What went wrong without stopping the query, such as a remote store that did not answer.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>The label set of a series.</summary>
    Labels GetLabels(int series);

    /// <summary>Some of the labels of a series. Cheaper than <see cref="GetLabels(int)"/> where a storage reads only what is asked for.</summary>
    Labels GetLabels(int series, LabelProjection projection) => projection.Of(GetLabels(series));

    /// <summary>Appends the label set of a series in its encoded form (<see cref="Labels.Encoded"/>), for callers that need no object of their own.</summary>
    void WriteLabels(int series, IBufferWriter<byte> output) => output.Write(GetLabels(series).Encoded);

    /// <summary>Appends some of the labels of a series in their encoded form.</summary>
    void WriteLabels(int series, LabelProjection projection, IBufferWriter<byte> output) => output.Write(GetLabels(series, projection).Encoded);

    /// <summary>Whether a series may have a label with the name. False is certain; true costs the caller a look at each series.</summary>
    bool MayHaveLabel(ReadOnlySpan<byte> name) => true;

    /// <summary>Appends the samples of a series within the querier's range to <paramref name="samples"/>, ascending by time, staleness markers included.</summary>
    void ReadSamples(int series, SampleBuffer samples);

    /// <summary>
    /// Appends what tells the latest sample of a series, within the querier's range, that is not younger than a time: that sample, staleness markers included, and any
    /// number of others before and after it, ascending by time. Cheaper than <see cref="ReadSamples"/> where a storage knows its newest samples.
    /// </summary>
    void ReadLatest(int series, long timestampMs, SampleBuffer samples) => ReadSamples(series, samples);
}

/// <summary>Names or values of labels.</summary>
/// <param name="Values">Sorted by UTF-8 bytes, each once.</param>
/// <param name="Truncated">Whether the limit cut some off.</param>
/// <param name="Warnings">What went wrong without stopping the query.</param>
public sealed record LabelQueryResult(IReadOnlyList<string> Values, bool Truncated, IReadOnlyList<string> Warnings);

/// <summary>What the samples of a selection are for.</summary>
public readonly record struct SelectHints
{
    /// <summary>The times that the expression can look at; within the querier's range.</summary>
    public TimeRange Range { get; init; }

    /// <summary>The query's step in milliseconds, 0 if instant.</summary>
    public long StepMs { get; init; }

    /// <summary>The range of a range selector in milliseconds, otherwise 0.</summary>
    public long RangeMs { get; init; }

    /// <summary>The function or aggregation directly around the selector, empty if none. <c>series</c> asks for label sets only.</summary>
    public string Function { get; init; }

    /// <summary>Whether the series must come in ascending order of their label sets.</summary>
    public bool Sorted { get; init; }

    /// <summary>The most series wanted, 0 for all. A storage may return more.</summary>
    public int Limit { get; init; }

    /// <summary>The caller needs label sets only, no samples.</summary>
    public bool LabelsOnly { get; init; }
}
