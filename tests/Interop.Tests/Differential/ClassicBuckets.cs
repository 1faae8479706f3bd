using System.Globalization;
using System.Text.Json;

namespace Narthex.Interop.Tests.Differential;

/// <summary>What 3.14 makes of the buckets of classic histograms, computed slowly from the buckets as the API shows them.</summary>
internal static class ClassicBuckets
{
    // Differences that only rounding makes are passed over.
    private const double Tolerance = 1e-12;

    /// <summary>The end of the note about buckets that were made monotonic: which, by how much, how often and when.</summary>
    public static string DescribeMonotonicity(Answer quantiles, Answer buckets, bool isRange)
    {
        var fixes = new List<(double Bound, double Difference)>();
        var times = new List<double>();
        int count = 0;
        foreach (((_, string time), (double Bound, double Count)[] sorted) in Histograms(buckets))
        {
            double quantile = double.Parse(quantiles.Series[0].Points.First(point => !isRange || point.Time == time).Value, CultureInfo.InvariantCulture);
            if (!(quantile >= 0 && quantile <= 1) || sorted.Length < 2 || !double.IsPositiveInfinity(sorted[^1].Bound))
            {
                continue;
            }

            var here = new List<(double Bound, double Difference)>();
            double highest = sorted[0].Count;
            foreach ((double bound, double value) in sorted.Skip(1))
            {
                if (value < highest && !AreClose(value, highest))
                {
                    here.Add((bound, highest - value));
                }
                else if (!AreClose(value, highest))
                {
                    highest = value;
                }
            }

            if (here.Count > 0)
            {
                fixes.AddRange(here);
                times.Add(double.Parse(time, CultureInfo.InvariantCulture));
                count++;
            }
        }

        return count == 0
            ? " (none)"
            : $", from buckets {General(fixes.Min(fix => fix.Bound))} to {General(fixes.Max(fix => fix.Bound))}, with a max diff of {TwoDigits(fixes.Max(fix => fix.Difference))}, over {count} samples from {Second(times.Min())} to {Second(times.Max())}";
    }

    /// <summary>How much of each histogram lies between two values, by its key and time.</summary>
    public static Dictionary<(string Key, string Time), double> Fractions(double lower, double upper, Answer buckets) =>
        Histograms(buckets).ToDictionary(histogram => histogram.Key, histogram => Fraction(lower, upper, histogram.Value));

    /// <summary>Labels without the name and the bound, as text.</summary>
    public static string Key(string json)
    {
        var labels = new SortedDictionary<string, string>(JsonSerializer.Deserialize<Dictionary<string, string>>(json)!, StringComparer.Ordinal);
        labels.Remove("le");
        labels.Remove("__name__");
        return string.Join(',', labels);
    }

    private static double Fraction(double lower, double upper, (double Bound, double Count)[] sorted)
    {
        double total = sorted[^1].Count;
        return !double.IsPositiveInfinity(sorted[^1].Bound) || total == 0 || double.IsNaN(lower) || double.IsNaN(upper) ? double.NaN
            : lower >= upper ? 0
            : (Below(upper, sorted) - Below(lower, sorted)) / total;
    }

    // Observations are spread evenly over a bucket of finite width; of the highest one all are thought to lie at infinity.
    private static double Below(double value, (double Bound, double Count)[] sorted)
    {
        double start = 0;
        double before = 0;
        foreach ((double bound, double count) in sorted)
        {
            if (value <= start)
            {
                return before;
            }

            if (value < bound)
            {
                return before + ((count - before) * (double.IsPositiveInfinity(bound) ? 0 : (value - start) / (bound - start)));
            }

            (start, before) = (bound, count);
        }

        return before;
    }

    // Buckets of one bound are one.
    private static Dictionary<(string Key, string Time), (double Bound, double Count)[]> Histograms(Answer buckets) =>
        buckets.Series.SelectMany(Samples).GroupBy(sample => (sample.Key, sample.Time)).ToDictionary(
            histogram => histogram.Key,
            histogram => histogram.GroupBy(sample => sample.Bound).Select(same => (Bound: same.Key, Count: same.Sum(sample => sample.Count))).OrderBy(bucket => bucket.Bound).ToArray());

    private static IEnumerable<(string Key, string Time, double Bound, double Count)> Samples((string Labels, List<(string Time, string Value)> Points) series)
    {
        using JsonDocument labels = JsonDocument.Parse(series.Labels);
        string key = Key(series.Labels);
        return labels.RootElement.TryGetProperty("le", out JsonElement le) && TryParseBound(le.GetString()!, out double bound)
            ? series.Points.Where(point => !point.Value.Contains(' ', StringComparison.Ordinal)).Select(point => (key, point.Time, bound, double.Parse(point.Value, CultureInfo.InvariantCulture)))
            : [];
    }

    private static bool TryParseBound(string text, out double bound)
    {
        bound = double.PositiveInfinity;
        return text == "+Inf" || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound);
    }

    private static bool AreClose(double one, double other) => one == other || Math.Abs(one - other) / (Math.Abs(one) + Math.Abs(other)) < Tolerance;

    private static string General(double bound) => double.IsPositiveInfinity(bound) ? "+Inf" : bound.ToString("R", CultureInfo.InvariantCulture);

    // C's %.2g.
    private static string TwoDigits(double value)
    {
        string[] parts = value.ToString("E1", CultureInfo.InvariantCulture).Split('E');
        string digits = parts[0].EndsWith(".0", StringComparison.Ordinal) ? parts[0][..^2] : parts[0];
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return exponent is < -4 or >= 2
            ? $"{digits}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}"
            : (double.Parse(parts[0], CultureInfo.InvariantCulture) * Math.Pow(10, exponent)).ToString("0.######", CultureInfo.InvariantCulture);
    }

    private static string Second(double time) =>
        DateTimeOffset.FromUnixTimeSeconds((long)Math.Floor(time)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
