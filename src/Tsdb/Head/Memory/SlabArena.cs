using System.Runtime.InteropServices;

namespace Narthex.Tsdb.Head.Memory;

/// <summary>Hands out small blocks of bytes, named by 32-bit handles, from slabs of a mebibyte.</summary>
/// <remarks>
/// <para>
/// A block is a whole number of units of 16 bytes; a freed one goes to the list of its exact length and is taken again from there.
/// Handle 0 names no block. The slabs are large arrays without references: the collector neither walks nor moves them, and a
/// reader that holds a stale handle reads stale bytes, never foreign memory.
/// </para>
/// <para>
/// Allocating and freeing are thread-safe. Bytes are not guarded: their owners are. Slabs never go away, so a handle that was
/// published with release semantics can be followed without a lock.
/// </para>
/// </remarks>
internal sealed class SlabArena
{
    /// <summary>Bytes in a unit.</summary>
    public const int UnitBytes = 16;

    /// <summary>The longest block.</summary>
    public const int BlockBytesMax = (UnitsPerSlab - 1) * UnitBytes;

    private const int UnitBits = 4;
    private const int UnitsPerSlabBits = 16;
    private const int UnitsPerSlab = 1 << UnitsPerSlabBits;
    private const int SlabsMax = 1 << (32 - UnitsPerSlabBits);

    // Longer blocks are rare (label sets of hundreds of labels) and are not reused.
    private const int RecycledUnitsMax = 128;

    private readonly Lock _lock = new();
    private readonly uint[] _free = new uint[RecycledUnitsMax + 1];
    private byte[][] _slabs = [];
    private int _slabCount;
    private int _nextUnit = UnitsPerSlab;
    private long _freeUnits;
    private long _usedUnits;

    /// <summary>The bytes in blocks that are in use.</summary>
    public long UsedBytes => Volatile.Read(ref _usedUnits) << UnitBits;

    /// <summary>The bytes in blocks that wait to be used again.</summary>
    public long FreeBytes => Volatile.Read(ref _freeUnits) << UnitBits;

    /// <summary>The units that hold so many bytes.</summary>
    public static int UnitsFor(int bytes) => (bytes + UnitBytes - 1) >> UnitBits;

    /// <summary>A block of so many units. Its bytes are arbitrary.</summary>
    public uint Allocate(int units)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(units, UnitsPerSlab - 1);
        lock (_lock)
        {
            _usedUnits += units;
            if (units <= RecycledUnitsMax && _free[units] != 0)
            {
                uint recycled = _free[units];
                _free[units] = MemoryMarshal.Read<uint>(GetBytes(recycled, UnitBytes));
                _freeUnits -= units;
                return recycled;
            }

            if (_nextUnit + units > UnitsPerSlab)
            {
                AddSlab();
            }

            uint handle = ((uint)(_slabCount - 1) << UnitsPerSlabBits) | (uint)_nextUnit;
            _nextUnit += units;
            return handle;
        }
    }

    /// <summary>Takes a block back. Nobody may write to it any more.</summary>
    public void Free(uint handle, int units)
    {
        lock (_lock)
        {
            _usedUnits -= units;
            if (units <= RecycledUnitsMax)
            {
                MemoryMarshal.Write(GetBytes(handle, UnitBytes), _free[units]);
                _free[units] = handle;
                _freeUnits += units;
            }
        }
    }

    /// <summary>The first <paramref name="length"/> bytes of a block.</summary>
    public Span<byte> GetBytes(uint handle, int length) =>
        Volatile.Read(ref _slabs)[handle >> UnitsPerSlabBits].AsSpan((int)(handle & (UnitsPerSlab - 1)) << UnitBits, length);

    private void AddSlab()
    {
        if (_slabCount == SlabsMax)
        {
            throw new InvalidOperationException("The arena is full: 64 GiB are in use.");
        }

        // The remainder of the old slab can serve small blocks.
        int rest = UnitsPerSlab - _nextUnit;
        if (rest is > 0 and <= RecycledUnitsMax)
        {
            uint handle = ((uint)(_slabCount - 1) << UnitsPerSlabBits) | (uint)_nextUnit;
            MemoryMarshal.Write(GetBytes(handle, UnitBytes), _free[rest]);
            _free[rest] = handle;
            _freeUnits += rest;
        }

        byte[][] slabs = _slabs;
        if (_slabCount == slabs.Length)
        {
            Array.Resize(ref slabs, Math.Max(16, _slabCount * 2));
        }

        slabs[_slabCount] = GC.AllocateUninitializedArray<byte>(UnitsPerSlab << UnitBits);
        Volatile.Write(ref _slabs, slabs);
        _slabCount++;

        // Unit 0 of slab 0 would have the handle 0, which names nothing.
        _nextUnit = _slabCount == 1 ? 1 : 0;
    }
}
