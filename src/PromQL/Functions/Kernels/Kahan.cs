using System.Numerics;
using System.Runtime.CompilerServices;

namespace Narthex.PromQL.Functions.Kernels;

/// <summary>Compensated summation as upstream does it (Kahan-Neumaier, with a guard for infinities), so that sums come out bit-identical.</summary>
internal static class Kahan
{
    /// <summary>Adds <paramref name="value"/> to a sum and its compensation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(double value, ref double sum, ref double compensation)
    {
        double total = sum + value;
        if (double.IsInfinity(total))
        {
            compensation = 0;
        }
        else if (Math.Abs(sum) >= Math.Abs(value))
        {
            compensation += (sum - total) + value;
        }
        else
        {
            compensation += (value - total) + sum;
        }

        sum = total;
    }

    /// <summary>The same for a run of steps side by side: each lane makes the operations of the scalar one in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(Vector<double> value, ref Vector<double> sum, ref Vector<double> compensation)
    {
        Vector<double> total = sum + value;
        Vector<double> sumIsLarger = (sum - total) + value;
        Vector<double> valueIsLarger = (value - total) + sum;
        Vector<long> larger = Vector.GreaterThanOrEqual(Vector.Abs(sum), Vector.Abs(value));
        Vector<double> next = compensation + Vector.ConditionalSelect(larger, sumIsLarger, valueIsLarger);
        Vector<long> infinite = Vector.Equals(Vector.Abs(total), new Vector<double>(double.PositiveInfinity));
        compensation = Vector.ConditionalSelect(infinite, Vector<double>.Zero, next);
        sum = total;
    }
}
