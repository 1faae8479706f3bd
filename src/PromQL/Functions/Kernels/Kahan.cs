using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    public static void Add(Vector512<double> value, ref Vector512<double> sum, ref Vector512<double> compensation)
    {
        Vector512<double> total = sum + value;
        Vector512<double> added = total - sum;

        // Both branches of the scalar one yield the exact error of the addition, and so does this, while the total is finite.
        Vector512<double> next = compensation + ((sum - (total - added)) + (value - added));
        Vector512<double> infinite = Vector512.Equals(Vector512.Abs(total), Vector512.Create(double.PositiveInfinity));
        compensation = Vector512.AndNot(next, infinite);
        sum = total;
    }

    /// <summary>
    /// The same for sums that stay finite, whose lanes the caller checks at the end: a sum that has ever been infinite is so for good, or not a number.
    /// Both branches of the scalar one yield the exact error of the addition, and so does this.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddFinite(Vector512<double> value, ref Vector512<double> sum, ref Vector512<double> compensation)
    {
        Vector512<double> total = sum + value;
        Vector512<double> added = total - sum;
        compensation += (sum - (total - added)) + (value - added);
        sum = total;
    }

    /// <inheritdoc cref="AddFinite(Vector512{double}, ref Vector512{double}, ref Vector512{double})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddFinite(Vector256<double> value, ref Vector256<double> sum, ref Vector256<double> compensation)
    {
        Vector256<double> total = sum + value;
        Vector256<double> added = total - sum;
        compensation += (sum - (total - added)) + (value - added);
        sum = total;
    }

    /// <summary>Whether all lanes are finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreFinite(Vector512<double> values) => values - values == Vector512<double>.Zero;
}
