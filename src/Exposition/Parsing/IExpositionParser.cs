using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>What an entry of an exposition is.</summary>
public enum EntryKind : byte
{
    /// <summary>There are no more entries.</summary>
    End,

    /// <summary>A sample of a series.</summary>
    Series,

    /// <summary>The type of a metric family.</summary>
    Type,

    /// <summary>The description of a metric family.</summary>
    Help,

    /// <summary>The unit of a metric family.</summary>
    Unit,

    /// <summary>Text without meaning.</summary>
    Comment,
}

/// <summary>A cursor over the body of one scrape. Implemented by ref structs, one for each format.</summary>
/// <remarks>
/// Call <see cref="Next"/> (or <see cref="TryNextKnownSeries"/>) until the end; the other members describe the present entry.
/// Spans point into the body. Nothing is allocated, except for the text of an error.
/// The labels of a series are checked only by <see cref="ParseLabels"/>: who has seen the same identity pass before may skip it.
/// </remarks>
public interface IExpositionParser
{
    /// <summary>Goes to the next entry.</summary>
    /// <exception cref="ExpositionException">The body is malformed; nothing more can be read.</exception>
    EntryKind Next();

    /// <summary>
    /// Goes to the next entry if it is a sample of the series with an identity of this length and hash (see <see cref="SeriesIdentity"/>).
    /// False without moving if it is anything else.
    /// </summary>
    /// <exception cref="ExpositionException">It is that series, but the sample behind it is malformed.</exception>
    bool TryNextKnownSeries(int identityLength, ulong identityHash);

    /// <summary>
    /// Passes over entries that are no samples, if the next bytes have this length and hash: those of entries that were read once
    /// (<see cref="GapSince"/>) have the same meaning again, if they ended with a line. False without moving if they are anything else, or
    /// if they do not begin as such entries nearly always do.
    /// </summary>
    /// <param name="length">The number of bytes.</param>
    /// <param name="hash">Their <see cref="SeriesIdentity.Hash"/>.</param>
    /// <param name="type">The type that the last of them declared; null if none did.</param>
    bool TrySkipKnown(int length, ulong hash, MetricType? type);

    /// <summary>Where the next entry begins, as an offset in the body.</summary>
    int Position { get; }

    /// <summary>What identifies the entries that lie between a former <see cref="Position"/> and the present entry, none of them a sample.</summary>
    ExpositionGap GapSince(int position);

    /// <summary>The length of the bytes that identify the series in the body: its name and its labels as they are written. Never 0.</summary>
    int IdentityLength { get; }

    /// <summary>Their hash, see <see cref="SeriesIdentity"/>.</summary>
    ulong IdentityHash { get; }

    /// <summary>The value of a sample that is no histogram.</summary>
    double Value { get; }

    /// <summary>Whether the sample is a native histogram, to be read with <see cref="ReadHistogram"/>.</summary>
    bool HasHistogram { get; }

    /// <summary>Whether the sample has a timestamp of its own.</summary>
    bool HasTimestamp { get; }

    /// <summary>That timestamp, in milliseconds since the Unix epoch.</summary>
    long TimestampMs { get; }

    /// <summary>When the series began, in milliseconds since the Unix epoch, if the sample says so; 0 if it does not.</summary>
    long StartTimestampMs { get; }

    /// <summary>Whether there is an exemplar of the sample that was not read yet. Only histograms have more than one.</summary>
    bool HasExemplar { get; }

    /// <summary>The name of the family that type, help or unit are about.</summary>
    ReadOnlySpan<byte> FamilyName { get; }

    /// <summary>Help (still escaped), unit or comment.</summary>
    ReadOnlySpan<byte> Text { get; }

    /// <summary>The declared type.</summary>
    MetricType MetricType { get; }

    /// <summary>Checks the labels of the series and adds them, <c>__name__</c> included, to <paramref name="builder"/> (null: checks only).</summary>
    /// <exception cref="ExpositionException">They are malformed.</exception>
    void ParseLabels(LabelsBuilder? builder);

    /// <summary>The histogram of the present sample. A new object, which is the caller's.</summary>
    /// <exception cref="ExpositionException">Its parts contradict each other.</exception>
    FloatHistogram ReadHistogram();

    /// <summary>
    /// The next exemplar of the sample; without a timestamp of its own it has <paramref name="defaultTimestampMs"/>. Those of native histograms
    /// always have their own: others are passed over.
    /// </summary>
    Exemplar ReadExemplar(LabelsBuilder scratch, long defaultTimestampMs);

    /// <summary>Help with its escapes resolved.</summary>
    string ReadHelp();
}

/// <summary>Entries between two samples, told apart from others by length and hash.</summary>
/// <param name="Length">The number of their bytes; 0 if there are none.</param>
/// <param name="Hash">Their <see cref="SeriesIdentity.Hash"/>.</param>
/// <param name="IsWhole">Whether the same bytes mean the same again: not if the body cut them off.</param>
public readonly record struct ExpositionGap(int Length, ulong Hash, bool IsWhole);

/// <summary>Tells series identities apart by length and hash.</summary>
public static class SeriesIdentity
{
    /// <summary>The hash that <see cref="IExpositionParser.TryNextKnownSeries"/> compares. Valid within this process: nobody can prepare two series that are taken for one.</summary>
    public static ulong Hash(ReadOnlySpan<byte> identity) => KeyedHash.Hash64(identity);
}

/// <summary>An exposition is malformed. The message says what was expected and what was found, as upstream words it.</summary>
public sealed class ExpositionException(string message) : Exception(message);
