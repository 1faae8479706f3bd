using System.Text.RegularExpressions;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Differences that are meant, each with its reason. The peer is Prometheus 3.5; this repository follows 3.14.</summary>
internal static partial class KnownDifferences
{
    private const string NanParameter = "since 3.6 a NaN parameter of topk, bottomk and limitk is an error of its own, at any step";
    private const string ParserTexts = "3.14 words errors about durations and numbers differently, counts positions at the end of the query differently, and knows start() and end() as functions";

    // Texts that 3.5 words differently: rewritten before the answers are compared a second time.
    private static readonly (Regex Pattern, string Replacement, string Reason)[] s_texts =
    [
        (BadBucket(), "$1", "3.14 names no metric in notes about le labels, since names are dropped by then"),
        (Monotonicity(), "$1", "3.14 names no metric in notes about monotonicity, and says which buckets it means"),
        (IneffectiveSort(), "", "3.14 warns of sort in range queries"),
        (NanRatio(), "Ratio value is NaN", "another wording"),
        (NanTop(), "Parameter value is NaN", NanParameter),
    ];

    private static readonly HashSet<string> s_parserTexts = new(StringComparer.Ordinal)
    {
        "", "1)", "sum)", "#comment", "0x", "1d1y", "requests_total offset", "requests_total offset x", "requests_total[5m", "requests_total[5m:1m:1m]", "start() + end()",
    };

    /// <summary>Why the answers differ; null if nothing explains it.</summary>
    public static string? Explain(Question question, Answer expected, Answer actual, bool orderMatters)
    {
        string query = question.Query;
        if (Texts(expected, actual, orderMatters) is { } reason)
        {
            return reason;
        }

        if (s_parserTexts.Contains(query.Trim()) && expected.IsError)
        {
            return ParserTexts;
        }

        if (actual.Error.EndsWith("Parameter value is NaN", StringComparison.Ordinal) && !expected.IsError)
        {
            return NanParameter;
        }

        if (actual.Annotations.Contains("mismatched custom buckets were reconciled", StringComparison.Ordinal))
        {
            return "3.14 computes with histograms of different custom buckets, 3.5 refuses to";
        }

        if (actual.Error.Contains("multiple matches for labels", StringComparison.Ordinal) && Comparison().IsMatch(query))
        {
            return "3.14 looks for double matches before a comparison filters them, 3.5 afterwards";
        }

        if (query.StartsWith("count_values", StringComparison.Ordinal) && query.Contains("native_custom", StringComparison.Ordinal))
        {
            return "3.14 adds histograms up with compensation, which shows in the last digit of a label";
        }

        if (query.Contains("delta(((native_seconds offset 4m) * -1.5)", StringComparison.Ordinal))
        {
            return "since 3.6 a negative factor makes a gauge of a native histogram";
        }

        const string Conflict = "found duplicate series for the match group";
        if (expected.Error.Contains(Conflict, StringComparison.Ordinal) && actual.Error.Contains(Conflict, StringComparison.Ordinal))
        {
            return "which of several conflicts is met first depends on the order of computed series, which is that of a hash table upstream";
        }

        if (ComputedTop().IsMatch(query) && !expected.IsError && !actual.IsError && expected.Annotations == actual.Annotations)
        {
            return "among equals, topk and bottomk go by the order of series, which for computed ones is that of a hash table upstream";
        }

        if (!expected.IsError && !actual.IsError && Values(query) is { } values)
        {
            return values;
        }

        if (RateOfNative().IsMatch(query))
        {
            return "since 3.6 rate and increase of native histograms extrapolate to zero at most, as those of floats always did";
        }

        if (query.StartsWith("sort_by_label", StringComparison.Ordinal) && actual.SameSeries(expected))
        {
            return "upstream has no order between a label that is missing and one that is there";
        }

        return null;
    }

