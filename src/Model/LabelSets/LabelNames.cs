namespace Narthex.Model;

/// <summary>The label names with a meaning of their own, and what a name may look like.</summary>
public static class LabelNames
{
    /// <summary>Holds the metric name.</summary>
    public const string MetricName = "__name__";

    /// <summary>Upper bound of a classic histogram's bucket.</summary>
    public const string Bucket = "le";

    /// <summary>Quantile of a summary.</summary>
    public const string Quantile = "quantile";

    /// <summary>The job that a target belongs to.</summary>
    public const string Job = "job";

    /// <summary>The target's host and port.</summary>
    public const string Instance = "instance";

    /// <summary><see cref="MetricName"/> in UTF-8.</summary>
    public static ReadOnlySpan<byte> MetricNameUtf8 => "__name__"u8;

    /// <summary>Whether the label name matches <c>[a-zA-Z_][a-zA-Z0-9_]*</c>: it needs no quotes in PromQL.</summary>
    public static bool IsValidLegacy(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || char.IsAsciiDigit(name[0]))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the metric name matches <c>[a-zA-Z_:][a-zA-Z0-9_:]*</c>: it needs no quotes in PromQL.</summary>
    public static bool IsValidLegacyMetricName(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || char.IsAsciiDigit(name[0]))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_' && c != ':')
            {
                return false;
            }
        }

        return true;
    }
}
