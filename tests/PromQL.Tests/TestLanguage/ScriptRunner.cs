using System.Globalization;
using System.Text.RegularExpressions;
using Narthex.Instrumentation;
using Narthex.Model;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Tests.TestLanguage;

/// <summary>Why an evaluation of a script did not come out as expected.</summary>
internal sealed record EvalFailure(int Line, string Query, string Reason);

/// <summary>Runs a script against the engine and tells which evaluations failed.</summary>
internal sealed class ScriptRunner(bool delayedNameRemoval = true) : IDisposable
{
    private const double Tolerance = 1e-6;

    private readonly MemoryStorage _storage = new();
    private readonly QueryEngine _engine = new(
        new QueryEngineOptions
        {
            MaxSamples = 200_000,
            Timeout = TimeSpan.FromSeconds(100),
            EnableDelayedNameRemoval = delayedNameRemoval,
            EnableExperimentalFunctions = true,
            EnableExtendedRangeSelectors = true,
            EnableFillModifiers = true,
            UseStartTimestamps = true,
        },
        TimeProvider.System,
        new MetricRegistry());

    public int Total { get; private set; }

    public List<EvalFailure> Run(string script)
    {
        var failures = new List<EvalFailure>();
        foreach (Command command in Script.Parse(script))
        {
            switch (command)
            {
                case ClearCommand:
                    _storage.Clear();
                    break;
                case LoadCommand load:
                    ScriptLoader.Load(load, _storage);
                    break;
                case EvalCommand eval:
                    Total++;
                    string? reason = Evaluate(eval);
                    if (reason is not null)
                    {
                        failures.Add(new EvalFailure(eval.Line, eval.Query, reason));
                    }

                    break;
            }
        }

        return failures;
    }

    public void Dispose() => _engine.Dispose();

    private string? Evaluate(EvalCommand eval)
    {
        QueryResult result;
        try
        {
            result = Query(eval, eval.IsRange);
        }
        catch (QueryException e)
        {
            return eval.Expected.Fails ? CheckFailure(eval.Expected, e.Message) : "unexpected error: " + e.Message;
        }

        using (result)
        {
            if (eval.Expected.Fails)
            {
                return "should have failed";
            }

            return CheckAnnotations(eval.Expected, "warn", result.Warnings)
                ?? CheckAnnotations(eval.Expected, "info", result.Infos)
                ?? (eval.IsRange ? CheckMatrix(eval.Expected, result.Matrix, eval.StartMs, eval.StepMs, eval.EndMs) : CheckInstant(eval, result))
                ?? CheckAsRange(eval);
        }
    }

    private QueryResult Query(EvalCommand eval, bool asRange) => asRange
        ? _engine.QueryRangeAsync(_storage, eval.Query, new TimeRange(eval.StartMs, eval.EndMs), eval.StepMs, QueryOptions.Default, default).GetAwaiter().GetResult()
        : _engine.QueryInstantAsync(_storage, eval.Query, eval.StartMs, QueryOptions.Default, default).GetAwaiter().GetResult();

    private static string? CheckFailure(Expectations expected, string message)
    {
        foreach ((string kind, string? exact, string? pattern) in expected.Messages)
        {
            if (kind == "fail" && ((exact is not null && exact != message) || (pattern is not null && !Regex.IsMatch(message, pattern))))
            {
                return $"wrong error: {message} instead of {exact ?? pattern}";
            }
        }

        return null;
    }

    private static string? CheckAnnotations(Expectations expected, string kind, IReadOnlyList<string> found)
    {
        var wanted = expected.Messages.FindAll(m => m.Kind == kind);
        if (expected.Messages.Exists(m => m.Kind == "no_" + kind) && found.Count > 0)
        {
            return $"unexpected {kind}: {found[0]}";
        }

        foreach ((_, string? exact, string? pattern) in wanted)
        {
            if (!found.Any(text => Matches(text, exact, pattern)))
            {
                return $"missing {kind}: {exact ?? pattern ?? "any"}; found: {string.Join(" | ", found)}";
            }
        }

        foreach (string text in found)
        {
            if (wanted.Count > 0 && !wanted.Exists(w => Matches(text, w.Exact, w.Pattern)))
            {
                return $"unexpected {kind}: {text}";
            }
        }

        return null;
    }