    private static string? Values(string query) => query switch
    {
        _ when query.StartsWith("histogram_fraction(", StringComparison.Ordinal) && query.Contains("latency_seconds", StringComparison.Ordinal) =>
            "3.14 sorts classic buckets before it takes a fraction, 3.5 has NaN unless they happen to be sorted",
        _ when query.StartsWith("mad_over_time(hard", StringComparison.Ordinal) => "3.14 has NaN as the deviation of a window with NaN",
        _ when query is "ln(hard)" or "ln(steady)" or "log10(hard)" or "log10(steady)" => "the logarithm of a denormal number is wrong in the peer, whose assembly takes it for a normal one",
        _ when query.StartsWith("avg_over_time(native_gauge", StringComparison.Ordinal) || query.StartsWith("sum_over_time(native_gauge[", StringComparison.Ordinal) || query.StartsWith("delta(native_custom", StringComparison.Ordinal) =>
            "3.5 moves counts between the buckets of a sum of histograms with gaps: its buckets do not add up to its count",
        _ when query.StartsWith("topk by (job) (1, (temperature) + NaN)", StringComparison.Ordinal) || query.StartsWith("(topk by (job) (1, (temperature) + NaN)", StringComparison.Ordinal) =>
            "3.14 keeps the first of several NaN, 3.5 the last",
        _ when query.StartsWith("topk(1, label_replace(native_seconds", StringComparison.Ordinal) => "the order of series after a set operation is that of a hash table upstream, and decides among equals",
        _ => null,
    };

    private static string? Texts(Answer expected, Answer actual, bool orderMatters)
    {
        Answer left = expected.WithTexts(SortDuplicates);
        Answer right = actual.WithTexts(SortDuplicates);
        if (Answer.Difference(left, right, orderMatters) is null)
        {
            return "3.14 names the two series of a conflict in their order";
        }

        var reasons = new List<string>();
        foreach ((Regex pattern, string replacement, string reason) in s_texts)
        {
            bool any = false;
            string Rewrite(string text)
            {
                string rewritten = pattern.Replace(text, replacement);
                any |= rewritten != text;
                return rewritten;
            }

            left = left.WithTexts(Rewrite);
            right = right.WithTexts(Rewrite);
            if (any)
            {
                reasons.Add(reason);
            }
        }

        return reasons.Count > 0 && Answer.Difference(left, right, orderMatters) is null ? string.Join("; ", reasons) : null;
    }

    private static string SortDuplicates(string text)
    {
        Match match = Duplicates().Match(text);
        if (!match.Success)
        {
            return text;
        }

        string[] pair = [match.Groups[1].Value, match.Groups[2].Value];
        Array.Sort(pair, StringComparer.Ordinal);
        return text[..match.Index] + $"[{pair[0]}, {pair[1]}];many" + text[(match.Index + match.Length)..];
    }

    [GeneratedRegex("(bucket label \"le\" is missing or has a malformed value of \"[^\"]*\") for metric name \"[^\"]*\"")]
    private static partial Regex BadBucket();

    [GeneratedRegex(@"(needed to be fixed for monotonicity \(see [^)]*\)).*")]
    private static partial Regex Monotonicity();

    [GeneratedRegex("""^warnings: PromQL warning: sort is ineffective.*""")]
    private static partial Regex IneffectiveSort();

    [GeneratedRegex("Ratio value NaN is NaN")]
    private static partial Regex NanRatio();

    [GeneratedRegex("Scalar value NaN overflows int64")]
    private static partial Regex NanTop();

    [GeneratedRegex("""\[(\{.*\}), (\{.*\})\];many""")]
    private static partial Regex Duplicates();

    [GeneratedRegex(@"(topk|bottomk)( by \([a-z]+\)| without \([a-z]+\))? \((2, many - 110|1, \(\(gaps\) atan2|3, minute\()")]
    private static partial Regex ComputedTop();

    [GeneratedRegex("==|!=|<|>")]
    private static partial Regex Comparison();

    [GeneratedRegex("""(rate|increase)\(.*native""")]
    private static partial Regex RateOfNative();
}
