using Narthex.Model;
using Narthex.Storage;

namespace Narthex.RemoteStorage.Tests;

/// <summary>Storage that remembers what it got, and refuses what it is told to.</summary>
internal sealed class RecordingStorage : IAppendable
{
    public List<Labels> Series { get; } = [];

    public List<(Labels Labels, long TimestampMs, double Value, FloatHistogram? Histogram)> Samples { get; } = [];

    public List<(Labels Labels, Exemplar Exemplar)> Exemplars { get; } = [];

    /// <summary>Says why a row is refused.</summary>
    public Func<Labels, long, AppendError> Judge { get; set; } = (_, _) => AppendError.None;

    /// <summary>What it says stands where a row was to go; null for a histogram.</summary>
    public double? Existing { get; set; } = 1;

    public int Lookups { get; private set; }

    public string? Failure { get; set; }

    public IAppender OpenAppender() => new Appender(this);

    private sealed class Appender(RecordingStorage storage) : IAppender
    {
        private readonly List<(SeriesRef Series, long TimestampMs, double Value, FloatHistogram? Histogram)> _rows = [];

        public SeriesRef GetOrAddSeries(Labels labels)
        {
            storage.Lookups++;
            int index = storage.Series.IndexOf(labels);
            if (index < 0)
            {
                index = storage.Series.Count;
                storage.Series.Add(labels);
            }

            return new SeriesRef((ulong)index + 1);
        }

        public void Append(SeriesRef series, long timestampMs, double value) => _rows.Add((series, timestampMs, value, null));

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => _rows.Add((series, timestampMs, 0, histogram));

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => storage.Exemplars.Add((Labels(series), exemplar));

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
        {
        }

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null)
        {
            if (storage.Failure is { } failure)
            {
                throw new StorageException(failure);
            }

            int refused = 0;
            for (int i = 0; i < _rows.Count; i++)
            {
                var row = _rows[i];
                AppendError error = storage.Judge(Labels(row.Series), row.TimestampMs);
                if (error == AppendError.None)
                {
                    storage.Samples.Add((Labels(row.Series), row.TimestampMs, row.Value, row.Histogram));
                }
                else
                {
                    refused++;
                    rejected?.Add(new RejectedSample(i, row.Series, row.TimestampMs, error)
                    {
                        Value = row.Histogram is null ? row.Value : null,
                        Existing = storage.Existing,
                    });
                }
            }

            var result = new CommitResult(_rows.Count - refused, refused, 0);
            _rows.Clear();
            return result;
        }

        public void Rollback() => _rows.Clear();

        public void Dispose() => Rollback();

        private Labels Labels(SeriesRef series) => storage.Series[(int)series.Value - 1];
    }
}