    private static bool Matches(string text, string? exact, string? pattern) =>
        exact is not null ? text == exact : pattern is null || Regex.IsMatch(text, pattern);

    private static string? CheckInstant(EvalCommand eval, QueryResult result)
    {
        Expectations expected = eval.Expected;
        if (expected.Text is not null)
        {
            return result.Type == ValueType.String && result.Text == expected.Text ? null : $"wrong text: {result.Text}";
        }

        if (expected.Scalar is { } scalar)
        {
            return result.Type == ValueType.Scalar && AlmostEqual(scalar, result.Scalar) ? null : $"wrong scalar: {result.Type} {result.Scalar}";
        }

        if (expected.RangeVector is { } range)
        {
            return CheckMatrix(expected, result.Matrix, range.FromMs, range.StepMs, range.ToMs);
        }

        return CheckVector(expected, result.Vector);
    }

    private static string? CheckVector(Expectations expected, IReadOnlyList<VectorSample> vector)
    {
        for (int i = 0; i < vector.Count; i++)
        {
            int index = expected.Series.FindIndex(s => s.Labels == vector[i].Labels);
            if (index < 0)
            {
                return $"unexpected series {vector[i].Labels} {vector[i].Value} {vector[i].Histogram}";
            }

            if (expected.Ordered && index != i)
            {
                return $"{vector[i].Labels} is at place {i + 1} instead of {index + 1}";
            }

            string? difference = Compare(expected.Series[index].Points[0], vector[i].Value, vector[i].Histogram);
            if (difference is not null)
            {
                return $"{vector[i].Labels}: {difference}";
            }
        }

        foreach ((Labels labels, _) in expected.Series)
        {
            if (!vector.Any(v => v.Labels == labels))
            {
                return $"missing series {labels}";
            }
        }

        return null;
    }

    private static string? CheckMatrix(Expectations expected, IReadOnlyList<MatrixSeries> matrix, long startMs, long stepMs, long endMs)
    {
        foreach (MatrixSeries series in matrix)
        {
            int index = expected.Series.FindIndex(s => s.Labels == series.Labels);
            if (index < 0)
            {
                return $"unexpected series {series.Labels}";
            }

            List<Point> points = expected.Series[index].Points;
            Dictionary<long, (double Value, FloatHistogram? Histogram)> found = PointsOf(series);
            for (int i = 0; i < points.Count; i++)
            {
                long timeMs = startMs + (i * stepMs);
                bool isThere = found.Remove(timeMs, out (double Value, FloatHistogram? Histogram) point);
                if (isThere != points[i].IsPresent)
                {
                    return $"{series.Labels} at {timeMs}: " + (isThere ? $"unexpected {point.Value} {point.Histogram}" : "missing");
                }

                string? difference = isThere ? Compare(points[i], point.Value, point.Histogram) : null;
                if (difference is not null)
                {
                    return $"{series.Labels} at {timeMs}: {difference}";
                }
            }

            if (found.Count > 0)
            {
                return $"{series.Labels}: unexpected points at {string.Join(", ", found.Keys)}";
            }
        }

        foreach ((Labels labels, List<Point> points) in expected.Series)
        {
            if (points.Exists(p => p.IsPresent) && !matrix.Any(m => m.Labels == labels))
            {
                return $"missing series {labels}";
            }
        }

        return null;
    }

