using System.Text;
using Narthex.Model;

namespace Narthex.Promtool.Testing;

/// <summary>Prints native histograms in the notation that tests are written in: <c>{{schema:1 count:4 sum:5 counter_reset_hint:not_reset buckets:[1 2 1]}}</c>.</summary>
/// <remarks>Histograms of a test are equal if this text of theirs is: the hint counts, as it does for upstream.</remarks>
internal static class HistogramText
{
    public static string Print(FloatHistogram histogram)
    {
        FloatHistogram compact = histogram.Compacted();
        var parts = new List<string>();
        if (compact.Schema != 0)
        {
            parts.Add($"schema:{compact.Schema}");
        }

        AddNumber("count", compact.Count);
        AddNumber("sum", compact.Sum);
        AddNumber("z_bucket", compact.ZeroCount);
        AddNumber("z_bucket_w", compact.ZeroThreshold);
        if (compact.UsesCustomBuckets)
        {
            parts.Add($"custom_values:{ListOf(compact.CustomValues)}");
        }

        if (HintOf(histogram.CounterResetHint) is { } hint)
        {
            parts.Add("counter_reset_hint:" + hint);
        }

        AddBuckets("", compact.PositiveSpans, compact.PositiveBuckets);
        AddBuckets("n_", compact.NegativeSpans, compact.NegativeBuckets);
        return "{{" + string.Join(' ', parts) + "}}";

        void AddNumber(string name, double value)
        {
            if (value != 0)
            {
                parts.Add($"{name}:{FloatFormat.FormatGeneral(value)}");
            }
        }

        void AddBuckets(string prefix, HistogramSpan[] spans, double[] buckets)
        {
            if (spans.Length == 0)
            {
                return;
            }

            if (spans[0].Offset != 0)
            {
                parts.Add($"{prefix}offset:{spans[0].Offset}");
            }

            parts.Add($"{prefix}buckets:{ListOf(Dense(spans, buckets))}");
        }
    }

    private static string? HintOf(CounterResetHint hint) => hint switch
    {
        CounterResetHint.CounterReset => "reset",
        CounterResetHint.NotCounterReset => "not_reset",
        CounterResetHint.Gauge => "gauge",
        _ => null,
    };

    // The notation has no gaps: they are empty buckets.
    private static IEnumerable<double> Dense(HistogramSpan[] spans, double[] buckets)
    {
        int next = 0;
        for (int i = 0; i < spans.Length; i++)
        {
            for (int gap = 0; i > 0 && gap < spans[i].Offset; gap++)
            {
                yield return 0;
            }

            for (int j = 0; j < spans[i].Length; j++)
            {
                yield return buckets[next++];
            }
        }
    }

    private static string ListOf(IEnumerable<double> values)
    {
        var text = new StringBuilder("[");
        return text.AppendJoin(' ', values.Select(FloatFormat.FormatGeneral)).Append(']').ToString();
    }
}
