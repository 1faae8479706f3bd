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
        // Most series are in most selections: then one comparison per selection finds the lowest head and all that equal it.
        var heads = new Labels?[_selections.Count];
        int[] places = new int[_selections.Count];
        for (int i = 0; i < heads.Length; i++)
        {
            Advance(i);
        }

        int[] lowest = new int[_selections.Count];
        while (FindLowest(heads, lowest) is var count and > 0)
        {
            if (_labels.Count % CancellationInterval == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            AddRow(heads[lowest[0]]!.Value);
            foreach (int selection in lowest.AsSpan(0, count))
            {
                _places[((_labels.Count - 1) * _selections.Count) + selection] = places[selection];
                Advance(selection);
            }
        }

        void Advance(int selection)
        {
            heads[selection] = places[selection] < _selections[selection].Count ? _selections[selection].GetLabels(places[selection]) : null;
            places[selection]++;
        }
    }

    // A head that is null has come to its end.
    private static int FindLowest(Labels?[] heads, int[] lowest)
    {
        int count = 0;
        for (int i = 0; i < heads.Length; i++)
        {
            if (heads[i] is { } head)
            {
                int order = count == 0 ? -1 : head.CompareTo(heads[lowest[0]]!.Value);
                if (order <= 0)
                {
                    count = order < 0 ? 0 : count;
                    lowest[count++] = i;
                }
            }
        }

        return count;
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
