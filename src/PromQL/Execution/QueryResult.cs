using Narthex.Model;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL;

/// <summary>Why a query failed. The API turns the kind into its error type and status code.</summary>
public enum QueryErrorKind
{
    /// <summary>The query is not valid: <c>bad_data</c>.</summary>
    BadData,

    /// <summary>It failed while it ran: <c>execution</c>.</summary>
    Execution,

    /// <summary>It took too long, or waited too long for its turn: <c>timeout</c>.</summary>
    Timeout,

    /// <summary>The caller gave up: <c>canceled</c>.</summary>
    Canceled,

    /// <summary>A fault of the server: <c>internal</c>.</summary>
    Internal,
}

/// <summary>A query could not be answered. The message is fit for users and equals upstream's where it can.</summary>
public sealed class QueryException(QueryErrorKind kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Why.</summary>
    public QueryErrorKind Kind { get; } = kind;
}

/// <summary>One sample of an instant vector.</summary>
/// <param name="Labels">The series' labels.</param>
/// <param name="TimestampMs">The evaluation time.</param>
/// <param name="Value">The value, unless it is a histogram.</param>
/// <param name="Histogram">The histogram, otherwise null.</param>
public readonly record struct VectorSample(Labels Labels, long TimestampMs, double Value, FloatHistogram? Histogram = null);

/// <summary>One series of a matrix. Floats and histograms are apart, each ascending by time. What it holds is valid until its <see cref="QueryResult"/> is disposed.</summary>
public sealed class MatrixSeries
{
    private readonly ReadOnlyMemory<byte> _encodedLabels;
    private readonly Labels _labels;

    /// <summary>The series' labels. What is asked for stays valid; each time it may be another object.</summary>
    public Labels Labels
    {
        get => _encodedLabels.IsEmpty ? _labels : Labels.FromEncoded(_encodedLabels.Span);
        init => _labels = value;
    }

    /// <summary>The labels in the form of <see cref="Labels.Encoded"/>, without an object for them.</summary>
    public ReadOnlySpan<byte> EncodedLabels => _encodedLabels.IsEmpty ? _labels.Encoded : _encodedLabels.Span;

    internal ReadOnlyMemory<byte> OwnLabels
    {
        init => _encodedLabels = value;
    }

    /// <summary>Times of the floats.</summary>
    public ReadOnlyMemory<long> Timestamps { get; init; }

    /// <summary>The floats, parallel to <see cref="Timestamps"/>.</summary>
    public ReadOnlyMemory<double> Values { get; init; }

    /// <summary>Times of the histograms.</summary>
    public ReadOnlyMemory<long> HistogramTimestamps { get; init; }

    /// <summary>The histograms, parallel to <see cref="HistogramTimestamps"/>.</summary>
    public ReadOnlyMemory<FloatHistogram> Histograms { get; init; }
}

/// <summary>What a query yields. Dispose it when it has been written: the columns of its series are not the garbage collector's.</summary>
public sealed class QueryResult : IDisposable
{
    private readonly IDisposable? _resources;

    /// <summary>Makes a result that releases <paramref name="resources"/> when disposed.</summary>
    public QueryResult(IDisposable? resources = null) => _resources = resources;

    /// <summary>Which of the following holds the value.</summary>
    public required Syntax.ValueType Type { get; init; }

    /// <summary>The evaluation time of a scalar or string.</summary>
    public long TimestampMs { get; init; }

    /// <summary>The value of a scalar.</summary>
    public double Scalar { get; init; }

    /// <summary>The value of a string.</summary>
    public string Text { get; init; } = "";

    /// <summary>The samples of a vector: a <see cref="ResultVector"/> if it comes from the engine.</summary>
    public IReadOnlyList<VectorSample> Vector { get; init; } = [];

    /// <summary>The series of a matrix, ascending by their label sets.</summary>
    public IReadOnlyList<MatrixSeries> Matrix { get; init; } = [];

    /// <summary>Warnings, each with the position it is about.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Notes of less weight than warnings.</summary>
    public IReadOnlyList<string> Infos { get; init; } = [];

    /// <summary>What the query cost.</summary>
    public QueryStatistics Statistics { get; set; } = new();

    /// <inheritdoc/>
    public void Dispose() => _resources?.Dispose();
}

/// <summary>What a query cost.</summary>
public sealed record QueryStatistics
{
    /// <summary>Samples looked at, each range selector counting its window at each step, as upstream counts.</summary>
    public long TotalQueryableSamples { get; init; }

    /// <summary>The same for each step, if it was asked for; otherwise null.</summary>
    public IReadOnlyList<KeyValuePair<long, long>>? TotalQueryableSamplesPerStep { get; init; }

    /// <summary>Samples read: like the above, but windows that overlap count what they share once.</summary>
    public long SamplesRead { get; init; }

    /// <summary>The same for each step, if it was asked for; otherwise null.</summary>
    public IReadOnlyList<KeyValuePair<long, long>>? SamplesReadPerStep { get; init; }

    /// <summary>The most samples held at one time.</summary>
    public long PeakSamples { get; init; }

    /// <summary>Evaluation as a whole.</summary>
    public TimeSpan EvalTotalTime { get; init; }

    /// <summary>Selecting series and planning.</summary>
    public TimeSpan QueryPreparationTime { get; init; }

    /// <summary>Sorting the result.</summary>
    public TimeSpan ResultSortTime { get; init; }

    /// <summary>Evaluation proper.</summary>
    public TimeSpan InnerEvalTime { get; init; }

    /// <summary>Waiting for a free place.</summary>
    public TimeSpan ExecQueueTime { get; init; }

    /// <summary>Queueing and evaluation together.</summary>
    public TimeSpan ExecTotalTime { get; init; }
}
