using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Something that takes samples.</summary>
public interface IAppendable
{
    /// <summary>Opens an appender. Scrape loops keep one for their life; it is reusable after each commit.</summary>
    IAppender OpenAppender();
}

/// <summary>Collects the samples of one unit of work (a scrape, a remote write request, a rule group) and commits them together.</summary>
/// <remarks>
/// Not thread-safe: one writer at a time. Samples are only buffered, in columns, until <see cref="Commit"/>: then they are
/// checked, logged as one record group, and become visible to queries together. After <see cref="Commit"/> and
/// <see cref="Rollback"/> the appender is empty and can be filled again. Disposing rolls back.
/// </remarks>
public interface IAppender : IDisposable
{
    /// <summary>The reference of the series with these labels, which is created if it is not there.</summary>
    /// <remarks>References stay valid while the series gets samples; a commit reports the rows whose series has been collected since.</remarks>
    /// <exception cref="StorageException">The series cannot be created, for instance by a limit.</exception>
    SeriesRef GetOrAddSeries(Labels labels);

    /// <summary>Buffers a float sample.</summary>
    void Append(SeriesRef series, long timestampMs, double value);

    /// <summary>Buffers a native histogram with float counts; the appender owns it from here on.</summary>
    void Append(SeriesRef series, long timestampMs, FloatHistogram histogram);

    /// <summary>Whether exemplars are kept: if not, there is no need to read them.</summary>
    bool WantsExemplars => true;

    /// <summary>Whether metadata is kept: if not, there is no need to find out which.</summary>
    bool WantsMetadata => false;

    /// <summary>Whether start timestamps are of use: if not, there is no need to find them.</summary>
    bool WantsStartTimestamps => false;

    /// <summary>Notes since when the value of the sample buffered last has been counting, float or histogram; 0: unknown.</summary>
    /// <remarks>
    /// For samples without one nothing need be called. What becomes of it is the storage's choice: it is kept beside the sample, or made a zero sample of its own
    /// at that time, or dropped.
    /// </remarks>
    void SetStartTimestamp(long startTimestampMs)
    {
    }

    /// <summary>Buffers an exemplar of a series.</summary>
    void AppendExemplar(SeriesRef series, in Exemplar exemplar);

    /// <summary>Buffers the metadata of a series' metric family.</summary>
    void UpdateMetadata(SeriesRef series, in MetricMetadata metadata);

    /// <summary>Commits what is buffered. Returns when it is in the log and visible.</summary>
    /// <param name="rejected">Receives the rows that were refused, in order; everything else is stored. May be null.</param>
    /// <exception cref="StorageException">Nothing was committed, for instance because the disk is full.</exception>
    CommitResult Commit(ICollection<RejectedSample>? rejected = null);

    /// <summary>Forgets what is buffered.</summary>
    void Rollback();
}

/// <summary>Names a series inside one storage. Opaque; the default value names none.</summary>
/// <param name="Value">The storage's own number.</param>
public readonly record struct SeriesRef(ulong Value)
{
    /// <summary>Whether it names no series.</summary>
    public bool IsNone => Value == 0;
}

/// <summary>Why a sample was not stored.</summary>
public enum AppendError : byte
{
    /// <summary>It was stored.</summary>
    None,

    /// <summary>The series behind the reference has been collected: look it up again.</summary>
    UnknownSeries,

    /// <summary>Older than the newest sample of its series, and no out-of-order window is set.</summary>
    OutOfOrder,

    /// <summary>Same time as the newest sample of its series, and another value.</summary>
    DuplicateTimestamp,

    /// <summary>Older than what the storage still takes.</summary>
    OutOfBounds,

    /// <summary>Out of order and older than the out-of-order window.</summary>
    TooOld,

    /// <summary>A histogram whose parts contradict each other.</summary>
    InvalidHistogram,
}

/// <summary>A sample that a commit refused.</summary>
/// <param name="Row">Its number among the appended samples of this commit, floats and histograms counted together, from 0.</param>
/// <param name="Series">The series it was meant for.</param>
/// <param name="TimestampMs">Its time.</param>
/// <param name="Error">Why.</param>
public readonly record struct RejectedSample(int Row, SeriesRef Series, long TimestampMs, AppendError Error)
{
    /// <summary>Its value; null if it is a histogram, or the storage does not tell.</summary>
    public double? Value { get; init; }

    /// <summary>Of <see cref="AppendError.DuplicateTimestamp"/>: the value that is stored; null if that is a histogram, or the storage does not tell.</summary>
    public double? Existing { get; init; }
}

/// <summary>What a commit did.</summary>
/// <param name="Appended">Samples stored.</param>
/// <param name="Rejected">Samples refused.</param>
/// <param name="ExemplarsRejected">Exemplars refused, those out of order included. One that is there already is not refused.</param>
public readonly record struct CommitResult(int Appended, int Rejected, int ExemplarsRejected)
{
    /// <summary>Exemplars refused because their series has newer ones.</summary>
    public int ExemplarsOutOfOrder { get; init; }
}

/// <summary>The storage cannot do what it was asked to. The message is fit for users.</summary>
public class StorageException : Exception
{
    /// <summary>Makes one.</summary>
    public StorageException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
