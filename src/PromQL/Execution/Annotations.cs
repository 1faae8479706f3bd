using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution;

internal enum AnnotationLevel : byte
{
    Info,
    Warning,
}

/// <summary>The warnings and notes of one query, each text once, with the place in the query they are about.</summary>
/// <remarks>
/// A text that several places give rise to is told of one of them, as upstream does: of the last that is evaluated, and a note about monotonic buckets of the first.
/// <see cref="AddRaw"/>, and so <see cref="Warn"/> and <see cref="Inform"/>, may be called by several threads.
/// </remarks>
internal sealed class Annotations(string query)
{
    private readonly HashSet<(AnnotationLevel Level, string Text)> _raw = [];
    private readonly HashSet<(AnnotationLevel Level, string Text, PositionRange Position, PositionRange Evaluated)> _placed = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _infos = [];
    private Dictionary<(string MetricName, PositionRange Position, PositionRange Evaluated), MonotonicityRepair>? _repairs;
    private Dictionary<(string Text, PositionRange Position, PositionRange Evaluated), int>? _counted;
    private List<Dictionary<PositionRange, PositionRange>>? _twins;

    /// <summary>All warnings; call <see cref="Complete"/> first.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>All notes; call <see cref="Complete"/> first.</summary>
    public IReadOnlyList<string> Infos => _infos;

    /// <summary>Notes a warning about a place in the query.</summary>
    /// <param name="text">What it says.</param>
    /// <param name="position">The place that it names.</param>
    /// <param name="evaluated">The part of the query whose evaluation gave rise to it, if that is not the place itself.</param>
    public void Warn(string text, PositionRange position, PositionRange? evaluated = null) => Place(AnnotationLevel.Warning, text, position, evaluated ?? position);

    /// <summary>The same for a note.</summary>
    public void Inform(string text, PositionRange position, PositionRange? evaluated = null) => Place(AnnotationLevel.Info, text, position, evaluated ?? position);

    /// <summary>A part of the query that is computed once stands in two places: what its evaluation says of one is true of the other.</summary>
    public void AddTwin(PlanNode node, PlanNode twin)
    {
        if (ReferenceEquals(node, twin))
        {
            return;
        }

        var places = new Dictionary<PositionRange, PositionRange>();
        Collect(node, twin);
        (_twins ??= []).Add(places);

        void Collect(PlanNode node, PlanNode twin)
        {
            places[node.Position] = twin.Position;
            for (int i = 0; i < node.Children.Count; i++)
            {
                Collect(node.Children[i], twin.Children[i]);
            }
        }
    }

    /// <summary>Notes a warning that says how often it occurred. Several threads may.</summary>
    public void WarnCounted(string text, PositionRange position, PositionRange evaluated)
    {
        lock (_placed)
        {
            _counted ??= [];
            _counted[(text, position, evaluated)] = _counted.GetValueOrDefault((text, position, evaluated)) + 1;
        }
    }

    /// <summary>Notes something that is about no place in the query.</summary>
    public void AddRaw(AnnotationLevel level, string text)
    {
        lock (_placed)
        {
            if (_raw.Add((level, text)))
            {
                (level == AnnotationLevel.Warning ? _warnings : _infos).Add(text);
            }
        }
    }

    /// <summary>Notes that bucket counts had to be made monotonic. Repairs of one metric become one note.</summary>
    public void AddMonotonicityRepair(string metricName, PositionRange position, PositionRange evaluated, in MonotonicityRepair repair)
    {
        _repairs ??= [];
        (string, PositionRange, PositionRange) key = (metricName, position, evaluated);
        _repairs[key] = _repairs.TryGetValue(key, out MonotonicityRepair known) ? known.Merge(repair) : repair;
    }

