using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions;

/// <summary>Adds up native histograms and remembers what was odd about them.</summary>
internal sealed class HistogramAccumulator(FloatHistogram first)
{
    private FloatHistogram _sum = first;
    private bool _incompatible;
    private bool _reconciled;
    private bool _sawReset = first.CounterResetHint == CounterResetHint.CounterReset;
    private bool _sawNoReset = first.CounterResetHint == CounterResetHint.NotCounterReset;

    /// <summary>Whether exponential and custom buckets met.</summary>
    public bool IsIncompatible => _incompatible;

    /// <summary>Adds one. False if exponential and custom buckets met: there is no result then.</summary>
    public bool TryAdd(FloatHistogram histogram)
    {
        if (_incompatible || histogram.UsesCustomBuckets != _sum.UsesCustomBuckets)
        {
            _incompatible = true;
            return false;
        }

        _sawReset |= histogram.CounterResetHint == CounterResetHint.CounterReset;
        _sawNoReset |= histogram.CounterResetHint == CounterResetHint.NotCounterReset;
        _sum = _sum.Plus(histogram, out HistogramArithmetic flags);
        _reconciled |= flags.HasFlag(HistogramArithmetic.BoundsReconciled);
        return true;
    }

    /// <summary>Says that histograms did not fit together; the metric is that of the one that did not.</summary>
    public static void WarnIncompatible(Annotations annotations, PositionRange position, PositionRange evaluated, string metricName) => annotations.Warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " + GoQuote.Quote(metricName), position, evaluated);

    public void Annotate(Annotations annotations, PositionRange position, PositionRange evaluated)
    {
        if (_reconciled)
        {
            annotations.Inform("mismatched custom buckets were reconciled during aggregation", position, evaluated);
        }

        if (_sawReset && _sawNoReset)
        {
            annotations.Warn("conflicting counter resets during histogram aggregation", position, evaluated);
        }
    }

    /// <summary>The sum over a divisor; null if the histograms did not fit together.</summary>
    public FloatHistogram? Result(double divisor) =>
        _incompatible ? null : (divisor == 1 ? _sum : _sum.Divided(divisor)).Compacted();
}
