using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Web.Tests.Doubles;

/// <summary>A storage in plain lists: correct, slow, and it remembers what it was asked.</summary>
internal sealed class FakeStorage : IQueryableStorage
{
    public List<(Labels Labels, List<(long TimestampMs, double Value)> Samples)> Series { get; } = [];

    public TimeRange LastRange { get; private set; }

    public Exception? Failure { get; set; }

    public FakeStorage Add(Labels labels, params (long TimestampMs, double Value)[] samples)
    {
        Series.Add((labels, [.. samples]));
        return this;
    }

    public IQuerier OpenQuerier(TimeRange range)
    {
        LastRange = range;
        return Failure is null ? new Querier(this, range) : throw Failure;
    }

    private sealed class Querier(FakeStorage storage, TimeRange range) : IQuerier
    {
        public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken) =>
            new Selection([.. Matching(matchers).OrderBy(series => series.Labels)], range);

        public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            Limited(Matching(matchers).SelectMany(series => series.Labels.ToPairs()).Select(pair => pair.Key), limit);

        public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            Limited(Matching(matchers).Select(series => series.Labels[name]).Where(value => value.Length > 0), limit);

        public void Dispose()
        {
        }

        private static LabelQueryResult Limited(IEnumerable<string> values, int limit)
        {
            string[] all = [.. values.Distinct().Order(StringComparer.Ordinal)];
            return new LabelQueryResult(limit > 0 ? [.. all.Take(limit)] : all, limit > 0 && all.Length > limit, []);
        }

        private IEnumerable<(Labels Labels, List<(long TimestampMs, double Value)> Samples)> Matching(IReadOnlyList<LabelMatcher> matchers) =>
            storage.Series.Where(series => matchers.All(m => m.Matches(series.Labels.GetValueOrEmpty(m.NameUtf8.Span))));
    }

    private sealed class Selection((Labels Labels, List<(long TimestampMs, double Value)> Samples)[] series, TimeRange range) : ISeriesSelection
    {
        public int Count => series.Length;

        public IReadOnlyList<string> Warnings => [];

        public Labels GetLabels(int index) => series[index].Labels;

        public void ReadSamples(int index, SampleBuffer samples)
        {
            foreach ((long timestampMs, double value) in series[index].Samples)
            {
                if (range.Contains(timestampMs))
                {
                    samples.Append(timestampMs, value);
                }
            }
        }

        public void Dispose()
        {
        }
    }
}
