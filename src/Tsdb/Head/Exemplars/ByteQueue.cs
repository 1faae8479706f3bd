namespace Narthex.Tsdb.Head.Exemplars;

/// <summary>Short runs of bytes, dropped in the order in which they were added. What is between the ends stays where it is.</summary>
/// <remarks>Pages instead of one ring: it grows without moving anything, and gives back what it does not need. Not thread-safe.</remarks>
internal sealed class ByteQueue
{
    private const int PageBits = 14;
    private const int PageBytes = 1 << PageBits;

    private readonly List<byte[]> _pages = [];
    private long _firstPage;
    private long _end;

    /// <summary>The longest run.</summary>
    public const int RunBytesMax = PageBytes;

    /// <summary>Bytes held.</summary>
    public long ReservedBytes => (long)_pages.Count * PageBytes;

    /// <summary>Adds a run and returns where it is.</summary>
    public long Add(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, RunBytesMax, nameof(bytes));
        int left = PageBytes - (int)(_end & (PageBytes - 1));
        if (bytes.Length > left)
        {
            // A run never lies on two pages.
            _end += left;
        }

        while (_firstPage + _pages.Count <= _end >> PageBits)
        {
            _pages.Add(GC.AllocateUninitializedArray<byte>(PageBytes));
        }

        long position = _end;
        bytes.CopyTo(_pages[(int)((position >> PageBits) - _firstPage)].AsSpan((int)(position & (PageBytes - 1))));
        _end += bytes.Length;
        return position;
    }

    /// <summary>The bytes of a run, valid until it is dropped.</summary>
    public ReadOnlySpan<byte> Get(long position, int length) =>
        length == 0 ? default : _pages[(int)((position >> PageBits) - _firstPage)].AsSpan((int)(position & (PageBytes - 1)), length);

    /// <summary>Drops everything before a run.</summary>
    public void DropBefore(long position)
    {
        int pages = (int)Math.Min((position >> PageBits) - _firstPage, _pages.Count);
        if (pages > 0)
        {
            _pages.RemoveRange(0, pages);
            _firstPage += pages;
        }
    }
}
