using Narthex.Model;
using Narthex.Tsdb.Head.Index;

namespace Narthex.Tsdb.Head.Exemplars;

/// <summary>Tells the labels behind a reference.</summary>
internal interface ISeriesNames
{
    /// <summary>The labels of a series that is there.</summary>
    Labels GetLabels(ulong reference);
}

/// <summary>The way back from a slot of the head to its series, which the head itself never needs: kept only where there are exemplars.</summary>
/// <remarks>Four bytes for each series, from the first question on. For whoever holds the lock under which series are not collected.</remarks>
internal sealed class SeriesNames(HeadStorage head) : ISeriesNames
{
    private HeadIndex? _index;
    private uint[] _seriesOfSlot = [];
    private uint _known;
    private ulong _lastReference;
    private Labels _lastLabels;

    /// <inheritdoc/>
    public Labels GetLabels(ulong reference)
    {
        if (reference != _lastReference)
        {
            _lastLabels = head.Index.GetLabels(SeriesOf((uint)reference - 1));
            _lastReference = reference;
        }

        return _lastLabels;
    }

    private uint SeriesOf(uint slot)
    {
        HeadIndex index = head.Index;
        if (index != _index)
        {
            _index = index;
            _known = 0;
        }

        // What was added since the last question follows, all at once after the index was replaced.
        for (uint end = index.Count; _known < end; _known++)
        {
            uint known = index.SlotOf(_known);
            if (known >= _seriesOfSlot.Length)
            {
                Array.Resize(ref _seriesOfSlot, (int)Math.Max(known + 1, Math.Max(1024, _seriesOfSlot.Length * 2L)));
            }

            _seriesOfSlot[known] = _known;
        }

        return _seriesOfSlot[slot];
    }
}
