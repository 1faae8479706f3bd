using Narthex.Model;
using Narthex.Storage;

namespace Narthex.PromQL.Tests.TestLanguage;

/// <summary>A storage in plain lists: what the engine's tests run on. Counter reset hints come out as a real storage gives them.</summary>
internal sealed class MemoryStorage : IQueryableStorage
{
    private readonly SortedDictionary<Labels, List<Sample>> _series = [];

    public int SeriesCount => _series.Count;

    /// <summary>Called at each read of a series: lets a test interfere.</summary>
    public Action? OnRead { get; set; }

    /// <summary>Called when all labels of a series are read.</summary>
    public Action? OnLabels { get; set; }

    /// <summary>Called when some of the labels of a series are read.</summary>
    public Action<LabelProjection>? OnProjection { get; set; }

    public void Clear() => _series.Clear();

    public void Append(Labels labels, long timestampMs, double value, FloatHistogram? histogram = null, long startMs = 0)
    {
        if (!_series.TryGetValue(labels, out List<Sample>? samples))
        {
            samples = [];
            _series.Add(labels, samples);
        }

        var sample = new Sample(timestampMs, value, histogram, startMs);
        int index = samples.FindIndex(s => s.TimestampMs >= timestampMs);
        if (index >= 0 && samples[index].TimestampMs == timestampMs)
        {
            samples[index] = sample;
        }
        else
        {
            samples.Insert(index < 0 ? samples.Count : index, sample);
        }
    }

    public IQuerier OpenQuerier(TimeRange range) => new Querier(this, range);

    // A real storage cuts a chunk at a reset, and says so; within a chunk it says that there was none.
    private static FloatHistogram WithStoredHint(FloatHistogram histogram, FloatHistogram? previous)
    {
        FloatHistogram stored = histogram.Copy();
        if (histogram.CounterResetHint is CounterResetHint.Gauge or CounterResetHint.CounterReset)
        {
            return stored;
        }

        if (previous is null || previous.CounterResetHint == CounterResetHint.Gauge || previous.IsStale)
        {
            stored.CounterResetHint = CounterResetHint.Unknown;
            return stored;
        }

        FloatHistogram unhinted = histogram.Copy();
        unhinted.CounterResetHint = CounterResetHint.Unknown;
        bool sameLayout = previous.Schema == histogram.Schema
            && previous.ZeroThreshold == histogram.ZeroThreshold
            && previous.CustomValues.AsSpan().SequenceEqual(histogram.CustomValues);
        stored.CounterResetHint = !sameLayout ? CounterResetHint.Unknown
            : unhinted.DetectReset(previous) ? CounterResetHint.CounterReset
            : CounterResetHint.NotCounterReset;
        return stored;
    }

    private readonly record struct Sample(long TimestampMs, double Value, FloatHistogram? Histogram, long StartMs);

    private sealed class Querier(MemoryStorage storage, TimeRange range) : IQuerier
    {
        public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken)
        {
            var found = new List<KeyValuePair<Labels, List<Sample>>>();
            foreach (KeyValuePair<Labels, List<Sample>> series in storage._series)
            {
                if (matchers.All(m => m.Matches(series.Key.GetValueOrEmpty(m.NameUtf8.Span))))
                {
                    found.Add(series);
                }
            }

            return new Selection(storage, found, range);
        }

        public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    private sealed class Selection(MemoryStorage storage, List<KeyValuePair<Labels, List<Sample>>> series, TimeRange range) : ISeriesSelection
    {
        public int Count => series.Count;

        public IReadOnlyList<string> Warnings => [];

        public Labels GetLabels(int index)
        {
            storage.OnLabels?.Invoke();
            return series[index].Key;
        }

        public Labels GetLabels(int index, LabelProjection projection)
        {
            storage.OnProjection?.Invoke(projection);
            return projection.Of(series[index].Key);
        }

        public bool MayHaveLabel(ReadOnlySpan<byte> name)
        {
            foreach (KeyValuePair<Labels, List<Sample>> one in series)
            {
                if (one.Key.Contains(name))
                {
                    return true;
                }
            }

            return false;
        }

        public void ReadSamples(int index, SampleBuffer samples) => Read(index, long.MinValue, long.MaxValue, samples);

        // One sample and no other, so that a query that needs more of them fails.
        public void ReadLatest(int index, long timestampMs, SampleBuffer samples)
        {
            long latestMs = series[index].Value.Select(sample => sample.TimestampMs).Where(time => time <= timestampMs && range.Contains(time)).DefaultIfEmpty(long.MaxValue).Max();
            Read(index, latestMs, latestMs, samples);
        }

        private void Read(int index, long fromMs, long toMs, SampleBuffer samples)
        {
            storage.OnRead?.Invoke();
            FloatHistogram? previous = null;
            foreach (Sample sample in series[index].Value)
            {
                FloatHistogram? histogram = sample.Histogram is null ? null : WithStoredHint(sample.Histogram, previous);
                previous = sample.Histogram;
                if (!range.Contains(sample.TimestampMs) || sample.TimestampMs < fromMs || sample.TimestampMs > toMs)
                {
                    continue;
                }

                if (histogram is null)
                {
                    samples.Append(sample.TimestampMs, sample.Value);
                }
                else
                {
                    samples.Append(sample.TimestampMs, histogram);
                }

                samples.SetStartTimestamp(sample.StartMs);
            }
        }

        public void Dispose()
        {
        }
    }
}
