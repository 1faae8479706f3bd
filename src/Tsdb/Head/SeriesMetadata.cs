using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head;

/// <summary>The metadata of series. All series of a family have the same: each has a number, and the texts are kept once.</summary>
/// <remarks>One writer at a time, and nobody reads beside it.</remarks>
internal sealed class SeriesMetadata
{
    private readonly PagedColumn<uint> _numbers = new();
    private readonly Dictionary<MetricMetadata, uint> _byValue = [];
    private readonly List<Entry> _entries = [default]; // Number 0 means none.
    private readonly Stack<uint> _free = new();

    /// <summary>Different metadata kept.</summary>
    public int DistinctCount => _byValue.Count;

    /// <summary>The metadata of the series in a slot. False if there is none.</summary>
    public bool TryGet(uint slot, out MetricMetadata metadata)
    {
        uint number = _numbers.HasRoom(slot) ? _numbers[slot] : 0;
        metadata = _entries[(int)number].Metadata;
        return number != 0;
    }

    /// <summary>Sets the metadata of the series in a slot.</summary>
    public void Set(uint slot, in MetricMetadata metadata)
    {
        Forget(slot);
        _numbers.EnsureRoom(slot);
        if (!_byValue.TryGetValue(metadata, out uint number))
        {
            if (!_free.TryPop(out number))
            {
                number = (uint)_entries.Count;
                _entries.Add(default);
            }

            _entries[(int)number] = new Entry { Metadata = metadata };
            _byValue.Add(metadata, number);
        }

        _numbers[slot] = number;
        CollectionsMarshal.AsSpan(_entries)[(int)number].Uses++;
    }

    /// <summary>The series in a slot has none any more.</summary>
    public void Forget(uint slot)
    {
        uint number = _numbers.HasRoom(slot) ? _numbers[slot] : 0;
        if (number == 0)
        {
            return;
        }

        _numbers[slot] = 0;
        ref Entry entry = ref CollectionsMarshal.AsSpan(_entries)[(int)number];
        if (--entry.Uses == 0)
        {
            _byValue.Remove(entry.Metadata);
            entry = default;
            _free.Push(number);
        }
    }

    private struct Entry
    {
        public MetricMetadata Metadata;
        public uint Uses;
    }
}