    /// <summary>Turns what was noted into texts.</summary>
    public void Complete()
    {
        foreach (((string text, PositionRange position, PositionRange evaluated), int count) in _counted ?? [])
        {
            Warn(count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{text} ({count} occurrences)") : text, position, evaluated);
        }

        RepeatForTwins();
        foreach (var places in _placed.GroupBy(placed => (placed.Level, placed.Text)))
        {
            Tell(places.Key.Level, places.Key.Text, places.Aggregate((one, other) => IsBefore(one.Evaluated, other.Evaluated) ? other : one).Position);
        }

        foreach (var repairs in (_repairs ?? []).GroupBy(repair => repair.Key.MetricName))
        {
            Tell(
                AnnotationLevel.Info,
                "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
                ForMetric(repairs.Key) + repairs.Select(repair => repair.Value).Aggregate((one, other) => one.Merge(other)).Describe(),
                repairs.Aggregate((one, other) => IsBefore(other.Key.Evaluated, one.Key.Evaluated) ? other : one).Key.Position);
        }
    }

    // Evaluated are operands from left to right, and what is around them afterwards.
    private static bool IsBefore(PositionRange one, PositionRange other) => one.End != other.End ? one.End < other.End : one.Start > other.Start;

    // Until nothing is added: a twin may have twins of its own.
    private void RepeatForTwins()
    {
        bool added = _twins is not null;
        while (added)
        {
            added = false;
            foreach (Dictionary<PositionRange, PositionRange> twins in _twins!)
            {
                foreach ((AnnotationLevel level, string text, PositionRange position, PositionRange evaluated) in _placed.Where(placed => twins.ContainsKey(placed.Evaluated)).ToArray())
                {
                    added |= _placed.Add((level, text, TwinOf(position, evaluated, twins), twins[evaluated]));
                }

                foreach (((string metricName, PositionRange position, PositionRange evaluated), MonotonicityRepair repair) in (_repairs ?? []).Where(repair => twins.ContainsKey(repair.Key.Evaluated)).ToArray())
                {
                    added |= _repairs!.TryAdd((metricName, TwinOf(position, evaluated, twins), twins[evaluated]), repair);
                }
            }
        }
    }

    // A place that is no part of its own, as that of an operator in parentheses, lies where it lies in the part that was evaluated.
    private static PositionRange TwinOf(PositionRange position, PositionRange evaluated, Dictionary<PositionRange, PositionRange> twins)
    {
        if (twins.TryGetValue(position, out PositionRange twin) || position == default)
        {
            return twin;
        }

        int shift = twins[evaluated].Start - evaluated.Start;
        return new PositionRange(position.Start + shift, position.End + shift);
    }

    private void Place(AnnotationLevel level, string text, PositionRange position, PositionRange evaluated)
    {
        lock (_placed)
        {
            _placed.Add((level, text, position, evaluated));
        }
    }

    private void Tell(AnnotationLevel level, string text, PositionRange position) =>
        AddRaw(level, $"PromQL {(level == AnnotationLevel.Warning ? "warning" : "info")}: {text} ({Locate(position)})");

    /// <summary>The words that name a metric, or nothing if it has no name.</summary>
    public static string ForMetric(string metricName) => metricName.Length == 0 ? "" : " for metric name " + GoQuote.Quote(metricName);

    // Line and column, both from 1, the column in bytes as editors of the query language count it.
    private string Locate(PositionRange position)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(query);
        int start = Math.Clamp(position.Start, 0, bytes.Length);
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < start; i++)
        {
            if (bytes[i] == '\n')
            {
                line++;
                lineStart = i + 1;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{line}:{start - lineStart + 1}");
    }
}

/// <summary>How far the buckets of a classic histogram were from being monotonic.</summary>
internal readonly record struct MonotonicityRepair(double MinBucket, double MaxBucket, double MaxDifference, long MinTimestampMs, long MaxTimestampMs, int Count)
{
    public MonotonicityRepair Merge(in MonotonicityRepair other) => new(
        Math.Min(MinBucket, other.MinBucket),
        Math.Max(MaxBucket, other.MaxBucket),
        Math.Max(MaxDifference, other.MaxDifference),
        Math.Min(MinTimestampMs, other.MinTimestampMs),
        Math.Max(MaxTimestampMs, other.MaxTimestampMs),
        Count + other.Count);

    /// <summary>What follows the text of the note, in upstream's formats: the difference with two significant digits.</summary>
    public string Describe()
    {
        string difference = double.IsFinite(MaxDifference) ? MaxDifference.ToString("g2", CultureInfo.InvariantCulture) : FloatFormat.FormatGeneral(MaxDifference);
        return string.Create(
            CultureInfo.InvariantCulture,
            $", from buckets {FloatFormat.FormatGeneral(MinBucket)} to {FloatFormat.FormatGeneral(MaxBucket)}, with a max diff of {difference}, over {Count} samples from {Time(MinTimestampMs)} to {Time(MaxTimestampMs)}");
    }

    private static string Time(long timestampMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
