namespace Narthex.Model;

/// <summary>An example of what stands behind a sample, usually a trace.</summary>
/// <param name="Labels">Its own labels, such as <c>trace_id</c>.</param>
/// <param name="Value">The observed value.</param>
/// <param name="TimestampMs">When it was observed, in milliseconds since the Unix epoch.</param>
public readonly record struct Exemplar(Labels Labels, double Value, long TimestampMs);
