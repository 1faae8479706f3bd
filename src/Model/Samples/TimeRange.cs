namespace Narthex.Model;

/// <summary>A span of time, both ends included, in milliseconds since the Unix epoch.</summary>
/// <param name="MinMs">The first instant.</param>
/// <param name="MaxMs">The last instant.</param>
public readonly record struct TimeRange(long MinMs, long MaxMs)
{
    /// <summary>All of time.</summary>
    public static TimeRange All => new(long.MinValue, long.MaxValue);

    /// <summary>Whether the two share an instant.</summary>
    public bool Overlaps(TimeRange other) => MinMs <= other.MaxMs && other.MinMs <= MaxMs;

    /// <summary>Whether the instant lies inside.</summary>
    public bool Contains(long timestampMs) => timestampMs >= MinMs && timestampMs <= MaxMs;
}
