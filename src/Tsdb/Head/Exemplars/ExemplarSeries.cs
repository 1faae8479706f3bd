using System.Runtime.InteropServices;
using Narthex.Model;

namespace Narthex.Tsdb.Head.Exemplars;

/// <summary>The series that have exemplars, by number: their labels, the reference they had last, and the ends of their chains.</summary>
/// <remarks>Labels tell series apart, as exemplars outlive a series in the head, and one that comes back has another reference.</remarks>
internal sealed class ExemplarSeries
{
    /// <summary>No exemplar, or no series.</summary>
    public const int None = -1;

    private readonly Dictionary<ulong, int> _byReference = [];
    private readonly Dictionary<Labels, int> _byLabels = [];
    private readonly List<Entry> _entries = [];
    private readonly Stack<int> _free = new();

    /// <summary>The number of series.</summary>
    public int Count => _byLabels.Count;

    /// <summary>The numbers of all series.</summary>
    public Dictionary<Labels, int>.ValueCollection All => _byLabels.Values;

    /// <summary>The labels of a series.</summary>
    public Labels LabelsOf(int series) => _entries[series].Labels;

    /// <summary>The exemplar with the oldest time.</summary>
    public ref int OldestOf(int series) => ref CollectionsMarshal.AsSpan(_entries)[series].Oldest;

    /// <summary>The exemplar with the newest time.</summary>
    public ref int NewestOf(int series) => ref CollectionsMarshal.AsSpan(_entries)[series].Newest;

    /// <summary>The series under a reference, if it is known under that; <see cref="None"/> otherwise.</summary>
    public int Find(ulong reference) => _byReference.TryGetValue(reference, out int series) ? series : None;

    /// <summary>The series with these labels, if it has exemplars; from now on it is known under the reference. Otherwise <see cref="None"/>.</summary>
    public int Find(ulong reference, Labels labels)
    {
        if (!_byLabels.TryGetValue(labels, out int series))
        {
            return None;
        }

        ref Entry entry = ref CollectionsMarshal.AsSpan(_entries)[series];
        _byReference.Remove(entry.Reference);
        entry.Reference = reference;
        _byReference[reference] = series;
        return series;
    }

    /// <summary>Adds a series that is not there.</summary>
    public int Add(ulong reference, Labels labels)
    {
        var entry = new Entry { Labels = labels, Reference = reference, Oldest = None, Newest = None };
        if (_free.TryPop(out int series))
        {
            _entries[series] = entry;
        }
        else
        {
            series = _entries.Count;
            _entries.Add(entry);
        }

        _byLabels.Add(labels, series);
        _byReference[reference] = series;
        return series;
    }

    /// <summary>Removes a series.</summary>
    public void Remove(int series)
    {
        Entry entry = _entries[series];
        _byLabels.Remove(entry.Labels);
        _byReference.Remove(entry.Reference);
        _entries[series] = default;
        _free.Push(series);
    }

    /// <summary>The reference that a series was last known under.</summary>
    public ulong ReferenceOf(int series) => _entries[series].Reference;

    private struct Entry
    {
        public Labels Labels;
        public ulong Reference;
        public int Oldest;
        public int Newest;
    }
}
