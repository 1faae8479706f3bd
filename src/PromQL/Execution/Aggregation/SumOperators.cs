using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Functions.Kernels;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>The part that sum and avg share: native histograms are added up beside the floats, and a step with both has no result.</summary>
internal abstract class HistogramFoldOperator(AggregateNode node, ISeriesOperator input, QueryContext context) : FoldOperator(node, input, context)
{
    private HistogramAccumulator?[] _sums = [];
    private int _groups;
    private bool _anyIncompatible;

    protected override void Prepare(int groups) => _groups = groups;

    /// <summary>Whether a step of a group has no result any more, so that what follows does not count, as upstream has it.</summary>
    protected bool IsLost(int group, int step) => _anyIncompatible && _sums[(group * Steps) + step] is { IsIncompatible: true };

    protected bool AnyLost => _anyIncompatible;

    /// <summary>Whether any group has a histogram at any step.</summary>
    protected bool HasHistograms => _sums.Length > 0;

    protected void FoldHistogram(int group, int step, FloatHistogram histogram)
    {
        if (_sums.Length == 0)
        {
            _sums = new HistogramAccumulator?[_groups * Steps];
        }

        ref HistogramAccumulator? sum = ref _sums[(group * Steps) + step];
        if (sum is null)
        {
            sum = new HistogramAccumulator(histogram);
        }
        else if (!sum.IsIncompatible && !sum.TryAdd(histogram))
        {
            _anyIncompatible = true;
            HistogramAccumulator.WarnIncompatible(Context.Annotations, Node.Inner.Position, Node.Position, CurrentSeries.Labels.MetricName);
        }
    }

    /// <summary>Writes the histogram of a step, if there is one. True if the float, if any, must not be written.</summary>
    protected bool EmitHistogram(int group, int step, bool hasFloat, double divisor, StepBlock output)
    {
        if (_sums.Length == 0 || _sums[(group * Steps) + step] is not { } sum)
        {
            return false;
        }

        if (hasFloat)
        {
            Context.Annotations.Warn("encountered a mix of histograms and floats for aggregation", Node.Inner.Position, Node.Position);
        }
        else
        {
            sum.Annotate(Context.Annotations, Node.Inner.Position, Node.Position);
            if (sum.Result(divisor) is { } result)
            {
                output.Set(step, result);
            }
        }

        return true;
    }
}

/// <summary><c>sum</c></summary>
internal sealed class SumOperator(AggregateNode node, ISeriesOperator input, QueryContext context) : HistogramFoldOperator(node, input, context)
{
    private StepColumn<double> _sums;
    private StepColumn<double> _compensations;
    private StepColumn<bool> _seen;

    protected override void Prepare(int groups)
    {
        base.Prepare(groups);
        _sums = MakeColumn(0);
        _compensations = MakeColumn(0);
        _seen = MakeMarks();
    }

    protected override void Fold(int group, StepBlock series)
    {
        Span<double> sums = Row(_sums, group);
        Span<double> compensations = Row(_compensations, group);
        Span<bool> seen = Row(_seen, group);
        if (series.HasHistograms || AnyLost)
        {
            for (int i = 0; i < seen.Length; i++)
            {
                if (IsLost(group, i))
                {
                    continue;
                }

                if (series.HistogramAt(i) is { } histogram && series.Present[i])
                {
                    FoldHistogram(group, i, histogram);
                }
                else if (series.Present[i])
                {
                    seen[i] = true;
                    Kahan.Add(series.Values[i], ref sums[i], ref compensations[i]);
                }
            }

            return;
        }

        Add(series.Values, series.Present, sums, compensations, seen);
    }

    protected override void Emit(int group, StepBlock output)
    {
        ReadOnlySpan<double> sums = Row(_sums, group);
        ReadOnlySpan<double> compensations = Row(_compensations, group);
        ReadOnlySpan<bool> seen = Row(_seen, group);
        if (!HasHistograms)
        {
            seen.CopyTo(output.Present);
            Span<double> values = output.Values;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = sums[i] + compensations[i];
            }

            return;
        }

