using Narthex.Model;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Whether a metric whose rate is asked for looks like a counter.</summary>
internal static class CounterDoubt
{
    private static ReadOnlySpan<byte> TypeLabel => "__type__"u8;

    /// <summary>What speaks against it; null if nothing does, or if the series has no name to judge by.</summary>
    /// <param name="labels">The series.</param>
    /// <param name="byType">Whether metrics carry their type in a label, which then decides instead of the name.</param>
    public static string? Of(Labels labels, bool byType)
    {
        if (!labels.TryGetValue(LabelNames.MetricNameUtf8, out ReadOnlySpan<byte> name))
        {
            return null;
        }

        if (byType)
        {
            ReadOnlySpan<byte> type = labels.GetValueOrEmpty(TypeLabel);
            return type.SequenceEqual("counter"u8) || type.SequenceEqual("histogram"u8)
                ? null
                : "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got "
                    + GoQuote.Quote(labels["__type__"]) + ": " + GoQuote.Quote(labels.MetricName);
        }

        return name.EndsWith("_total"u8) || name.EndsWith("_sum"u8) || name.EndsWith("_count"u8) || name.EndsWith("_bucket"u8)
            ? null
            : "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + GoQuote.Quote(labels.MetricName);
    }
}
