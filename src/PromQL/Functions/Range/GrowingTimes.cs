using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>
/// The times of samples at the same distance, in seconds from each of a run of steps, and their sums for windows that begin at the first sample.
/// Kept as long as they are asked for again: the series of a target were scraped together.
/// </summary>
/// <remarks>
/// Steps are a number of samples apart, so a step further is that number of samples back, and one sequence of times serves all steps. It is laid out
/// so that what a sample is for neighbouring steps stands side by side: times of the same remainder by that number together, from the latest to the earliest.
/// </remarks>
internal sealed class GrowingTimes : IDisposable
{
    private const int Lanes = WindowLanes.Count;

    private double[] _seconds = [];
    private double[] _sums = [];
    private int[] _lengths = [];
    private int _steps;
    private int _stride;
    private int _rows;
    private long _firstMs;
    private long _distanceMs;

    /// <summary>The times, for <see cref="CursorAt"/>.</summary>
    public ReadOnlySpan<double> Seconds => _seconds;

    /// <summary>The sums of the times of each window.</summary>
    public ReadOnlySpan<double> Sums => _sums.AsSpan(0, _steps);

    /// <summary>The sums of their squares.</summary>
    public ReadOnlySpan<double> SumsOfSquares => _sums.AsSpan(_steps, _steps);

    private int Samples => _lengths[_steps - 1];

    /// <summary>Computes what is not there yet.</summary>
    /// <param name="firstMs">The time of the first sample, from the first step.</param>
    /// <param name="distanceMs">From one sample to the next.</param>
    /// <param name="stride">How many of these distances the steps are apart.</param>
    /// <param name="lengths">How many samples the window of each step has, never less than that of the step before.</param>
    public void Set(long firstMs, long distanceMs, int stride, ReadOnlySpan<int> lengths)
    {
        if (firstMs == _firstMs && distanceMs == _distanceMs && stride == _stride && lengths.SequenceEqual(_lengths.AsSpan(0, _steps)))
        {
            return;
        }

        (_firstMs, _distanceMs, _stride) = (firstMs, distanceMs, stride);
        if (_lengths.Length < lengths.Length)
        {
            Resize(ref _lengths, lengths.Length);
            Resize(ref _sums, lengths.Length * 2);
        }

        lengths.CopyTo(_lengths);
        _steps = lengths.Length;
        LayOut();
        for (int first = 0; first < _steps; first += Lanes)
        {
            Sum(first, Math.Min(_steps - first, Lanes));
        }
    }

    /// <summary>Where the times of the first sample stand for a step and the seven behind it.</summary>
    public GrowingCursor CursorAt(int step) => new((step * _stride) + Samples - 1, _stride, _rows);

    public void Dispose()
    {
        Resize(ref _seconds, 0);
        Resize(ref _sums, 0);
        Resize(ref _lengths, 0);
        _steps = 0;
    }

    // Groups are computed whole, also the last one.
    private void LayOut()
    {
        int last = Samples - 1;
        int steps = (_steps + Lanes - 1) / Lanes * Lanes;
        _rows = steps + (last / _stride) + 1;
        if (_seconds.Length < _rows * _stride)
        {
            Resize(ref _seconds, _rows * _stride);
        }

        for (int phase = 0; phase < _stride; phase++)
        {
            Fill(_seconds.AsSpan(phase * _rows, _rows), _firstMs + ((last - phase) * _distanceMs), _distanceMs * _stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill(Span<double> seconds, long firstMs, long lessMs)
    {
        ref double target = ref MemoryMarshal.GetReference(seconds);
        Vector512<long> times = Vector512.Create(firstMs) - (Vector512.Create(0L, 1, 2, 3, 4, 5, 6, 7) * lessMs);
        int i = 0;
        for (; i <= seconds.Length - Lanes; i += Lanes)
        {
            (Vector512.ConvertToDouble(times) / Vector512.Create(1e3)).StoreUnsafe(ref target, (nuint)i);
            times -= Vector512.Create(Lanes * lessMs);
        }

        for (; i < seconds.Length; i++)
        {
            Unsafe.Add(ref target, i) = (firstMs - (i * lessMs)) / 1e3;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(int first, int count)
    {
        ref double seconds = ref MemoryMarshal.GetReference(Seconds);
        ref int lengths = ref MemoryMarshal.GetReference(_lengths.AsSpan(first, count));
        ref double sums = ref MemoryMarshal.GetReference(_sums.AsSpan(first, _steps + count));
        GrowingCursor cursor = CursorAt(first);
        Vector512<double> sum = default, compensation = default, squares = default, compensationOfSquares = default;
        int next = 0;
        for (int lane = 0; lane < count; lane++)
        {
            int length = Unsafe.Add(ref lengths, lane);
            for (; next < length; next++, cursor.MoveNext())
            {
                Vector512<double> x = Vector512.LoadUnsafe(ref seconds, (nuint)cursor.Place);
                Kahan.AddFinite(x, ref sum, ref compensation);
                Kahan.AddFinite(x * x, ref squares, ref compensationOfSquares);
            }

            Unsafe.Add(ref sums, lane) = (sum + compensation).GetElement(lane);
            Unsafe.Add(ref sums, _steps + lane) = (squares + compensationOfSquares).GetElement(lane);
        }
    }

    private static void Resize<T>(ref T[] array, int size)
    {
        if (array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(array);
        }

        array = size > 0 ? ArrayPool<T>.Shared.Rent(size) : [];
    }
}

/// <summary>Walks along the samples from the first to the last, which is from the end of <see cref="GrowingTimes.Seconds"/> to its beginning.</summary>
internal struct GrowingCursor(int index, int stride, int rows)
{
    private readonly int _last = stride - 1;
    private int _phase = index % stride;
    private int _row = index / stride;

    /// <summary>Where the times of the present sample stand, for eight steps.</summary>
    public int Place { get; private set; } = (index % stride * rows) + (index / stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MoveNext()
    {
        if (_phase == 0)
        {
            _phase = _last;
            Place = (_last * rows) + --_row;
        }
        else
        {
            _phase--;
            Place -= rows;
        }
    }
}
