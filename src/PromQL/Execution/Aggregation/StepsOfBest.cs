using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>The best few of a group at each of many steps, series after series: most values are no better than what is kept already, which shows for eight steps at a time.</summary>
internal sealed class StepsOfBest
{
    /// <summary>How many may be kept at a step. With more the series of a step are better looked at together.</summary>
    public const int CapacityMax = 16;

    private readonly bool _isTop;
    private readonly double[] _parameters;
    private readonly BestOf[] _best;
    private readonly double[] _worst;

    /// <param name="isTop">Whether the largest are the best.</param>
    /// <param name="parameters">How many are kept, for each step.</param>
    public StepsOfBest(bool isTop, double[] parameters)
    {
        _isTop = isTop;
        _parameters = parameters;
        _worst = new double[parameters.Length];
        _best = new BestOf[parameters.Length];
        for (int i = 0; i < _best.Length; i++)
        {
            _best[i] = new BestOf(isTop);
        }
    }

    /// <summary>Marks at each step which series of the group are kept; the marks are series by series.</summary>
    public void Select(List<int> group, BufferedSeries series, Span<bool> kept)
    {
        for (int step = 0; step < _best.Length; step++)
        {
            int capacity = (int)Math.Clamp(_parameters[step], 0, group.Count);
            _best[step].Reset(capacity);

            // Nothing is better than these where nothing is kept, and everything where the places are still free.
            _worst[step] = capacity > 0 ? double.NaN : _isTop ? double.PositiveInfinity : double.NegativeInfinity;
        }

        foreach (int index in group)
        {
            StepBlock block = series[index];
            ReadOnlySpan<double> values = block.Values;
            for (int from = 0; PresentRuns.TryNext(block.Present, ref from, out int to); from = to)
            {
                for (int step = SkipWorse(values, from, to); step < to; step = SkipWorse(values, step + 1, to))
                {
                    BestOf best = _best[step];
                    if (best.Capacity > 0)
                    {
                        best.Offer(values[step], index);
                        _worst[step] = best.Worst;
                    }
                }
            }
        }

        for (int step = 0; step < _best.Length; step++)
        {
            foreach (int index in _best[step].Series)
            {
                kept[(index * _best.Length) + step] = true;
            }
        }
    }

    // The first step at which the value may be better than the worst that is kept.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SkipWorse(ReadOnlySpan<double> values, int from, int to)
    {
        ref double value = ref MemoryMarshal.GetReference(values[..to]);
        ref double worst = ref MemoryMarshal.GetReference(_worst.AsSpan(0, to));
        int i = from;
        for (; i <= to - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> v = Vector512.LoadUnsafe(ref value, (nuint)i);
            Vector512<double> w = Vector512.LoadUnsafe(ref worst, (nuint)i);
            ulong isWorse = (_isTop ? Vector512.LessThanOrEqual(v, w) : Vector512.GreaterThanOrEqual(v, w)).ExtractMostSignificantBits();
            if (isWorse != 0xFF)
            {
                return i + System.Numerics.BitOperations.TrailingZeroCount(~isWorse);
            }
        }

        while (i < to && (_isTop ? Unsafe.Add(ref value, i) <= Unsafe.Add(ref worst, i) : Unsafe.Add(ref value, i) >= Unsafe.Add(ref worst, i)))
        {
            i++;
        }

        return i;
    }
}
