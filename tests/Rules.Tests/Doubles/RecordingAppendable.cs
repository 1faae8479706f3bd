using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Rules.Tests.Doubles;

/// <summary>A sample that was stored; a staleness marker as null.</summary>
internal sealed record StoredSample(string Series, long TimestampMs, double? Value);

/// <summary>Keeps what is committed, in its order.</summary>
internal sealed class RecordingAppendable : IAppendable
{
    private readonly Lock _lock = new();
    private readonly List<Labels> _series = [];
    private readonly List<StoredSample> _samples = [];

    public IReadOnlyList<StoredSample> Samples
    {
        get
        {
            lock (_lock)
            {
                return [.. _samples];
            }
        }
    }

    public IAppender OpenAppender() => new Appender(this);

    private sealed class Appender(RecordingAppendable owner) : IAppender
    {
        private readonly List<StoredSample> _rows = [];

        public SeriesRef GetOrAddSeries(Labels labels)
        {
            lock (owner._lock)
            {
                int place = owner._series.IndexOf(labels);
                if (place < 0)
                {
                    owner._series.Add(labels);
                    place = owner._series.Count - 1;
                }

                return new SeriesRef((ulong)place + 1);
            }
        }

        public void Append(SeriesRef series, long timestampMs, double value)
        {
            lock (owner._lock)
            {
                _rows.Add(new(owner._series[(int)series.Value - 1].ToString(), timestampMs, StaleNaN.IsStale(value) ? null : value));
            }
        }

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => throw new NotSupportedException();

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => throw new NotSupportedException();

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata) => throw new NotSupportedException();

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
        {
            lock (owner._lock)
            {
                owner._samples.AddRange(_rows);
            }

            int count = _rows.Count;
            _rows.Clear();
            return new CommitResult(count, 0, 0);
        }

        public void Rollback() => _rows.Clear();

        public void Dispose() => Rollback();
    }
}
