using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Narthex.PromQL.Execution;

/// <summary>
/// The memory of one query's columns: each a number or a mark for every step. Thousands of them are in use at a time, of one or two sizes, and all end with the query:
/// the garbage collector, which would copy them all while they are in use, knows nothing of them.
/// </summary>
/// <remarks>
/// For one thread at a time. Columns must not be used after <see cref="Dispose"/>, which the <see cref="QueryContext"/> does when the query's operators are gone.
/// </remarks>
internal sealed unsafe class StepMemory : IDisposable
{
    // Slabs grow from what a light query needs.
    private const int SlabBytesMin = 8 * 1024;
    private const int SlabBytesMax = SlabPool.BytesMin;
    private const int Alignment = sizeof(double);

    private readonly List<(nint Start, nuint Bytes)> _slabs = [];
    private readonly List<(nuint Bytes, nint Free)> _free = [];
    private byte* _next;
    private nuint _left;
    private nuint _slabBytes = SlabBytesMin;

    /// <summary>A column whose contents are undefined. It lasts as long as the query unless it is given back.</summary>
    public StepColumn<T> Take<T>(int length)
        where T : unmanaged => new((T*)TakeBytes(BytesOf<T>(length)), length);

    /// <summary>A column full of zeros.</summary>
    public StepColumn<T> TakeCleared<T>(int length)
        where T : unmanaged
    {
        StepColumn<T> column = Take<T>(length);
        column.Span.Clear();
        return column;
    }

    /// <summary>Gives a column back, which nobody uses any more, for the next one of its size. Nothing happens when the query has ended.</summary>
    public void Return<T>(StepColumn<T> column)
        where T : unmanaged
    {
        if (column.IsEmpty || _slabs.Count == 0)
        {
            return;
        }

        nuint bytes = BytesOf<T>(column.Length);
        ref (nuint Bytes, nint Free) list = ref FreeOf(bytes);
        *(nint*)column.Start = list.Free;
        list.Free = (nint)column.Start;
    }

    public void Dispose()
    {
        foreach ((nint start, nuint bytes) in _slabs)
        {
            if (bytes < SlabBytesMax)
            {
                NativeMemory.Free((void*)start);
            }
            else
            {
                SlabPool.Shared.Return((void*)start, bytes);
            }
        }

        _slabs.Clear();
        _free.Clear();
        _next = null;
        _left = 0;
    }

    private static nuint BytesOf<T>(int length)
        where T : unmanaged => (((nuint)Math.Max(length, 1) * (nuint)sizeof(T)) + (Alignment - 1)) & ~(nuint)(Alignment - 1);

    private byte* TakeBytes(nuint bytes)
    {
        ref (nuint Bytes, nint Free) list = ref FreeOf(bytes);
        if (list.Free != 0)
        {
            byte* column = (byte*)list.Free;
            list.Free = *(nint*)column;
            return column;
        }

        if (bytes > _left)
        {
            if (bytes > SlabBytesMax / 4)
            {
                return Allocate(bytes);
            }

            _slabBytes = Math.Max(_slabBytes, bytes);
            _next = Allocate(_slabBytes);
            _left = _slabBytes;
            _slabBytes = Math.Min(_slabBytes * 4, SlabBytesMax);
        }

        byte* taken = _next;
        _next += bytes;
        _left -= bytes;
        return taken;
    }

    private byte* Allocate(nuint bytes)
    {
        byte* slab = (byte*)(bytes < SlabBytesMax ? NativeMemory.Alloc(bytes) : SlabPool.Shared.Take(bytes));
        _slabs.Add(((nint)slab, bytes));
        return slab;
    }

    // A query has few sizes.
    private ref (nuint Bytes, nint Free) FreeOf(nuint bytes)
    {
        Span<(nuint Bytes, nint Free)> lists = CollectionsMarshal.AsSpan(_free);
        for (int i = 0; i < lists.Length; i++)
        {
            if (lists[i].Bytes == bytes)
            {
                return ref lists[i];
            }
        }

        _free.Add((bytes, 0));
        return ref CollectionsMarshal.AsSpan(_free)[^1];
    }
}

/// <summary>A column of a query's <see cref="StepMemory"/>.</summary>
internal readonly unsafe struct StepColumn<T>(T* start, int length)
    where T : unmanaged
{
    /// <summary>Where it begins.</summary>
    internal T* Start => start;

    public int Length => length;

    /// <summary>Whether it is none at all: the default value.</summary>
    public bool IsEmpty => start is null;

    public Span<T> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(start, length);
    }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)length)
            {
                ThrowOutOfRange();
            }

            return ref start[index];
        }
    }

    private static void ThrowOutOfRange() => throw new ArgumentOutOfRangeException("index");
}
