namespace Narthex.Model;

/// <summary>The kind of a metric family, as exposition formats declare it.</summary>
public enum MetricType : byte
{
    /// <summary>Not declared, or declared as untyped.</summary>
    Unknown,

    /// <summary>Only goes up, or restarts from zero.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Buckets, sum and count.</summary>
    Histogram,

    /// <summary>A histogram whose buckets go up and down.</summary>
    GaugeHistogram,

    /// <summary>Quantiles, sum and count.</summary>
    Summary,

    /// <summary>Constant 1 with information in labels.</summary>
    Info,

    /// <summary>One of several states is 1.</summary>
    StateSet,
}

/// <summary>What an exposition says about a metric family.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Unit">Its unit, empty if none was declared.</param>
/// <param name="Help">Its description, empty if none was given.</param>
public readonly record struct MetricMetadata(MetricType Type, string Unit, string Help);
