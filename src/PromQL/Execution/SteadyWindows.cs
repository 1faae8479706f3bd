using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.PromQL.Execution;

/// <summary>A run of steps whose windows all have the same length in samples and begin the same number of samples behind each other, over samples at the same distance in time.</summary>
/// <remarks>So all that distinguishes one of these windows from another are its values.</remarks>
/// <param name="From">The first of the steps.</param>
/// <param name="To">Behind the last of them; not above <paramref name="From"/> if there are none.</param>
/// <param name="Stride">By how many samples neighbours are apart.</param>
/// <param name="Length">How many samples each has.</param>
internal readonly record struct SteadyWindows(int From, int To, int Stride, int Length)
{
    /// <summary>Lays the windows over samples at the same distance, if the steps are a multiple of it apart.</summary>
    /// <param name="timestamps">The times of the samples.</param>
    /// <param name="times">The ends of the windows, which are open on the left.</param>
    /// <param name="rangeMs">Their width.</param>
    /// <param name="starts">Receives the first sample of each.</param>
    /// <param name="ends">Receives the one behind the last of each.</param>
    /// <param name="steady">The steps whose windows do not reach over the edges of the samples.</param>
    /// <param name="samples">How many samples all windows hold together.</param>
    public static bool TryLay(
        ReadOnlySpan<long> timestamps, ReferenceTimes times, long rangeMs, Span<int> starts, Span<int> ends, out SteadyWindows steady, out long samples)
    {
        steady = default;
        samples = 0;
        int count = timestamps.Length;
        if (count < 2 || times.Count == 0)
        {
            return false;
        }

        long distance = timestamps[1] - timestamps[0];
        long stepMs = times.Count == 1 ? 0 : times.StepMs;
        if (distance <= 0 || stepMs % distance != 0 || timestamps[^1] - timestamps[0] != distance * (count - 1) || !AreSteady(timestamps, distance))
        {
            return false;
        }

        long stride = stepMs / distance;
        long end = FloorDivide(times.FirstMs - timestamps[0], distance) + 1;
        long start = FloorDivide(times.FirstMs - rangeMs - timestamps[0], distance) + 1;
        samples = Fill(ends, end, stride, count, out int endFrom, out int endTo) - Fill(starts, start, stride, count, out int startFrom, out int startTo);
        steady = new SteadyWindows(Math.Max(startFrom, endFrom), Math.Min(startTo, endTo), (int)Math.Min(stride, count), (int)Math.Min(end - start, count));
        return true;
    }

    /// <summary>Whether all times are as far apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool AreSteady(ReadOnlySpan<long> timestamps, long distance)
    {
        ref long first = ref MemoryMarshal.GetReference(timestamps);
        Vector512<long> expected = Vector512.Create(distance);
        int i = 1;
        for (; i <= timestamps.Length - Vector512<long>.Count; i += Vector512<long>.Count)
        {
            if (Vector512.LoadUnsafe(ref first, (nuint)i) - Vector512.LoadUnsafe(ref first, (nuint)(i - 1)) != expected)
            {
                return false;
            }
        }

        for (; i < timestamps.Length; i++)
        {
            if (timestamps[i] - timestamps[i - 1] != distance)
            {
                return false;
            }
        }

        return true;
    }

    // first, first + stride, ... kept within zero and the maximum; returns their sum, and between which positions nothing had to be kept.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Fill(Span<int> column, long first, long stride, int maximum, out int from, out int to)
    {
        long length = column.Length;
        long nonNegative = first >= 0 ? 0 : stride == 0 ? length : (-first + stride - 1) / stride;
        long above = first > maximum ? 0 : stride == 0 ? length : ((maximum - first) / stride) + 1;
        from = (int)Math.Min(nonNegative, length);
        to = (int)Math.Min(above, length);
        column[..from].Clear();
        column[to..].Fill(maximum);
        Span<int> ramp = column[from..to];
        if (ramp.IsEmpty)
        {
            return (length - to) * maximum;
        }

        long bottom = first + (from * stride);
        ref int target = ref MemoryMarshal.GetReference(ramp);
        int step = ramp.Length > 1 ? (int)stride : 0;
        Vector256<int> next = Vector256.Create((int)bottom) + (Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7) * step);
        Vector256<int> eight = Vector256.Create(unchecked(step * Vector256<int>.Count));
        int i = 0;
        for (; i <= ramp.Length - Vector256<int>.Count; i += Vector256<int>.Count)
        {
            next.StoreUnsafe(ref target, (nuint)i);
            next += eight;
        }

        for (; i < ramp.Length; i++)
        {
            ramp[i] = (int)(bottom + (i * stride));
        }

        long top = bottom + ((ramp.Length - 1) * stride);
        return ((bottom + top) * ramp.Length / 2) + ((length - to) * maximum);
    }

    private static long FloorDivide(long dividend, long divisor)
    {
        long quotient = dividend / divisor;
        return dividend < 0 && quotient * divisor != dividend ? quotient - 1 : quotient;
    }
}
