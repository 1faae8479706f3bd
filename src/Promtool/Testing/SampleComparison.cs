using System.Globalization;
using Narthex.Configuration.RuleTests;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Rules;

namespace Narthex.Promtool.Testing;

/// <summary>Compares what an expression yields with what is expected.</summary>
internal static class SampleComparison
{
    /// <summary>What is wrong; null if nothing is.</summary>
    public static async Task<string?> CompareAsync(QueryExpectation expectation, long startMs, bool isFuzzy, RuleQuery query, CancellationToken cancellationToken)
    {
        string time = PrometheusDuration.Format(expectation.EvaluationTime);
        string head = $"    expr: {GoQuote.Quote(expectation.Expression)}, time: {time},";
        Entry[] got;
        try
        {
            long atMs = startMs + (long)expectation.EvaluationTime.TotalMilliseconds;
            IReadOnlyList<VectorSample> samples = await query(expectation.Expression, atMs, QueryOrigin.Unknown, cancellationToken).ConfigureAwait(false);
            got = [.. samples.Select(sample => new Entry(sample.Labels, sample.Value, sample.Histogram is { } histogram ? HistogramText.Print(histogram) : "")).Order()];
        }
        catch (QueryException error)
        {
            return $"{head} err: {error.Message}";
        }

        Entry[] expected;
        try
        {
            // Of samples with the same labels, upstream's order puts the last one first.
            expected = [.. expectation.Samples.Select(Parse).Reverse().Order()];
        }
        catch (ToolException error)
        {
            return $"{head} err: {error.Message}";
        }

        return expected.Length == got.Length && expected.Zip(got).All(pair => AreEqual(pair.First, pair.Second, isFuzzy))
            ? null
            : $"{head}\n        exp: {Print(expected)}\n        got: {Print(got)}";
    }

    private static Entry Parse(ExpectedSample sample)
    {
        Labels labels;
        try
        {
            labels = sample.Labels.Trim().Length == 0 ? default : SeriesNotation.ParseMetric(sample.Labels);
        }
        catch (PromQLParseException error)
        {
            throw new ToolException($"labels {GoQuote.Quote(sample.Labels)}: {error.Message}", error);
        }

        if (sample.Histogram.Length == 0)
        {
            return new Entry(labels, sample.Value, "");
        }

        try
        {
            SeriesDescription series = SeriesNotation.Parse("{} " + sample.Histogram);
            return series.Values is [{ Histogram: { } histogram }]
                ? new Entry(labels, 0, HistogramText.Print(histogram))
                : throw new ToolException(series.Values.Count != 1 ? "expecting only one histogram" : "expected histogram but got none");
        }
        catch (PromQLParseException error)
        {
            throw new ToolException($"labels {GoQuote.Quote(sample.Labels)}: {error.Message}", error);
        }
    }

    private static bool AreEqual(in Entry left, in Entry right, bool isFuzzy)
    {
        if (left.Labels != right.Labels || left.Histogram != right.Histogram)
        {
            return false;
        }

        return isFuzzy ? AreNear(left.Value, right.Value)
            : left.Value == right.Value || (double.IsNaN(left.Value) && double.IsNaN(right.Value));
    }

    // The last bit of the mantissa depends on the order of additions.
    private static bool AreNear(double left, double right) =>
        left == right || (double.IsNaN(left) && double.IsNaN(right)) || Math.BitIncrement(left) == right || Math.BitDecrement(left) == right;

    private static string Print(Entry[] entries) => entries.Length == 0 ? "nil" : string.Join(", ", entries.Select(entry => entry.Print()));

    private readonly record struct Entry(Labels Labels, double Value, string Histogram) : IComparable<Entry>
    {
        public int CompareTo(Entry other) => Labels.CompareTo(other.Labels);

        public string Print() => Labels + " " + (Histogram.Length > 0 ? Histogram : Exponent(Value));

        // The shortest digits with an exponent of at least two: 1E+00, 1.5E-07.
        private static string Exponent(double value)
        {
            if (!double.IsFinite(value))
            {
                return FloatFormat.FormatPlain(value);
            }

            string text = value.ToString("E16", CultureInfo.InvariantCulture);
            string shortest = value.ToString("R", CultureInfo.InvariantCulture);
            string digits = new([.. shortest.Split('E')[0].Where(char.IsAsciiDigit)]);
            digits = digits.Trim('0');
            int exponent = int.Parse(text[(text.IndexOf('E', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            string mantissa = digits.Length == 0 ? "0" : digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
            string sign = double.IsNegative(value) ? "-" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}E{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }
    }
}
