namespace Narthex.Tsdb.Head.Memory;

/// <summary>A column that grows by pages and never moves what it holds, so that it can be read while it grows.</summary>
/// <remarks>One thread at a time makes room. Readers must have got their index through a release/acquire pair.</remarks>
internal sealed class PagedColumn<T>
    where T : unmanaged
{
    /// <summary>Items in a page.</summary>
    public const int PageItems = 1 << PageBits;

    private const int PageBits = 16;
    private const uint PageMask = PageItems - 1;

    private T[][] _pages = [];

    /// <summary>An item; there must be room for it.</summary>
    public ref T this[uint index] => ref Volatile.Read(ref _pages)[index >> PageBits][index & PageMask];

    /// <summary>Whether there is room for the item.</summary>
    public bool HasRoom(uint index) => Volatile.Read(ref _pages) is var pages && index >> PageBits < pages.Length && pages[index >> PageBits] is not null;

    /// <summary>Starts loading an item, if there is one: see <see cref="CacheLine"/>.</summary>
    public void Prefetch(uint index)
    {
        T[][] pages = Volatile.Read(ref _pages);
        if (index >> PageBits < pages.Length && pages[index >> PageBits] is { } page)
        {
            CacheLine.Prefetch(ref page[index & PageMask]);
        }
    }

    /// <summary>Makes room, filled with zeros, for the items up to and including <paramref name="index"/>.</summary>
    public void EnsureRoom(uint index)
    {
        T[][] pages = _pages;
        int page = (int)(index >> PageBits);
        if (page < pages.Length && pages[page] is not null)
        {
            return;
        }

        if (page >= pages.Length)
        {
            Array.Resize(ref pages, Math.Max(4, (page + 1) * 2));
        }

        for (int i = page; i >= 0 && pages[i] is null; i--)
        {
            pages[i] = new T[PageItems];
        }

        Volatile.Write(ref _pages, pages);
    }
}
