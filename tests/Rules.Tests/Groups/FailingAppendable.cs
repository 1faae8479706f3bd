using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Rules.Tests.Groups;

/// <summary>A storage whose disk is full while one wants it to be.</summary>
internal sealed class FailingAppendable(IAppendable inner) : IAppendable
{
    public bool IsFailing { get; set; }

    public IAppender OpenAppender() => new Appender(this, inner.OpenAppender());

    private sealed class Appender(FailingAppendable owner, IAppender inner) : IAppender
    {
        public SeriesRef GetOrAddSeries(Labels labels) => inner.GetOrAddSeries(labels);

        public void Append(SeriesRef series, long timestampMs, double value) => inner.Append(series, timestampMs, value);

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => inner.Append(series, timestampMs, histogram);

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => inner.AppendExemplar(series, exemplar);

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata) => inner.UpdateMetadata(series, metadata);

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null) =>
            owner.IsFailing ? throw new StorageException("no space left on device") : inner.Commit(rejected);

        public void Rollback() => inner.Rollback();

        public void Dispose() => inner.Dispose();
    }
}
