using System.Globalization;
using Narthex.Model;

namespace Narthex.PromQL.Tests.TestLanguage;

/// <summary>Carries out <c>load</c> commands.</summary>
internal static class ScriptLoader
{
    public static void Load(LoadCommand command, MemoryStorage storage)
    {
        var loaded = new List<(Labels Labels, List<Point> Points)>();
        (Labels Labels, List<Point> Points)? starts = null;
        foreach (string line in command.Series)
        {
            (Labels labels, bool isStartTimes, List<Point> points) = SeriesNotation.Parse(line);
            if (isStartTimes)
            {
                starts = (labels, points);
                continue;
            }

            if (starts is { } above && (above.Labels != labels || above.Points.Count != points.Count))
            {
                throw new FormatException("Start times do not fit the samples below them: " + line);
            }

            loaded.Add((labels, points));
            for (int i = 0; i < points.Count; i++)
            {
                if (points[i].IsPresent)
                {
                    long timeMs = i * command.IntervalMs;
                    long startMs = starts is { } known && known.Points[i].IsPresent ? timeMs + (long)known.Points[i].Value : 0;
                    storage.Append(labels, timeMs, points[i].Value, points[i].Histogram, startMs);
                }
            }

            starts = null;
        }

        if (command.WithCustomBuckets)
        {
            AddCustomBucketHistograms(command, loaded, storage);
        }
    }

    private static void AddCustomBucketHistograms(LoadCommand command, List<(Labels Labels, List<Point> Points)> loaded, MemoryStorage storage)
    {
        var histograms = new Dictionary<Labels, SortedDictionary<long, Classic>>();
        foreach ((Labels labels, List<Point> points) in loaded)
        {
            string name = labels.MetricName;
            string suffix = name.EndsWith("_bucket", StringComparison.Ordinal) ? "_bucket"
                : name.EndsWith("_sum", StringComparison.Ordinal) ? "_sum"
                : name.EndsWith("_count", StringComparison.Ordinal) ? "_count" : "";
            if (suffix.Length == 0)
            {
                continue;
            }

            Labels target = new LabelsBuilder().Reset(labels).Set("__name__", name[..^suffix.Length]).Remove("le"u8).ToLabels();
            if (!histograms.TryGetValue(target, out SortedDictionary<long, Classic>? byTime))
            {
                histograms.Add(target, byTime = []);
            }

            for (int i = 0; i < points.Count; i++)
            {
                if (!points[i].IsPresent)
                {
                    continue;
                }

                if (!byTime.TryGetValue(i * command.IntervalMs, out Classic? classic))
                {
                    byTime.Add(i * command.IntervalMs, classic = new Classic());
                }

                if (suffix == "_bucket")
                {
                    classic.Buckets[SeriesNotation.ParseNumber(labels["le"])] = points[i].Value;
                }
                else if (suffix == "_sum")
                {
                    classic.Sum = points[i].Value;
                }
            }
        }

        foreach ((Labels labels, SortedDictionary<long, Classic> byTime) in histograms)
        {
            foreach ((long timestampMs, Classic classic) in byTime)
            {
                storage.Append(labels, timestampMs, 0, classic.ToHistogram());
            }
        }
    }

    private sealed class Classic
    {
        public SortedDictionary<double, double> Buckets { get; } = [];

        public double Sum { get; set; }

        public FloatHistogram ToHistogram()
        {
            double previous = 0;
            var counts = new List<double>();
            foreach (double cumulative in Buckets.Values)
            {
                counts.Add(cumulative - previous);
                previous = cumulative;
            }

            return new FloatHistogram
            {
                Schema = FloatHistogram.CustomBucketsSchema,
                Count = previous,
                Sum = Sum,
                CustomValues = [.. Buckets.Keys.Where(double.IsFinite)],
                PositiveSpans = [new HistogramSpan(0, (uint)counts.Count)],
                PositiveBuckets = [.. counts],
            }.Compacted();
        }
    }
}
