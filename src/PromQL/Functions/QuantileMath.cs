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
        if (sorted.IsEmpty || double.IsNaN(quantile))
        {
            return double.NaN;
        }

        if (quantile < 0)
        {
            return double.NegativeInfinity;
        }

        if (quantile > 1)
        {
            return double.PositiveInfinity;
        }

        double count = sorted.Length;
        double rank = quantile * (count - 1);
        double lower = Math.Max(0, Math.Floor(rank));
        double upper = Math.Min(count - 1, lower + 1);
        double weight = rank - Math.Floor(rank);
        return (sorted[(int)lower] * (1 - weight)) + (sorted[(int)upper] * weight);
    }

    public static void Check(Annotations annotations, double quantile, PositionRange position, PositionRange evaluated)
    {
        if (double.IsNaN(quantile) || quantile < 0 || quantile > 1)
        {
            annotations.Warn("quantile value should be between 0 and 1, got " + FloatFormat.FormatGeneral(quantile), position, evaluated);
        }
    }
}
