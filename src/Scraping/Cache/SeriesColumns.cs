using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Lines of a scrape in columns: 20 bytes each.</summary>
internal sealed class SeriesColumns
{
    private const int LengthMask = 0x00FF_FFFF;
    private const int FlagsShift = 24;
    private int[] _lengths = []; // The flags are in the upper byte.

    public ulong[] Hashes { get; private set; } = [];

    public ulong[] Series { get; private set; } = [];

    public int Count { get; private set; }

    public SeriesCache.Entry this[int index] =>
        new(Hashes[index], LengthAt(index), (EntryFlags)((uint)_lengths[index] >> FlagsShift), new SeriesRef(Series[index]));

    public int LengthAt(int index) => _lengths[index] & LengthMask;

    public void Append(in SeriesCache.Entry entry)
    {
        if (Count == Hashes.Length)
        {
            Resize(Math.Max(64, Count * 2));
        }

        // Identities of more than 16 MiB do not fit: they are never recognised, only resolved each time.
        bool fits = entry.Length <= LengthMask;
        Hashes[Count] = fits ? entry.Hash : 0;
        _lengths[Count] = fits ? entry.Length : 0;
        Series[Count] = entry.Series.Value;
        SetFlags(Count++, entry.Flags);
    }

    public void SetFlags(int index, EntryFlags flags) => _lengths[index] = (_lengths[index] & LengthMask) | ((int)flags << FlagsShift);

    /// <summary>Leaves an entry that no line matches, since no identity is empty.</summary>
    public void ForgetIdentity(int index)
    {
        Hashes[index] = 0;
        _lengths[index] &= ~LengthMask;
    }

    public void Truncate(int count) => Count = count;

    public void Trim()
    {
        if (Hashes.Length > Count + (Count >> 3))
        {
            Resize(Count);
        }
    }

    private void Resize(int capacity)
    {
        ulong[] hashes = Hashes;
        ulong[] series = Series;
        Array.Resize(ref hashes, capacity);
        Array.Resize(ref _lengths, capacity);
        Array.Resize(ref series, capacity);
        (Hashes, Series) = (hashes, series);
    }
}
