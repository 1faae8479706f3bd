using System.Threading.Channels;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

/// <summary>Storage in lists that keeps the contract of <see cref="IAppender"/>: the first value of a time wins, older samples are refused.</summary>
internal sealed class RecordingStorage : IAppendable
{
    private readonly Lock _lock = new();
    private readonly List<Labels> _labels = [Labels.Empty];
    private readonly Dictionary<Labels, SeriesRef> _live = [];
    private readonly Dictionary<string, List<Sample>> _samples = new(StringComparer.Ordinal);
    private readonly Channel<IReadOnlyList<Row>> _commits = Channel.CreateUnbounded<IReadOnlyList<Row>>();

    public readonly record struct Sample(long TimestampMs, double Value)
    {
        public bool IsStale => StaleNaN.IsStale(Value);
    }

    /// <summary>A row as it was appended, accepted or not.</summary>
    public readonly record struct Row(string Series, long TimestampMs, double Value, AppendError Error)
    {
        public bool IsStale => StaleNaN.IsStale(Value);
    }

    /// <summary>Native histograms that were committed. Their rows have the count as their value.</summary>
    public List<(string Series, long TimestampMs, FloatHistogram Histogram)> Histograms { get; } = [];

    public List<(string Series, Exemplar Exemplar)> Exemplars { get; } = [];

    public List<(string Series, MetricMetadata Metadata)> Metadata { get; } = [];

    public bool WantsMetadata { get; set; }

    public bool WantsStartTimestamps { get; set; }

    /// <summary>Start timestamps other than 0 that were committed.</summary>
    public List<(string Series, long TimestampMs, long StartMs)> Starts { get; } = [];

    public int Appenders { get; private set; }

    public int Lookups { get; private set; }

    /// <summary>Thrown by the next commits, if set.</summary>
    public StorageException? Fault { get; set; }

    public IAppender OpenAppender()
    {
        Appenders++;
        return new Appender(this);
    }

    /// <summary>What was stored of a series, written <c>name{a="b"}</c>.</summary>
    public IReadOnlyList<Sample> Samples(string series)
    {
        lock (_lock)
        {
            return _samples.TryGetValue(series, out List<Sample>? samples) ? [.. samples] : [];
        }
    }

    public IReadOnlyList<string> Series
    {
        get
        {
            lock (_lock)
            {
                return [.. _samples.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Collects a series, as the head does with one that got no samples for long.</summary>
    public void Drop(string series)
    {
        lock (_lock)
        {
            _live.Remove(_live.Keys.Single(labels => Text(labels) == series));
        }
    }

    /// <summary>The rows of the next commit.</summary>
    public async Task<IReadOnlyList<Row>> NextCommitAsync() => await _commits.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    public bool HasCommit => _commits.Reader.Count > 0;

    public static string Text(Labels labels)
    {
        string others = string.Join(",", labels.ToPairs().Where(pair => pair.Key != "__name__").Select(pair => $"{pair.Key}=\"{pair.Value}\""));
        return labels.MetricName + (others.Length > 0 ? "{" + others + "}" : "");
    }

    private sealed class Appender(RecordingStorage storage) : IAppender
    {
        private readonly List<(SeriesRef Series, long TimestampMs, double Value)> _rows = [];
        private readonly List<(SeriesRef Series, Exemplar Exemplar)> _exemplars = [];
        private readonly List<(SeriesRef Series, long TimestampMs, long StartMs)> _starts = [];
        private readonly List<(SeriesRef Series, long TimestampMs, FloatHistogram Histogram)> _histograms = [];

        public SeriesRef GetOrAddSeries(Labels labels)
        {
            lock (storage._lock)
            {
                storage.Lookups++;
                if (!storage._live.TryGetValue(labels, out SeriesRef series))
                {
                    series = new SeriesRef((ulong)storage._labels.Count);
                    storage._labels.Add(labels);
                    storage._live.Add(labels, series);
                }

                return series;
            }
        }

        public void Append(SeriesRef series, long timestampMs, double value)
        {
            Assert.False(series.IsNone, "A sample without a series.");
            _rows.Add((series, timestampMs, value));
        }

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram)
        {
            _histograms.Add((series, timestampMs, histogram));
            Append(series, timestampMs, histogram.Count);
        }

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => _exemplars.Add((series, exemplar));

        public bool WantsMetadata => storage.WantsMetadata;

        public bool WantsStartTimestamps => storage.WantsStartTimestamps;

        public void SetStartTimestamp(long startTimestampMs)
        {
            if (startTimestampMs != 0)
            {
                _starts.Add((_rows[^1].Series, _rows[^1].TimestampMs, startTimestampMs));
            }
        }

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata) => storage.Metadata.Add((Text(storage._labels[(int)series.Value]), metadata));

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
        {
            if (storage.Fault is { } fault)
            {
                throw fault;
            }

            var rows = new List<Row>();
            lock (storage._lock)
            {
                for (int i = 0; i < _rows.Count; i++)
                {
                    (SeriesRef series, long timestampMs, double value) = _rows[i];
                    Labels labels = storage._labels[(int)series.Value];
                    AppendError error = Store(labels, series, new Sample(timestampMs, value));
                    rows.Add(new Row(Text(labels), timestampMs, value, error));
                    if (error != AppendError.None)
                    {
                        rejected?.Add(new RejectedSample(i, series, timestampMs, error));
                    }
                }

                storage.Histograms.AddRange(_histograms.Select(row => (Text(storage._labels[(int)row.Series.Value]), row.TimestampMs, row.Histogram)));
                storage.Starts.AddRange(_starts.Select(row => (Text(storage._labels[(int)row.Series.Value]), row.TimestampMs, row.StartMs)));
                storage.Exemplars.AddRange(_exemplars.Select(pair => (Text(storage._labels[(int)pair.Series.Value]), pair.Exemplar)));
            }

            Rollback();
            storage._commits.Writer.TryWrite(rows);
            return new CommitResult(rows.Count(row => row.Error == AppendError.None), rows.Count(row => row.Error != AppendError.None), 0);
        }

        public void Rollback()
        {
            _rows.Clear();
            _exemplars.Clear();
            _histograms.Clear();
            _starts.Clear();
        }

        public void Dispose() => Rollback();

        private AppendError Store(Labels labels, SeriesRef series, Sample sample)
        {
            if (!storage._live.TryGetValue(labels, out SeriesRef live) || live != series)
            {
                return AppendError.UnknownSeries;
            }

            if (!storage._samples.TryGetValue(Text(labels), out List<Sample>? samples))
            {
                storage._samples[Text(labels)] = samples = [];
            }

            if (samples.Count > 0 && sample.TimestampMs <= samples[^1].TimestampMs)
            {
                return sample.TimestampMs < samples[^1].TimestampMs ? AppendError.OutOfOrder
                    : BitConverter.DoubleToInt64Bits(sample.Value) == BitConverter.DoubleToInt64Bits(samples[^1].Value) ? AppendError.None
                    : AppendError.DuplicateTimestamp;
            }

            samples.Add(sample);
            return AppendError.None;
        }
    }
}
