using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Narthex.Model.Collections;

/// <summary>A pool for arrays of 32 KiB to 2 MiB of which few are in use at a time: it keeps few. Smaller and larger ones are those of the framework's pool.</summary>
/// <remarks>
/// The framework's pool keeps an array of each length for each thread, which costs a server with many threads some megabytes, and is worth it where arrays come
/// and go all the time. This one has one place for all threads, under a lock: for arrays that are taken once in a request and filled.
/// </remarks>
/// <typeparam name="T">What they hold.</typeparam>
public sealed class LargeArrays<T> : ArrayPool<T>
    where T : unmanaged
{
    private const int BytesMin = 32 * 1024;
    private const int BytesMax = 2 * 1024 * 1024;
    private const int KeptBytesMax = 1024 * 1024;
    private const int KeptLeast = 2;

    private static readonly int s_shortest = BytesMin / Unsafe.SizeOf<T>();
    private static readonly int s_longest = BytesMax / Unsafe.SizeOf<T>();

    private readonly Kept[] _kept;

    /// <summary>Makes a pool that keeps at most so many arrays of a length, and of long ones fewer.</summary>
    /// <param name="keptMax">The most arrays of a length.</param>
    public LargeArrays(int keptMax)
    {
        _kept = new Kept[BitOperations.Log2(BytesMax / BytesMin) + 1];
        for (int i = 0; i < _kept.Length; i++)
        {
            _kept[i] = new Kept(Math.Max(KeptLeast, Math.Min(keptMax, KeptBytesMax / (BytesMin << i))));
        }
    }

    /// <summary>The pool of the process.</summary>
    public static new LargeArrays<T> Shared { get; } = new(Environment.ProcessorCount * 2);

    /// <inheritdoc/>
    public override T[] Rent(int minimumLength)
    {
        if (minimumLength <= s_shortest / 2 || minimumLength > s_longest)
        {
            return ArrayPool<T>.Shared.Rent(minimumLength);
        }

        int length = (int)BitOperations.RoundUpToPowerOf2((uint)minimumLength);
        return KeptOf(length).Take() ?? GC.AllocateUninitializedArray<T>(length);
    }

    /// <inheritdoc/>
    public override void Return(T[] array, bool clearArray = false)
    {
        ArgumentNullException.ThrowIfNull(array);
        if (array.Length < s_shortest || array.Length > s_longest)
        {
            ArrayPool<T>.Shared.Return(array, clearArray);
            return;
        }

        if (!BitOperations.IsPow2(array.Length))
        {
            throw new ArgumentException($"An array of {array.Length} is not from this pool.", nameof(array));
        }

        if (clearArray)
        {
            Array.Clear(array);
        }

        KeptOf(array.Length).Put(array);
    }

    private Kept KeptOf(int length) => _kept[BitOperations.Log2((uint)(length / s_shortest))];

    // Arrays of one length; the one that was in use last is the next to be taken, as it is in the processor's cache.
    private sealed class Kept(int countMax)
    {
        private readonly Lock _lock = new();
        private readonly T[]?[] _arrays = new T[]?[countMax];
        private int _count;

        public T[]? Take()
        {
            lock (_lock)
            {
                if (_count == 0)
                {
                    return null;
                }

                T[]? array = _arrays[--_count];
                _arrays[_count] = null;
                return array;
            }
        }

        public void Put(T[] array)
        {
            lock (_lock)
            {
                if (_count < _arrays.Length)
                {
                    _arrays[_count++] = array;
                }
            }
        }
    }
}
