using System.Numerics;
using System.Runtime.InteropServices;

namespace Narthex.PromQL.Execution;

/// <summary>Large pieces of native memory for queries. A few mebibytes stay here between queries, as fresh memory costs a fault for each page; more goes back to the system.</summary>
internal sealed unsafe class SlabPool
{
    /// <summary>The smallest piece.</summary>
    internal const int BytesMin = 512 * 1024;

    internal const int KeptBytesMax = 16 * 1024 * 1024;

    private readonly Lock _lock = new();

    // By the logarithm of their sizes.
    private readonly Stack<nint>[] _kept = [.. Enumerable.Range(0, BitOperations.Log2(KeptBytesMax) + 1).Select(_ => new Stack<nint>())];

    private long _keptBytes;

    /// <summary>The pool of the process.</summary>
    public static SlabPool Shared { get; } = new();

    /// <summary>What is kept for later, in bytes.</summary>
    internal long KeptBytes => Interlocked.Read(ref _keptBytes);

    /// <summary>A piece of at least that many bytes, with undefined contents. It goes back with the same number.</summary>
    public void* Take(nuint bytes)
    {
        nuint size = SizeOf(bytes);
        if (size <= KeptBytesMax)
        {
            lock (_lock)
            {
                if (_kept[BitOperations.Log2(size)].TryPop(out nint piece))
                {
                    _keptBytes -= (long)size;
                    return (void*)piece;
                }
            }
        }

        return NativeMemory.Alloc(size);
    }

    /// <summary>Gives a piece back.</summary>
    public void Return(void* piece, nuint bytes)
    {
        nuint size = SizeOf(bytes);
        lock (_lock)
        {
            if (_keptBytes + (long)size <= KeptBytesMax)
            {
                _kept[BitOperations.Log2(size)].Push((nint)piece);
                _keptBytes += (long)size;
                return;
            }
        }

        NativeMemory.Free(piece);
    }

    // What lies beyond the bytes that are asked for is never touched, and so is no memory at all.
    private static nuint SizeOf(nuint bytes) => bytes > KeptBytesMax ? bytes : BitOperations.RoundUpToPowerOf2(Math.Max(bytes, BytesMin));
}
