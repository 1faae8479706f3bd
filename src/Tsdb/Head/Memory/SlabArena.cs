using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Narthex.Tsdb.Head.Memory;

/// <summary>Hands out small blocks of bytes, named by 32-bit handles, from slabs of 256 KiB.</summary>
/// <remarks>
/// <para>
/// A block is a whole number of units of 16 bytes, and all blocks of a slab have the same length. A slab whose last block is freed can
/// serve any length: that matters, as the series of a server often grow out of a length all at the same time (with lists of free
/// blocks only, a million series with twenty samples each held 160 bytes too many). Handle 0 names no block.
/// </para>
/// <para>
/// The slabs are large arrays without references: the collector neither walks nor moves them, and a reader with a stale handle
/// reads stale bytes, never foreign memory. Allocating and freeing are thread-safe. The bytes are not guarded: their owners are.
/// Slabs never go away, so a handle that was published with release semantics can be followed without a lock; the memory of an
/// empty one can, and one that all of them share stands in for it.
/// </para>
/// </remarks>
internal sealed class SlabArena
{
    /// <summary>Bytes in a unit.</summary>
    public const int UnitBytes = 1 << UnitBits;

    /// <summary>The longest block.</summary>
    public const int BlockBytesMax = UnitsMax * UnitBytes;

    private const int UnitBits = 4;
    private const int SlabUnitBits = 14;
    private const int SlabUnits = 1 << SlabUnitBits;
    private const int SlabsMax = 1 << (32 - SlabUnitBits);

    // Unit 0 of a slab is never handed out, so that no handle is 0.
    private const int FirstUnit = 1;
    private const int UnitsMax = SlabUnits - FirstUnit;
    private const int None = -1;

    // So many empty slabs are kept for the next growth when memory is released.
    private const int EmptySlabsKept = 4;

    private static readonly byte[] Released = new byte[SlabUnits * UnitBytes];

    private readonly Lock _lock = new();
    private readonly Dictionary<int, int> _longWithRoom = [];
    private readonly int[] _withRoom = new int[129];
    private byte[][] _bytes = [];
    private Slab[] _slabs = [];
    private int _slabCount;
    private int _emptySlabs = None;
    private long _usedUnits;
    private int _releasedSlabs;

    /// <summary>Makes an empty arena.</summary>
    public SlabArena() => _withRoom.AsSpan().Fill(None);

    /// <summary>The bytes in blocks that are in use.</summary>
    public long UsedBytes => Volatile.Read(ref _usedUnits) << UnitBits;

    /// <summary>The bytes of all slabs.</summary>
    public long ReservedBytes => (long)(Volatile.Read(ref _slabCount) - Volatile.Read(ref _releasedSlabs)) * SlabUnits * UnitBytes;

    /// <summary>The units that hold so many bytes.</summary>
    public static int UnitsFor(int bytes) => (bytes + UnitBytes - 1) >> UnitBits;

