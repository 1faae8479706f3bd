using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Functions.Histograms;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>histogram_quantile, histogram_quantiles and histogram_fraction: brings the buckets of classic histograms together; native ones are whole already.</summary>
/// <remarks>All input is read at once, since only samples tell which series there are in the result. Buckets are let go as soon as their histogram is complete.</remarks>
internal sealed class HistogramGroupOperator : ISeriesOperator
{
    private readonly ISeriesOperator _input;
    private readonly StepGrid _grid;
    private readonly QueryContext _context;
    private readonly PositionRange _vectorPosition;
    private readonly PositionRange _firstPosition;
    private readonly PositionRange _callPosition;
    private readonly List<Group> _groups = [];
    private readonly string _quantileLabel;
    private readonly IReadOnlyList<double[]> _parameters;
    private readonly bool _isFraction;
    private int[] _groupOf = [];
    private double[] _upperBounds = [];
    private string[] _badBounds = [];
    private IReadOnlyList<SeriesLabels> _series = [];
    private ClassicBucket[] _scratch = [];
    private int _next;

    private HistogramGroupOperator(
        ISeriesOperator input, CallNode call, QueryContext context, PositionRange vectorPosition, IReadOnlyList<double[]> parameters, string quantileLabel, bool isFraction)
    {
        _input = input;
        _grid = call.Grid;
        _context = context;
        _vectorPosition = vectorPosition;
        _firstPosition = call.Arguments[0].Position;
        _callPosition = call.Position;
        _parameters = parameters;
        _quantileLabel = quantileLabel;
        _isFraction = isFraction;
    }

    private int OutputsPerGroup => _isFraction ? 1 : _parameters.Count;

    public static HistogramGroupOperator Quantiles(
        ISeriesOperator input, CallNode call, QueryContext context, PositionRange vectorPosition,
        IReadOnlyList<double[]> quantiles, IReadOnlyList<PositionRange> quantilePositions, string quantileLabel)
    {
        for (int i = 0; i < quantiles.Count; i++)
        {
            foreach (double quantile in quantiles[i])
            {
                QuantileMath.Check(context.Annotations, quantile, quantilePositions[i], call.Position);
            }
        }

        return new HistogramGroupOperator(input, call, context, vectorPosition, quantiles, quantileLabel, isFraction: false);
    }

    public static HistogramGroupOperator Fraction(
        ISeriesOperator input, CallNode call, QueryContext context, PositionRange vectorPosition, double[] lower, double[] upper) =>
        new(input, call, context, vectorPosition, [lower, upper], "", isFraction: true);

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = _series = _input.GetSeries();
        _groupOf = new int[series.Count];
        _upperBounds = new double[series.Count];
        _badBounds = new string[series.Count];
        var ids = new Dictionary<Labels, int>();
        var builder = new LabelsBuilder();
        for (int i = 0; i < series.Count; i++)
        {
            string bound = Encoding.UTF8.GetString(series[i].Labels.GetValueOrEmpty("le"u8));
            _upperBounds[i] = ParseBound(bound);
            _badBounds[i] = bound;
            Labels key = builder.Reset(series[i].Labels).Remove("le"u8).ToLabels();
            if (!ids.TryGetValue(key, out _groupOf[i]))
            {
                _groupOf[i] = _groups.Count;
                ids.Add(key, _groups.Count);
                _groups.Add(MakeGroup(series[i] with { Labels = key }));
            }

            _groups[_groupOf[i]].Missing++;
        }

        // Whether a series with a label le is a bucket or a native histogram of its own decides over the labels of the result, and only its samples tell.
        ReadAll();
        var output = new List<SeriesLabels>(_groups.Count * OutputsPerGroup);
        foreach (Group group in _groups)
        {
            for (int i = 0; i < OutputsPerGroup; i++)
            {
                output.Add(_quantileLabel.Length == 0
                    ? group.Labels
                    : group.Labels with { Labels = builder.Reset(group.Labels.Labels).Set(_quantileLabel, FormatQuantile(_parameters[i][0])).ToLabels() });
            }
        }

