namespace Narthex.Model;

/// <summary>An example of what stands behind a sample, usually a trace.</summary>
/// <param name="Labels">Its own labels, such as <c>trace_id</c>.</param>
/// <param name="Value">The observed value.</param>
/// <param name="TimestampMs">When it was observed, in milliseconds since the Unix epoch.</param>
public readonly record struct Exemplar(Labels Labels, double Value, long TimestampMs)
{
    /// <summary>The most characters that the names and values of an exemplar's labels may have together.</summary>
    public const int LabelCharactersMax = 128;

    /// <summary>Whether the source gave no time, so that it is that of the sample. Such an exemplar is the same one however often it is scraped.</summary>
    public bool IsTimeAssumed { get; init; }

    /// <summary>Whether both are one exemplar: its time counts if one of them has a time of its own.</summary>
    public bool IsSameAs(in Exemplar other) =>
        ((IsTimeAssumed && other.IsTimeAssumed) || TimestampMs == other.TimestampMs) && Value.Equals(other.Value) && Labels == other.Labels;
}
