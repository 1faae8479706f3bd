using System.Globalization;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Very many series with one sample each, at 0, made only when they are asked for.</summary>
internal sealed class HugeStorage(int count) : IQueryableStorage
{
    private readonly Labels[] _labels =
        [.. Enumerable.Range(0, count).Select(i => Labels.FromStrings("__name__", "x_total", "i", i.ToString("D7", CultureInfo.InvariantCulture)))];

    private int _reads;

    /// <summary>How often a series was read.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Called at each read with its number, from 1.</summary>
    public Action<int>? OnRead { get; set; }

    public IQuerier OpenQuerier(TimeRange range) => new Querier(this);

    private sealed class Querier(HugeStorage storage) : IQuerier
    {
        public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken) => new Selection(storage);

        public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    private sealed class Selection(HugeStorage storage) : ISeriesSelection
    {
        public int Count => storage._labels.Length;

        public IReadOnlyList<string> Warnings => [];

        public Labels GetLabels(int series) => storage._labels[series];

        public void ReadSamples(int series, SampleBuffer samples)
        {
            int read = Interlocked.Increment(ref storage._reads);
            storage.OnRead?.Invoke(read);
            samples.Append(0, 1);
        }

        public void Dispose()
        {
        }
    }
}
