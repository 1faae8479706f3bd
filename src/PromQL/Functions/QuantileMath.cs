using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions;

/// <summary>Quantiles of plain values, as aggregation and quantile_over_time need them.</summary>
internal static class QuantileMath
{
    /// <summary>The quantile of values in ascending order, NaN first; interpolated between the two values around it.</summary>
    public static double OfSorted(double quantile, ReadOnlySpan<double> sorted)
    {
        if (sorted.IsEmpty)
        {
            return double.NaN;
        }

        if (!TryRank(quantile, sorted.Length, out int rank, out double weight))
        {
            return Outside(quantile);
        }

        return Between(sorted[rank], sorted[Math.Min(rank + 1, sorted.Length - 1)], weight);
    }

    /// <summary>Where the quantile of so many values lies: behind the value of a rank, by how much of the way to the next one. False if it is not between 0 and 1.</summary>
    public static bool TryRank(double quantile, int count, out int rank, out double weight)
    {
        rank = 0;
        weight = 0;
        if (double.IsNaN(quantile) || quantile < 0 || quantile > 1)
        {
            return false;
        }

        double exact = quantile * ((double)count - 1);
        double lower = Math.Floor(exact);
        rank = (int)Math.Max(0, lower);
        weight = exact - lower;
        return true;
    }

    /// <summary>What comes out for a quantile that is not between 0 and 1.</summary>
    public static double Outside(double quantile) => quantile < 0 ? double.NegativeInfinity : quantile > 1 ? double.PositiveInfinity : double.NaN;

    /// <summary>The value so far on the way from one to the next.</summary>
    public static double Between(double lower, double upper, double weight) => (lower * (1 - weight)) + (upper * weight);

    public static void Check(Annotations annotations, double quantile, PositionRange position, PositionRange evaluated)
    {
        if (double.IsNaN(quantile) || quantile < 0 || quantile > 1)
        {
            annotations.Warn("quantile value should be between 0 and 1, got " + FloatFormat.FormatGeneral(quantile), position, evaluated);
        }
    }
}
