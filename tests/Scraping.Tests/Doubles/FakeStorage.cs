using System.Threading.Channels;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

/// <summary>A sample that was committed.</summary>
internal sealed record Stored(Labels Labels, long TimestampMs, double Value)
{
    public bool IsStale => StaleNaN.IsStale(Value);

    public override string ToString() => $"{Labels} {(IsStale ? "stale" : FloatFormat.FormatPlain(Value))} @{TimestampMs}";
}

/// <summary>Keeps every commit; refuses what a real head refuses: older samples, changed values at the same time, collected series.</summary>
internal sealed class FakeStorage : IAppendable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Labels, ulong> _ids = [];
    private readonly Dictionary<ulong, (Labels Labels, long TimestampMs, double Value)> _series = [];
    private readonly Channel<List<Stored>> _commits = Channel.CreateUnbounded<List<Stored>>();
    private ulong _nextId;

    public int LookUps { get; private set; }

    public List<Exemplar> Exemplars { get; } = [];

    public int OpenAppenders { get; private set; }

    public IAppender OpenAppender()
    {
        OpenAppenders++;
        return new Appender(this);
    }

    /// <summary>The next commit, in the order of the commits.</summary>
    public async Task<List<Stored>> NextCommitAsync() => await _commits.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool TryTakeCommit(out List<Stored>? commit) => _commits.Reader.TryRead(out commit);

    /// <summary>Forgets a series as a head does that has not seen samples for long.</summary>
    public void Collect(string metric)
    {
        lock (_lock)
        {
            foreach ((Labels labels, ulong id) in _ids.Where(entry => entry.Key.MetricName == metric).ToArray())
            {
                _ids.Remove(labels);
                _series.Remove(id);
            }
        }
    }

    private sealed class Appender(FakeStorage storage) : IAppender
    {
        private readonly List<(SeriesRef Series, long TimestampMs, double Value)> _rows = [];

        public SeriesRef GetOrAddSeries(Labels labels)
        {
            lock (storage._lock)
            {
                storage.LookUps++;
                if (!storage._ids.TryGetValue(labels, out ulong id))
                {
                    id = ++storage._nextId;
                    storage._ids.Add(labels, id);
                    storage._series.Add(id, (labels, long.MinValue, 0));
                }

                return new SeriesRef(id);
            }
        }

        public void Append(SeriesRef series, long timestampMs, double value)
        {
            Assert.False(series.IsNone);
            _rows.Add((series, timestampMs, value));
        }

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => throw new NotSupportedException();

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => storage.Exemplars.Add(exemplar);

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
        {
        }

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
        {
            var commit = new List<Stored>();
            int refused = 0;
            lock (storage._lock)
            {
                for (int row = 0; row < _rows.Count; row++)
                {
                    (SeriesRef series, long timestampMs, double value) = _rows[row];
                    AppendError error = Check(series, timestampMs, value);
                    if (error != AppendError.None)
                    {
                        refused++;
                        rejected?.Add(new RejectedSample(row, series, timestampMs, error));
                        continue;
                    }

                    Labels labels = storage._series[series.Value].Labels;
                    storage._series[series.Value] = (labels, timestampMs, value);
                    commit.Add(new Stored(labels, timestampMs, value));
                }
            }

            _rows.Clear();
            storage._commits.Writer.TryWrite(commit);
            return new CommitResult(commit.Count, refused, 0);
        }

        public void Rollback() => _rows.Clear();

        public void Dispose() => Rollback();

        private AppendError Check(SeriesRef series, long timestampMs, double value)
        {
            if (!storage._series.TryGetValue(series.Value, out var last))
            {
                return AppendError.UnknownSeries;
            }

            return timestampMs < last.TimestampMs ? AppendError.OutOfOrder
                : timestampMs == last.TimestampMs && BitConverter.DoubleToInt64Bits(value) != BitConverter.DoubleToInt64Bits(last.Value) ? AppendError.DuplicateTimestamp
                : AppendError.None;
        }
    }
}
