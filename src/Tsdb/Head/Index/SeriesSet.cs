namespace Narthex.Tsdb.Head.Index;

/// <summary>A set of series below a limit, one bit each. One writer at a time; asking needs no lock.</summary>
internal sealed class SeriesSet(uint limit)
{
    private readonly ulong[] _bits = new ulong[(limit + 63UL) / 64];

    /// <summary>Series from here on cannot be in it.</summary>
    public uint Limit { get; } = limit;

    /// <summary>How many are in it.</summary>
    public long Count { get; private set; }

    /// <summary>Whether a series is in it.</summary>
    public bool Contains(uint series) => series < Limit && (Volatile.Read(ref _bits[series >> 6]) & (1UL << (int)(series & 63))) != 0;

    /// <summary>Adds a series that is not in it.</summary>
    public void Add(uint series)
    {
        _bits[series >> 6] |= 1UL << (int)(series & 63);
        Count++;
    }

    /// <summary>Takes a series out if it is in it.</summary>
    public void Remove(uint series)
    {
        if (Contains(series))
        {
            Volatile.Write(ref _bits[series >> 6], _bits[series >> 6] & ~(1UL << (int)(series & 63)));
            Count--;
        }
    }
}