        return output;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _groups.Count * OutputsPerGroup)
        {
            return false;
        }

        StepBlock?[] results = _groups[_next / OutputsPerGroup].Results;
        int parameter = _next++ % OutputsPerGroup;
        block.Clear();
        if (results.Length > 0 && results[parameter] is { } result)
        {
            block.CopyFrom(result);
            Release(result);
            results[parameter] = null;
        }

        return true;
    }

    public void Dispose()
    {
        _input.Dispose();
        foreach (Group group in _groups)
        {
            ReleaseHeld(group);
            foreach (StepBlock? result in group.Results)
            {
                Release(result);
            }

            group.Results = [];
        }
    }

    private StepBlock Hold()
    {
        _context.HoldSamples(_grid.Count);
        return new StepBlock(_context.Memory, _grid.Count);
    }

    private void Release(StepBlock? block)
    {
        if (block is not null)
        {
            block.Dispose();
            _context.ReleaseSamples(_grid.Count);
        }
    }

    private void ReleaseHeld(Group group)
    {
        foreach (StepBlock block in group.Held)
        {
            Release(block);
        }

        group.Held.Clear();
    }

    private Group MakeGroup(SeriesLabels series) =>
        new(MetricSchema.Drop(series, _context.DelayedNameRemoval), _context.DelayedNameRemoval ? series.Labels.MetricName : "");

    private void ReadAll()
    {
        using var block = new StepBlock(_context.Memory, _grid.Count);
        for (int i = 0; _input.TryReadNext(block); i++)
        {
            _context.ThrowIfCancelled();
            Group group = _groups[_groupOf[i]];
            if (!block.IsEmpty)
            {
                Keep(block, group, i);
            }

            if (--group.Missing == 0)
            {
                Complete(group);
                ReleaseHeld(group);
            }
        }
    }

    // Takes the contents of a block, which has some. The block gets others, in which nothing is present.
    private void Keep(StepBlock block, Group group, int series)
    {
        bool isBucket = !double.IsNaN(_upperBounds[series]);
        bool hasFloats = !block.HasHistograms;
        bool hasNatives = false;
        for (int step = 0; block.HasHistograms && step < block.Count; step++)
        {
            if (block.Present[step])
            {
                bool isNative = block.HistogramAt(step) is not null;
                hasNatives |= isNative;
                hasFloats |= !isNative;
            }
        }

        if (hasFloats && !isBucket)
        {
            _context.Annotations.Warn(
                $"bucket label \"le\" is missing or has a malformed value of {GoQuote.Quote(_badBounds[series])}" + Annotations.ForMetric(group.MetricName),
                _vectorPosition,
                _callPosition);
        }

        if (!hasNatives && !isBucket)
        {
            return;
        }

        StepBlock kept = Hold();
        group.Held.Add(kept);
        kept.Swap(block);
        if (isBucket && hasFloats)
        {
            group.Buckets.Add((_upperBounds[series], kept));
        }

        if (hasNatives)
        {
            AddNative(series, kept);
        }
    }

    // A label le means nothing on a native histogram. It stays, and keeps the histogram apart from the buckets that have the other labels.
    private void AddNative(int series, StepBlock block)
    {
        if (!_series[series].Labels.TryGetValue("le"u8, out _))
        {
            _groups[_groupOf[series]].Natives.Add(block);
            return;
        }

        Group own = MakeGroup(_series[series]);
        own.Natives.Add(block);
        _groups.Add(own);
        Complete(own);
    }

    /// <summary>All of a group is there: its results are computed.</summary>
    private void Complete(Group group)
    {
        if (group.Buckets.Count + group.Natives.Count > 0)
        {
            // The steps then find them in order.
            group.Buckets.Sort(static (left, right) => left.UpperBound.CompareTo(right.UpperBound));
            group.Results = new StepBlock?[OutputsPerGroup];
            for (int parameter = 0; parameter < group.Results.Length; parameter++)
            {
                group.Results[parameter] = Hold();
                Compute(group, parameter, group.Results[parameter]!);
            }
        }

        group.Buckets.Clear();
        group.Natives.Clear();
    }

    private void Compute(Group group, int parameter, StepBlock output)
    {
        if (_scratch.Length < group.Buckets.Count)
        {
            _scratch = new ClassicBucket[group.Buckets.Count];
        }

        ClassicBucket[] scratch = _scratch;
        for (int step = 0; step < output.Count; step++)
        {
            int count = 0;
            foreach ((double upperBound, StepBlock bucket) in group.Buckets)
            {
                if (bucket.IsFloatAt(step))
                {
                    scratch[count++] = new ClassicBucket(upperBound, bucket.Values[step]);
                }
            }

            FloatHistogram? native = null;
            foreach (StepBlock block in group.Natives)
            {
                native = block.Present[step] && block.HistogramAt(step) is { } histogram ? histogram : native;
            }

            if (native is not null && count > 0)
            {
                _context.Annotations.Warn("vector contains a mix of classic and native histograms" + Annotations.ForMetric(group.MetricName), _vectorPosition, _callPosition);
            }
            else if (native is not null)
            {
                output.Set(step, ComputeNative(group, parameter, step, native));
            }
            else if (count > 0)
            {
                output.Set(step, ComputeClassic(group, parameter, step, scratch.AsSpan(0, count)));
            }
        }
    }

    private double ComputeNative(Group group, int parameter, int step, FloatHistogram native)
    {
        if (_isFraction)
        {
            double fraction = NativeHistogram.Fraction(_parameters[0][step], _parameters[1][step], native, out bool hasNan);
            if (hasNan)
            {
                _context.Annotations.Inform(
                    "input to histogram_fraction has NaN observations, which are excluded from all fractions" + Annotations.ForMetric(group.MetricName), _firstPosition, _callPosition);
            }

            return fraction;
        }

        double result = NativeHistogram.Quantile(_parameters[parameter][step], native, out NanEffect effect);
        if (effect != NanEffect.None)
        {
            _context.Annotations.Inform(
                "input to histogram_quantile has NaN observations, result is " + (effect == NanEffect.Undefined ? "NaN" : "skewed higher") + Annotations.ForMetric(group.MetricName),
                _firstPosition,
                _callPosition);
        }

        return result;
    }

    private double ComputeClassic(Group group, int parameter, int step, Span<ClassicBucket> buckets)
    {
        if (!_isFraction && _parameters[parameter][step] is var quantile && (double.IsNaN(quantile) || quantile < 0 || quantile > 1))
        {
            return ClassicHistogram.Quantile(quantile, buckets);
        }

        if (!ClassicHistogram.TryNormalise(ref buckets))
        {
            return double.NaN;
        }

        if (_isFraction)
        {
            return ClassicHistogram.Fraction(_parameters[0][step], _parameters[1][step], buckets);
        }

        if (ClassicHistogram.MakeMonotonic(buckets, out double minBucket, out double maxBucket, out double maxDifference))
        {
            long timeMs = _grid.TimeAt(step);
            _context.Annotations.AddMonotonicityRepair(
                group.MetricName, _vectorPosition, _callPosition, new MonotonicityRepair(minBucket, maxBucket, maxDifference, timeMs, timeMs, 1));
        }

        return ClassicHistogram.Quantile(_parameters[parameter][step], buckets);
    }

    private static double ParseBound(string text)
    {
        if (text.Length == 0)
        {
            return double.NaN;
        }

        return text.ToLowerInvariant() switch
        {
            "+inf" or "inf" or "infinity" or "+infinity" => double.PositiveInfinity,
            "-inf" or "-infinity" => double.NegativeInfinity,
            _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double bound) ? bound : double.NaN,
        };
    }

    // As OpenMetrics writes numbers: whole ones with a decimal point.
    private static string FormatQuantile(double quantile)
    {
        string text = FloatFormat.FormatGeneral(quantile);
        return double.IsFinite(quantile) && text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }

    private sealed class Group(SeriesLabels labels, string metricName)
    {
        public SeriesLabels Labels { get; } = labels;

        public string MetricName { get; } = metricName;

        public List<(double UpperBound, StepBlock Block)> Buckets { get; } = [];

        public List<StepBlock> Natives { get; } = [];

        /// <summary>The blocks of its series, which it gives back when it is complete.</summary>
        public List<StepBlock> Held { get; } = [];

        /// <summary>How many of its series are still to come.</summary>
        public int Missing { get; set; }

        /// <summary>A block for each result, until it is read; empty if there is nothing in any.</summary>
        public StepBlock?[] Results { get; set; } = [];
    }
}
