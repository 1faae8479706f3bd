using System.Runtime.InteropServices;
using Narthex.Model;

namespace Narthex.Storage;

/// <summary>The series of several selections, each once. For each series it keeps its labels and its place in each selection.</summary>
internal sealed class MergedSelection : ISeriesSelection
{
    private const int CancellationInterval = 1024;

    private readonly IReadOnlyList<ISeriesSelection> _selections;
    private readonly List<Labels> _labels = [];

    // Row by series, column by selection: the place there plus one; 0 if it is not there.
    private readonly List<int> _places = [];

    private MergedSelection(IReadOnlyList<ISeriesSelection> selections)
    {
        _selections = selections;
        Warnings = [.. selections.SelectMany(selection => selection.Warnings)];
    }

    public int Count => _labels.Count;

    public IReadOnlyList<string> Warnings { get; }

    public static MergedSelection Merge(IReadOnlyList<ISeriesSelection> selections, bool sorted, CancellationToken cancellationToken)
    {
        var merged = new MergedSelection(selections);
        if (sorted)
        {
            merged.MergeSorted(cancellationToken);
        }
        else
        {
            merged.MergeByHash(cancellationToken);
        }

        return merged;
    }

    public Labels GetLabels(int series) => _labels[series];

    public bool MayHaveLabel(ReadOnlySpan<byte> name)
    {
        foreach (ISeriesSelection selection in _selections)
        {
            if (selection.MayHaveLabel(name))
            {
                return true;
            }
        }

        return false;
    }

    public void ReadSamples(int series, SampleBuffer samples) => Read(series, latestMs: null, samples);

    public void ReadLatest(int series, long timestampMs, SampleBuffer samples) => Read(series, timestampMs, samples);

    public void Dispose()
    {
        foreach (ISeriesSelection selection in _selections)
        {
            selection.Dispose();
        }
    }

    private void Read(int series, long? latestMs, SampleBuffer samples)
    {
        int start = samples.Count;
        ReadOnlySpan<int> row = CollectionsMarshal.AsSpan(_places).Slice(series * _selections.Count, _selections.Count);
        for (int i = 0; i < row.Length; i++)
        {
            if (row[i] == 0)
            {
                continue;
            }

            int runStart = samples.Count;
            if (latestMs is { } timestampMs)
            {
                _selections[i].ReadLatest(row[i] - 1, timestampMs, samples);
            }
            else
            {
                _selections[i].ReadSamples(row[i] - 1, samples);
            }

            SampleMerging.MergeRun(samples, start, runStart);
        }
    }

    private void MergeSorted(CancellationToken cancellationToken)
    {
        var heads = new PriorityQueue<int, Labels>(_selections.Count);
        int[] next = new int[_selections.Count];
        for (int i = 0; i < next.Length; i++)
        {
            Advance(i);
        }

        while (heads.TryDequeue(out int selection, out Labels labels))
        {
            if (_labels.Count == 0 || _labels[^1] != labels)
            {
                if (_labels.Count % CancellationInterval == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                AddRow(labels);
            }

            _places[((_labels.Count - 1) * _selections.Count) + selection] = next[selection];
            Advance(selection);
        }

        void Advance(int selection)
        {
            if (next[selection] < _selections[selection].Count)
            {
                heads.Enqueue(selection, _selections[selection].GetLabels(next[selection]));
                next[selection]++;
            }
        }
    }

    private void MergeByHash(CancellationToken cancellationToken)
    {
        var rows = new Dictionary<Labels, int>();
        for (int selection = 0; selection < _selections.Count; selection++)
        {
            int count = _selections[selection].Count;
            for (int i = 0; i < count; i++)
            {
                if (i % CancellationInterval == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                Labels labels = _selections[selection].GetLabels(i);
                ref int row = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, labels, out bool exists);
                if (!exists)
                {
                    row = _labels.Count;
                    AddRow(labels);
                }

                _places[(row * _selections.Count) + selection] = i + 1;
            }
        }
    }

    private void AddRow(Labels labels)
    {
        _labels.Add(labels);
        CollectionsMarshal.SetCount(_places, _places.Count + _selections.Count);
        CollectionsMarshal.AsSpan(_places)[^_selections.Count..].Clear();
    }
}