        for (int i = 0; i < sums.Length; i++)
        {
            if (!EmitHistogram(group, i, seen[i], 1, output) && seen[i])
            {
                output.Set(i, sums[i] + compensations[i]);
            }
        }
    }

    /// <summary>Adds a series to a group: side by side along the steps where all are present, step by step elsewhere.</summary>
    internal static void Add(
        ReadOnlySpan<double> values, ReadOnlySpan<bool> present, Span<double> sums, Span<double> compensations, Span<bool> seen)
    {
        int i = 0;
        while (i < values.Length)
        {
            int absent = present[i..].IndexOf(false);
            int end = absent < 0 ? values.Length : i + absent;
            seen[i..end].Fill(true);
            AddPresent(values[i..end], sums[i..end], compensations[i..end]);
            int next = end < values.Length ? present[end..].IndexOf(true) : -1;
            i = next < 0 ? values.Length : end + next;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddPresent(ReadOnlySpan<double> values, Span<double> sums, Span<double> compensations)
    {
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double sum = ref MemoryMarshal.GetReference(sums[..values.Length]);
        ref double compensation = ref MemoryMarshal.GetReference(compensations[..values.Length]);
        int i = 0;
        for (; i <= values.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> total = Vector512.LoadUnsafe(ref sum, (nuint)i);
            Vector512<double> correction = Vector512.LoadUnsafe(ref compensation, (nuint)i);
            Kahan.Add(Vector512.LoadUnsafe(ref value, (nuint)i), ref total, ref correction);
            total.StoreUnsafe(ref sum, (nuint)i);
            correction.StoreUnsafe(ref compensation, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            Kahan.Add(values[i], ref Unsafe.Add(ref sum, i), ref Unsafe.Add(ref compensation, i));
        }
    }
}

/// <summary><c>avg</c></summary>
internal sealed class AverageOperator(AggregateNode node, ISeriesOperator input, QueryContext context) : HistogramFoldOperator(node, input, context)
{
    private StepColumn<double> _sums;
    private StepColumn<double> _compensations;
    private StepColumn<double> _counts;
    private StepColumn<double> _histogramCounts;
    private StepColumn<bool> _incremental;
    private bool _anyIncremental;

    protected override void Prepare(int groups)
    {
        base.Prepare(groups);
        _sums = MakeColumn(0);
        _compensations = MakeColumn(0);
        _counts = MakeColumn(0);
        _incremental = MakeMarks();
    }

    protected override void Fold(int group, StepBlock series)
    {
        Span<double> sums = Row(_sums, group);
        Span<double> compensations = Row(_compensations, group);
        Span<double> counts = Row(_counts, group);
        Span<bool> incremental = Row(_incremental, group);
        int from = !series.HasHistograms && !_anyIncremental && !AnyLost ? AddSideBySide(series, sums, compensations, counts) : 0;
        for (int i = from; i < sums.Length; i++)
        {
            if (!series.Present[i] || IsLost(group, i))
            {
                continue;
            }

            if (series.HistogramAt(i) is { } histogram)
            {
                FoldHistogram(group, i, histogram);
                _histogramCounts = _histogramCounts.IsEmpty ? MakeColumn(0) : _histogramCounts;
                _histogramCounts[(group * Steps) + i]++;
                continue;
            }

            Add(series.Values[i], ref sums[i], ref compensations[i], ref counts[i], ref incremental[i]);
            _anyIncremental |= incremental[i];
        }
    }

    // As far as the series is there at every step and no sum overflows: returns the step from which on it takes a closer look.
    // The first value of a step is added to 0, which makes the same sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int AddSideBySide(StepBlock series, Span<double> sums, Span<double> compensations, Span<double> counts)
    {
        int absent = series.Present.IndexOf(false);
        int end = absent < 0 ? sums.Length : absent;
        ref double value = ref MemoryMarshal.GetReference(series.Values[..end]);
        ref double sum = ref MemoryMarshal.GetReference(sums[..end]);
        ref double compensation = ref MemoryMarshal.GetReference(compensations[..end]);
        ref double count = ref MemoryMarshal.GetReference(counts[..end]);
        int i = 0;
        for (; i <= end - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> total = Vector512.LoadUnsafe(ref sum, (nuint)i);
            Vector512<double> correction = Vector512.LoadUnsafe(ref compensation, (nuint)i);
            Kahan.Add(Vector512.LoadUnsafe(ref value, (nuint)i), ref total, ref correction);
            if (Vector512.EqualsAny(Vector512.Abs(total), Vector512.Create(double.PositiveInfinity)))
            {
                break;
            }

            total.StoreUnsafe(ref sum, (nuint)i);
            correction.StoreUnsafe(ref compensation, (nuint)i);
            (Vector512.LoadUnsafe(ref count, (nuint)i) + Vector512<double>.One).StoreUnsafe(ref count, (nuint)i);
        }

        return i;
    }

    protected override void Emit(int group, StepBlock output)
    {
        ReadOnlySpan<double> sums = Row(_sums, group);
        ReadOnlySpan<double> compensations = Row(_compensations, group);
        ReadOnlySpan<double> counts = Row(_counts, group);
        ReadOnlySpan<bool> incremental = Row(_incremental, group);
        for (int i = 0; i < sums.Length; i++)
        {
            double count = counts[i];
            if (HasHistograms && EmitHistogram(group, i, count > 0, _histogramCounts.IsEmpty ? 0 : Row(_histogramCounts, group)[i], output))
            {
                continue;
            }

            if (count > 0)
            {
                output.Set(i, incremental[i] ? sums[i] + compensations[i] : (sums[i] / count) + (compensations[i] / count));
            }
        }
    }

    // A plain mean while the sum fits into a double, an incremental one from the sample on at which it no longer does.
    private static void Add(double value, ref double sum, ref double compensation, ref double count, ref bool incremental)
    {
        count++;
        if (count == 1)
        {
            sum = value;
            return;
        }

        if (!incremental)
        {
            double nextSum = sum;
            double nextCompensation = compensation;
            Kahan.Add(value, ref nextSum, ref nextCompensation);
            if (!double.IsInfinity(nextSum))
            {
                sum = nextSum;
                compensation = nextCompensation;
                return;
            }

            incremental = true;
            sum /= count - 1;
            compensation /= count - 1;
        }

        double share = (count - 1) / count;
        sum *= share;
        compensation *= share;
        Kahan.Add(value / count, ref sum, ref compensation);
    }
}
