using System.Buffers;
using System.Numerics;

namespace Narthex.Scraping;

/// <summary>Finds lines by their identity: first in the last scrape, then among those that are new in this one. Open addressing.</summary>
internal sealed class IdentityTable
{
    private readonly SeriesColumns _last;
    private readonly SeriesColumns _next;
    private int[] _slots; // 0: free; n > 0: line n - 1 of the last scrape; n < 0: line -n - 1 of this one.
    private int _size;
    private int _used;

    public IdentityTable(SeriesColumns last, SeriesColumns next)
    {
        _last = last;
        _next = next;
        (_slots, _size) = Rent(last.Count);
        for (int i = 0; i < last.Count; i++)
        {
            // Of equal lines the first is the one that counts.
            if (!last[i].IsDuplicate)
            {
                Insert(i + 1);
            }
        }
    }

    public bool TryFind(ulong hash, int length, out int index, out bool isNew)
    {
        int mask = _size - 1;
        for (int slot = (int)hash & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int line = _slots[slot];
            isNew = line < 0;
            index = isNew ? -line - 1 : line - 1;
            SeriesColumns columns = isNew ? _next : _last;
            if (columns.Hashes[index] == hash && columns.LengthAt(index) == length)
            {
                return true;
            }
        }

        (index, isNew) = (-1, false);
        return false;
    }

    /// <summary>Takes in the line that was appended to this scrape last.</summary>
    public void AddNewest() => Insert(-_next.Count);

    public void Release()
    {
        ArrayPool<int>.Shared.Return(_slots);
        _slots = [];
    }

    private void Insert(int line)
    {
        SeriesColumns columns = line < 0 ? _next : _last;
        int index = line < 0 ? -line - 1 : line - 1;
        if (columns.LengthAt(index) == 0)
        {
            // Forgotten: no line matches it, and all of them together would crowd one slot.
            return;
        }

        if (_used * 2 >= _size)
        {
            Grow();
        }

        Place(line, columns.Hashes[index]);
        _used++;
    }

    private void Place(int line, ulong hash)
    {
        int mask = _size - 1;
        int slot = (int)hash & mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & mask;
        }

        _slots[slot] = line;
    }

    private void Grow()
    {
        int[] former = _slots;
        int formerSize = _size;
        (_slots, _size) = Rent(_size);
        foreach (int line in former.AsSpan(0, formerSize))
        {
            if (line != 0)
            {
                Place(line, line < 0 ? _next.Hashes[-line - 1] : _last.Hashes[line - 1]);
            }
        }

        ArrayPool<int>.Shared.Return(former);
    }

    private static (int[] Slots, int Size) Rent(int lines)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, (lines * 2) + 1));
        int[] slots = ArrayPool<int>.Shared.Rent(size);
        Array.Clear(slots, 0, size);
        return (slots, size);
    }
}
