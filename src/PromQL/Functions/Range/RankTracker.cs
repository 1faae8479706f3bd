using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Finds the value of a rank in windows that slide along, without sorting them: what is remembered is one value, and how many are below it and equal to it.</summary>
/// <remarks>
/// Samples that come and go change these numbers. If the rank is then another value's, that is the nearest above or below, which a look at the window tells;
/// mostly it is the same or a neighbour. Only for numbers, as there is no order with others.
/// </remarks>
internal sealed class RankTracker(int capacity) : IDisposable
{
    // A rank that is further away is found by sorting.
    private const int MovesMax = 12;

    private readonly double[] _sorted = ArrayPool<double>.Shared.Rent(Math.Max(capacity, 1));
    private int _start;
    private int _end;
    private double _value;
    private int _below;
    private int _equal;

    /// <summary>Whether any of the values is not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool ContainsNaN(ReadOnlySpan<double> values)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        int i = 0;
        for (; i <= values.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> next = Vector512.LoadUnsafe(ref first, (nuint)i);
            if (!Vector512.EqualsAll(next, next))
            {
                return true;
            }
        }

        for (; i < values.Length; i++)
        {
            if (double.IsNaN(values[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds the value of a rank, counted from zero, and the one of the next rank; of the last one that is itself.</summary>
    public void Find(ReadOnlySpan<double> values, int start, int end, int rank, out double value, out double next)
    {
        ReadOnlySpan<double> window = values[start..end];
        int moves = Math.Min(start, _end) - _start + (end - Math.Max(_end, start));
        if (start >= _end || moves * 8L > window.Length)
        {
            Sort(window, rank);
        }
        else
        {
            Count(values[_start..start], -1);
            Count(values[_end..end], 1);
            MoveTo(window, rank);
        }

        _start = start;
        _end = end;
        value = _value;
        next = rank + 1 < _below + _equal || rank + 1 == window.Length ? _value : NextAbove(window, _value);
    }

    public void Dispose() => ArrayPool<double>.Shared.Return(_sorted);

    private void Sort(ReadOnlySpan<double> window, int rank)
    {
        Span<double> sorted = _sorted.AsSpan(0, window.Length);
        window.CopyTo(sorted);
        sorted.Sort();
        _value = sorted[rank];
        _below = rank;
        while (_below > 0 && sorted[_below - 1] == _value)
        {
            _below--;
        }

        int above = rank + 1;
        while (above < sorted.Length && sorted[above] == _value)
        {
            above++;
        }

        _equal = above - _below;
    }

    private void Count(ReadOnlySpan<double> values, int sign)
    {
        foreach (double value in values)
        {
            _below += value < _value ? sign : 0;
            _equal += value == _value ? sign : 0;
        }
    }

    private void MoveTo(ReadOnlySpan<double> window, int rank)
    {
        for (int moves = 0; rank < _below || rank >= _below + _equal; moves++)
        {
            if (moves == MovesMax)
            {
                Sort(window, rank);
                return;
            }

            if (rank < _below)
            {
                _value = NextBelow(window, _value);
                _equal = CountEqual(window, _value);
                _below -= _equal;
            }
            else
            {
                _below += _equal;
                _value = NextAbove(window, _value);
                _equal = CountEqual(window, _value);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double NextAbove(ReadOnlySpan<double> window, double value)
    {
        double next = double.PositiveInfinity;
        ref double first = ref MemoryMarshal.GetReference(window);
        int i = 0;
        if (window.Length >= Vector512<double>.Count)
        {
            Vector512<double> limit = Vector512.Create(value);
            Vector512<double> nearest = Vector512.Create(double.PositiveInfinity);
            for (; i <= window.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                Vector512<double> items = Vector512.LoadUnsafe(ref first, (nuint)i);
                nearest = Vector512.ConditionalSelect(Vector512.GreaterThan(items, limit) & Vector512.LessThan(items, nearest), items, nearest);
            }

            Vector256<double> four = Vector256.MinNative(nearest.GetLower(), nearest.GetUpper());
            Vector128<double> two = Vector128.MinNative(four.GetLower(), four.GetUpper());
            next = two[0] < two[1] ? two[0] : two[1];
        }

        for (; i < window.Length; i++)
        {
            double item = Unsafe.Add(ref first, i);
            next = item > value && item < next ? item : next;
        }

        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double NextBelow(ReadOnlySpan<double> window, double value)
    {
        double next = double.NegativeInfinity;
        ref double first = ref MemoryMarshal.GetReference(window);
        int i = 0;
        if (window.Length >= Vector512<double>.Count)
        {
            Vector512<double> limit = Vector512.Create(value);
            Vector512<double> nearest = Vector512.Create(double.NegativeInfinity);
            for (; i <= window.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                Vector512<double> items = Vector512.LoadUnsafe(ref first, (nuint)i);
                nearest = Vector512.ConditionalSelect(Vector512.LessThan(items, limit) & Vector512.GreaterThan(items, nearest), items, nearest);
            }

            Vector256<double> four = Vector256.MaxNative(nearest.GetLower(), nearest.GetUpper());
            Vector128<double> two = Vector128.MaxNative(four.GetLower(), four.GetUpper());
            next = two[0] > two[1] ? two[0] : two[1];
        }

        for (; i < window.Length; i++)
        {
            double item = Unsafe.Add(ref first, i);
            next = item < value && item > next ? item : next;
        }

        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CountEqual(ReadOnlySpan<double> window, double value)
    {
        ref double first = ref MemoryMarshal.GetReference(window);
        Vector512<double> wanted = Vector512.Create(value);
        Vector512<long> equal = Vector512<long>.Zero;
        int i = 0;
        for (; i <= window.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            equal -= Vector512.Equals(Vector512.LoadUnsafe(ref first, (nuint)i), wanted).AsInt64();
        }

        int count = (int)Vector512.Sum(equal);
        for (; i < window.Length; i++)
        {
            count += Unsafe.Add(ref first, i) == value ? 1 : 0;
        }

        return count;
    }
}
