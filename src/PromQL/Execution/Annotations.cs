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
/// <remarks><see cref="AddRaw"/>, and so <see cref="Warn"/> and <see cref="Inform"/>, may be called by several threads.</remarks>
internal sealed class Annotations(string query)
{
    private readonly HashSet<(AnnotationLevel Level, string Text)> _seen = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _infos = [];
    private Dictionary<(PositionRange Position, string MetricName), MonotonicityRepair>? _repairs;
    private Dictionary<(PositionRange Position, string Text), int>? _counted;
    private readonly HashSet<(AnnotationLevel Level, string Text, PositionRange Position)> _placed = [];
    private List<(PositionRange Position, PositionRange Twin)>? _twins;

    /// <summary>All warnings so far.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>All notes so far; call <see cref="Complete"/> first.</summary>
    public IReadOnlyList<string> Infos => _infos;

    public void Warn(string text, PositionRange position) => Place(AnnotationLevel.Warning, text, position);

    public void Inform(string text, PositionRange position) => Place(AnnotationLevel.Info, text, position);

    /// <summary>A part of the query that is computed once stands in two places: what is said about one is true of the other.</summary>
    public void AddTwin(PlanNode node, PlanNode twin)
    {
        (_twins ??= []).Add((node.Position, twin.Position));
        for (int i = 0; i < node.Children.Count; i++)
        {
            AddTwin(node.Children[i], twin.Children[i]);
        }
    }

    /// <summary>Notes a warning that says how often it occurred. Several threads may.</summary>
    public void WarnCounted(string text, PositionRange position)
    {
        lock (_seen)
        {
            _counted ??= [];
            _counted[(position, text)] = _counted.GetValueOrDefault((position, text)) + 1;
        }
    }

    public void AddRaw(AnnotationLevel level, string text)
    {
        lock (_seen)
        {
            if (_seen.Add((level, text)))
            {
                (level == AnnotationLevel.Warning ? _warnings : _infos).Add(text);
            }
        }
    }

    /// <summary>Notes that bucket counts had to be made monotonic. Repairs of one metric at one place become one note.</summary>
    public void AddMonotonicityRepair(string metricName, PositionRange position, in MonotonicityRepair repair)
    {
        _repairs ??= [];
        (PositionRange, string) key = (position, metricName);
        _repairs[key] = _repairs.TryGetValue(key, out MonotonicityRepair known) ? known.Merge(repair) : repair;
    }

    /// <summary>Turns collected repairs and counted warnings into notes.</summary>
    public void Complete()
    {
        foreach (((PositionRange position, string text), int count) in _counted ?? [])
        {
            Warn(count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{text} ({count} occurrences)") : text, position);
        }

        _counted = null;
        foreach (((PositionRange position, string metricName), MonotonicityRepair repair) in _repairs ?? [])
        {
            Inform(
                "input to histogram_quantile needed to be fixed for monotonicity " +
                "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
                ForMetric(metricName) + repair.Describe(),
                position);
        }

        _repairs = null;
        RepeatForTwins();
    }

    // Until nothing is added: a twin may have twins of its own.
    private void RepeatForTwins()
    {
        for (int before = -1; _twins is not null && before != _placed.Count;)
        {
            before = _placed.Count;
            foreach ((PositionRange position, PositionRange twin) in _twins)
            {
                foreach ((AnnotationLevel level, string text, _) in _placed.Where(placed => placed.Position == position).ToArray())
                {
                    Place(level, text, twin);
                }
            }
        }
    }

    private void Place(AnnotationLevel level, string text, PositionRange position)
    {
        lock (_seen)
        {
            if (!_placed.Add((level, text, position)))
            {
                return;
            }
        }

        AddRaw(level, $"PromQL {(level == AnnotationLevel.Warning ? "warning" : "info")}: {text} ({Locate(position)})");
    }

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

    public string Describe()
    {
        string times = MinTimestampMs == MaxTimestampMs ? $" at {Time(MinTimestampMs)}" : $" from {Time(MinTimestampMs)} to {Time(MaxTimestampMs)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $", from buckets {FloatFormat.FormatGeneral(MinBucket)} to {FloatFormat.FormatGeneral(MaxBucket)}, with a max diff of {MaxDifference:G2}, over {Count} samples{times}");
    }

    private static string Time(long timestampMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