    /// <summary>A block of so many units. Its bytes are arbitrary.</summary>
    public uint Allocate(int units)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(units, UnitsMax);
        lock (_lock)
        {
            int index = RoomFor(units);
            if (index == None)
            {
                index = TakeSlab(units);
            }

            ref Slab slab = ref _slabs[index];
            uint unit;
            if (slab.FirstFree != 0)
            {
                unit = slab.FirstFree;
                slab.FirstFree = MemoryMarshal.Read<uint>(_bytes[index].AsSpan((int)unit << UnitBits));
            }
            else
            {
                unit = slab.NextUnit;
                slab.NextUnit += (uint)units;
            }

            slab.UsedBlocks++;
            _usedUnits += units;
            if (!slab.HasRoom)
            {
                Unlink(index);
            }

            return ((uint)index << SlabUnitBits) | unit;
        }
    }

    /// <summary>Takes a block back. Nobody may write to it any more.</summary>
    public void Free(uint handle, int units)
    {
        int index = (int)(handle >> SlabUnitBits);
        uint unit = handle & (SlabUnits - 1);
        lock (_lock)
        {
            ref Slab slab = ref _slabs[index];
            Debug.Assert(slab.Units == units, "The block has another length.");
            bool hadRoom = slab.HasRoom;
            MemoryMarshal.Write(_bytes[index].AsSpan((int)unit << UnitBits), slab.FirstFree);
            slab.FirstFree = unit;
            slab.UsedBlocks--;
            _usedUnits -= units;
            if (!hadRoom)
            {
                Link(index);
            }

            if (slab.UsedBlocks == 0)
            {
                Unlink(index);
                slab.Next = _emptySlabs;
                _emptySlabs = index;
            }
        }
    }

    /// <summary>Gives the memory of empty slabs, save a few, back to the collector.</summary>
    public void ReleaseEmpty()
    {
        lock (_lock)
        {
            int kept = 0;
            for (int index = _emptySlabs; index != None; index = _slabs[index].Next)
            {
                if (_bytes[index] != Released && ++kept > EmptySlabsKept)
                {
                    _bytes[index] = Released;
                    _releasedSlabs++;
                }
            }
        }
    }

    /// <summary>The first <paramref name="length"/> bytes of a block.</summary>
    public Span<byte> GetBytes(uint handle, int length) =>
        Volatile.Read(ref _bytes)[handle >> SlabUnitBits].AsSpan((int)(handle & (SlabUnits - 1)) << UnitBits, length);

    /// <summary>Starts loading a byte of a block: see <see cref="CacheLine"/>.</summary>
    public void Prefetch(uint handle, int offset)
    {
        byte[] slab = Volatile.Read(ref _bytes)[handle >> SlabUnitBits];
        int index = ((int)(handle & (SlabUnits - 1)) << UnitBits) + offset;
        if (index < slab.Length)
        {
            CacheLine.Prefetch(ref slab[index]);
        }
    }

    /// <summary>The first slab with room for blocks of that length; most lengths are short and have a place of their own.</summary>
    private int RoomFor(int units) =>
        units < _withRoom.Length ? _withRoom[units] : _longWithRoom.GetValueOrDefault(units, None);

    private void SetRoomFor(int units, int slab)
    {
        if (units < _withRoom.Length)
        {
            _withRoom[units] = slab;
        }
        else
        {
            _longWithRoom[units] = slab;
        }
    }

    private int TakeSlab(int units)
    {
        int index = _emptySlabs;
        if (index != None)
        {
            _emptySlabs = _slabs[index].Next;
            if (_bytes[index] == Released)
            {
                Volatile.Write(ref _bytes[index], GC.AllocateUninitializedArray<byte>(SlabUnits * UnitBytes));
                _releasedSlabs--;
            }
        }
        else
        {
            index = AddSlab();
        }

        _slabs[index] = new Slab { Units = units, NextUnit = FirstUnit };
        Link(index);
        return index;
    }

    private int AddSlab()
    {
        if (_slabCount == SlabsMax)
        {
            throw new InvalidOperationException("The arena is full: 64 GiB are in use.");
        }

        byte[][] bytes = _bytes;
        if (_slabCount == bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(16, _slabCount * 2));
            Array.Resize(ref _slabs, bytes.Length);
        }

        bytes[_slabCount] = GC.AllocateUninitializedArray<byte>(SlabUnits * UnitBytes);
        Volatile.Write(ref _bytes, bytes);
        return _slabCount++;
    }

    private void Link(int index)
    {
        ref Slab slab = ref _slabs[index];
        int first = RoomFor(slab.Units);
        slab.Previous = None;
        slab.Next = first;
        if (first != None)
        {
            _slabs[first].Previous = index;
        }

        SetRoomFor(slab.Units, index);
    }

    private void Unlink(int index)
    {
        ref Slab slab = ref _slabs[index];
        if (slab.Previous != None)
        {
            _slabs[slab.Previous].Next = slab.Next;
        }
        else
        {
            SetRoomFor(slab.Units, slab.Next);
        }

        if (slab.Next != None)
        {
            _slabs[slab.Next].Previous = slab.Previous;
        }
    }

    private struct Slab
    {
        public int Units;
        public int UsedBlocks;
        public uint NextUnit; // What was never handed out starts here.
        public uint FirstFree; // Unit of the first freed block, which holds that of the next; 0 for none.
        public int Previous;
        public int Next;

        public readonly bool HasRoom => FirstFree != 0 || NextUnit + Units <= SlabUnits;
    }
}