    // Upstream, too, checks every instant evaluation again as one step of a range.
    private string? CheckAsRange(EvalCommand eval)
    {
        bool dependsOnRange = Regex.IsMatch(eval.Query, @"\b(start|end|step|range|sort\w*|topk|bottomk)\s*\(", RegexOptions.IgnoreCase);
        if (eval.IsRange || dependsOnRange || eval.Expected.Text is not null || eval.Expected.Scalar is not null || eval.Expected.RangeVector is not null)
        {
            return null;
        }

        try
        {
            EvalCommand around = eval with { StartMs = eval.StartMs - 60_000, EndMs = eval.StartMs + 60_000, StepMs = 60_000 };
            using QueryResult result = Query(around, asRange: true);
            var vector = new List<VectorSample>();
            foreach (MatrixSeries series in result.Matrix)
            {
                if (PointsOf(series).TryGetValue(eval.StartMs, out (double Value, FloatHistogram? Histogram) point))
                {
                    vector.Add(new VectorSample(series.Labels, eval.StartMs, point.Value, point.Histogram));
                }
            }

            return CheckVector(eval.Expected, vector) is { } reason ? "as a range: " + reason : null;
        }
        catch (QueryException e)
        {
            return "as a range: " + e.Message;
        }
    }

    private static Dictionary<long, (double Value, FloatHistogram? Histogram)> PointsOf(MatrixSeries series)
    {
        var points = new Dictionary<long, (double Value, FloatHistogram? Histogram)>();
        for (int i = 0; i < series.Timestamps.Length; i++)
        {
            points.Add(series.Timestamps.Span[i], (series.Values.Span[i], null));
        }

        for (int i = 0; i < series.HistogramTimestamps.Length; i++)
        {
            points.Add(series.HistogramTimestamps.Span[i], (0, series.Histograms.Span[i]));
        }

        return points;
    }

    private static string? Compare(Point expected, double value, FloatHistogram? histogram)
    {
        if (expected.Histogram is null)
        {
            return histogram is null && AlmostEqual(expected.Value, value)
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"{value} {histogram} instead of {expected.Value}");
        }

        if (histogram is null || !AlmostEqual(expected.Histogram, histogram))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{value} {histogram} instead of {expected.Histogram}");
        }

        return expected.HasHint && expected.Histogram.CounterResetHint != histogram.CounterResetHint
            ? $"hint {histogram.CounterResetHint} instead of {expected.Histogram.CounterResetHint}"
            : null;
    }

    private static bool AlmostEqual(FloatHistogram expected, FloatHistogram found)
    {
        FloatHistogram left = expected.Compacted();
        FloatHistogram right = found.Compacted();
        return left.Schema == right.Schema
            && AlmostEqual(left.Count, right.Count)
            && AlmostEqual(left.Sum, right.Sum)
            && AlmostEqual(left.ZeroCount, right.ZeroCount)
            && (left.UsesCustomBuckets || AlmostEqual(left.ZeroThreshold, right.ZeroThreshold))
            && left.PositiveSpans.SequenceEqual(right.PositiveSpans)
            && left.NegativeSpans.SequenceEqual(right.NegativeSpans)
            && left.PositiveBuckets.Zip(right.PositiveBuckets).All(p => AlmostEqual(p.First, p.Second))
            && left.NegativeBuckets.Zip(right.NegativeBuckets).All(p => AlmostEqual(p.First, p.Second))
            && left.CustomValues.AsSpan().SequenceEqual(right.CustomValues);
    }

    private static bool AlmostEqual(double expected, double found)
    {
        if (double.IsNaN(expected) || double.IsNaN(found))
        {
            return double.IsNaN(expected) && double.IsNaN(found);
        }

        if (expected == found)
        {
            return true;
        }

        double sum = Math.Abs(expected) + Math.Abs(found);
        double difference = Math.Abs(expected - found);
        return expected == 0 || found == 0 ? difference < Tolerance : difference / Math.Min(sum, double.MaxValue) < Tolerance;
    }
}
