using System.Buffers;
using System.Runtime.CompilerServices;

namespace Narthex.PromQL.Execution;

/// <summary>
/// Columns that live exactly as long as a result, cut from large slabs: the garbage collector, which would copy and scan every column of a large answer just before
/// it is written and dropped, knows nothing of them. A small result takes its columns from the heap, where they are cheaper.
/// </summary>
/// <remarks>Columns must not be used after <see cref="Dispose"/>; whoever asks one for its span then is told so.</remarks>
internal sealed class ColumnSlabs<T> : IDisposable
    where T : unmanaged
{
    private const int HeapBytesMax = 32 * 1024;

    /// <summary>How many numbers fit one slab.</summary>
    internal static readonly int SlabLength = SlabPool.BytesMin / Unsafe.SizeOf<T>();

    private static readonly int s_heapLengthMax = HeapBytesMax / Unsafe.SizeOf<T>();

    private readonly List<Slab> _slabs = [];
    private int _onHeap;
    private int _used;

    /// <summary>A column whose contents are undefined.</summary>
    public Memory<T> Take(int length)
    {
        if (_slabs.Count == 0 && _onHeap + length <= s_heapLengthMax)
        {
            _onHeap += length;
            return GC.AllocateUninitializedArray<T>(length);
        }

        if (_slabs.Count == 0 || length > _slabs[^1].Length - _used)
        {
            _slabs.Add(new Slab(Math.Max(length, SlabLength)));
            _used = 0;
        }

        Memory<T> column = _slabs[^1].Memory.Slice(_used, length);
        _used += length;
        return column;
    }

    /// <summary>A column with the same contents as another.</summary>
    public ReadOnlyMemory<T> Copy(ReadOnlySpan<T> contents)
    {
        Memory<T> column = Take(contents.Length);
        contents.CopyTo(column.Span);
        return column;
    }

    public void Dispose()
    {
        foreach (Slab slab in _slabs)
        {
            ((IDisposable)slab).Dispose();
        }
    }

    private sealed unsafe class Slab(int length) : MemoryManager<T>
    {
        private T* _start = (T*)SlabPool.Shared.Take(BytesOf(length));

        public int Length => length;

        public override Span<T> GetSpan()
        {
            ObjectDisposedException.ThrowIf(_start is null, this);
            return new Span<T>(_start, length);
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ObjectDisposedException.ThrowIf(_start is null, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length);
            return new MemoryHandle(_start + elementIndex, pinnable: this);
        }

        public override void Unpin()
        {
            // Never moves.
        }

        protected override void Dispose(bool disposing)
        {
            if (_start is not null)
            {
                SlabPool.Shared.Return(_start, BytesOf(length));
                _start = null;
            }
        }

        private static nuint BytesOf(int length) => (nuint)length * (nuint)sizeof(T);
    }
}
