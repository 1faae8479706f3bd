using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Series;

/// <summary>Keeps the full chunks of the head. Immutable once added; those of one series form a chain from the newest to the oldest.</summary>
/// <remarks>
/// <para>
/// A chunk is a record of 32 bytes, whose handle never changes, and its samples. These are in memory at first, and in a file once
/// that was written (<see cref="HeadStorage"/> does it in the background): only the location in the record changes, in one
/// write, so that readers follow it without a lock. Samples in memory are freed when nobody can be reading them any more.
/// </para>
/// <para>Adding and reading are thread-safe. Moving and freeing are for one thread at a time.</para>
/// </remarks>
internal sealed class ClosedChunkStore
{
    private const int RecordBytes = 4 + 4 + 8 + 8 + 8; // Handle of the chunk before; length and encoding; first and last time; location.
    private const int RecordUnits = RecordBytes / SlabArena.UnitBytes;
    private const int LocationOffset = 24;

    // In memory, the samples stand behind the slot of their series.
    private const int SlotBytes = 4;

    private const ulong InMemory = 1UL << 63;

    // Histograms may have chunks that no block of the arena holds: these few are arrays, by handle.
    private const ulong IsLong = 1UL << 62;
    private const int LengthBits = 24;

    private readonly SlabArena _records = new();
    private readonly SlabArena _samples = new();
    private readonly ConcurrentDictionary<uint, LongChunk> _long = new();
    private readonly Lock _unwrittenLock = new();
    private List<uint> _unwritten = [];
    private long _count;
    private long _inMemory;
    private long _queued;
    private uint _lastLong;
    private HeadChunkFiles? _files;

    /// <summary>The longest chunk that lies in a block of the arena.</summary>
    public const int BlockChunkBytesMax = SlabArena.BlockBytesMax - SlotBytes;

    /// <summary>The longest chunk.</summary>
    public const int ChunkBytesMax = (1 << LengthBits) - 1;

    /// <summary>The number of chunks.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The number of chunks whose samples are in memory and not in a file.</summary>
    public long InMemoryCount => Volatile.Read(ref _inMemory);

    /// <summary>The number of chunks that ever waited for being written.</summary>
    public long QueuedCount => Volatile.Read(ref _queued);

    /// <summary>Bytes in use.</summary>
    public long UsedBytes => _records.UsedBytes + _samples.UsedBytes;

    /// <summary>Bytes held, in use or not.</summary>
    public long ReservedBytes => _records.ReservedBytes + _samples.ReservedBytes;

    /// <summary>From here on chunks can be in files, and those that are added wait for being written. Before the first chunk.</summary>
    public void Attach(HeadChunkFiles files) => _files = files;

    /// <summary>Adds a chunk in front of the chain <paramref name="previous"/> and returns the new chain.</summary>
    /// <param name="series">The slot of the series.</param>
    /// <param name="previous">The chain so far; 0 for none.</param>
    /// <param name="encoding">How the samples are encoded.</param>
    /// <param name="minMs">The first time.</param>
    /// <param name="maxMs">The last time.</param>
    /// <param name="chunk">The encoded samples, which are copied.</param>
    public uint Add(uint series, uint previous, ChunkEncoding encoding, long minMs, long maxMs, ReadOnlySpan<byte> chunk)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunk.Length, ChunkBytesMax);
        ulong location = InMemory | (chunk.Length <= BlockChunkBytesMax ? PutIntoBlock(series, chunk) : PutAside(series, chunk));
        uint handle = AddRecord(previous, encoding, minMs, maxMs, chunk.Length, location);
        Interlocked.Increment(ref _inMemory);
        if (_files is not null)
        {
            lock (_unwrittenLock)
            {
                _unwritten.Add(handle);
                _queued++;
            }
        }

        return handle;
    }

    /// <summary>Adds a chunk that is in a file.</summary>
    public uint Add(uint previous, in HeadChunk chunk)
    {
        _files!.Use(chunk.Ref);
        return AddRecord(previous, chunk.Encoding, chunk.MinMs, chunk.MaxMs, chunk.Length, chunk.Ref.Value);
    }

    /// <summary>
    /// Cuts a chain behind its last chunk that reaches to <paramref name="minMs"/> or later. Returns the chain that is left, and the one
    /// cut off, which is to be freed when nobody can be walking it any more. For the one writer of the series.
    /// </summary>
    public uint Cut(uint newest, long minMs, out uint cutOff)
    {
        uint kept = 0;
        uint handle = newest;
        while (handle != 0)
        {
            ReadOnlySpan<byte> record = _records.GetBytes(handle, RecordBytes);
            if (MemoryMarshal.Read<long>(record[16..]) < minMs)
            {
                break;
            }

            kept = handle;
            handle = MemoryMarshal.Read<uint>(record);
        }

        cutOff = handle;
        if (kept == 0)
        {
            return 0;
        }

        if (handle != 0)
        {
            SetPrevious(kept, 0);
        }

        return newest;
    }

    /// <summary>Puts a chain behind the oldest chunk of another one. For the one writer of the series.</summary>
    public void Join(uint newer, uint older)
    {
        uint oldest = newer;
        while (Get(oldest).Previous is var previous and not 0)
        {
            oldest = previous;
        }

        SetPrevious(oldest, older);
    }

    /// <summary>Frees chains that were cut off, and returns the number of their chunks.</summary>
    public int Free(IReadOnlyList<uint> chains)
    {
        // Chunks that wait for being written must not be found when their handles mean nothing any more.
        long unwritten = 0;
        foreach (uint chain in chains)
        {
            for (uint handle = chain; handle != 0; handle = GetPrevious(handle))
            {
                ref ulong location = ref LocationOf(handle);
                if ((location & InMemory) != 0)
                {
                    FreeSamples(handle, location);
                    unwritten++;
                }
                else
                {
                    _files!.Release(new HeadChunkRef(location));
                }

                location = 0;
            }
        }

        if (unwritten > 0)
        {
            Interlocked.Add(ref _inMemory, -unwritten);
            lock (_unwrittenLock)
            {
                _unwritten.RemoveAll(handle => LocationOf(handle) == 0);
            }
        }

        int count = 0;
        foreach (uint chain in chains)
        {
            for (uint handle = chain; handle != 0; count++)
            {
                uint previous = GetPrevious(handle);
                _records.Free(handle, RecordUnits);
                handle = previous;
            }
        }

        Interlocked.Add(ref _count, -count);
        return count;
    }

    /// <summary>Takes over the list of chunks that are not in a file, each once, in the order of their adding.</summary>
    public List<uint> TakeUnwritten()
    {
        lock (_unwrittenLock)
        {
            List<uint> taken = _unwritten;
            _unwritten = [];
            return taken;
        }
    }

    /// <summary>Puts back what was taken and could not be written.</summary>
    public void ReturnUnwritten(ReadOnlySpan<uint> handles)
    {
        lock (_unwrittenLock)
        {
            _unwritten.InsertRange(0, handles);
        }
    }

    /// <summary>The slot of the series of a chunk in memory.</summary>
    public uint GetSeries(uint handle)
    {
        ulong location = LocationOf(handle);
        return (location & IsLong) != 0 ? _long[(uint)location].Series : MemoryMarshal.Read<uint>(_samples.GetBytes((uint)location, SlotBytes));
    }

    /// <summary>The chunk is in a file from now on. Returns what names its samples in memory, for <see cref="FreeMoved"/>.</summary>
    public MovedSamples Move(uint handle, HeadChunkRef written)
    {
        ref ulong location = ref LocationOf(handle);
        var moved = new MovedSamples((uint)location, (location & IsLong) != 0 ? (ushort)0 : (ushort)SlabArena.UnitsFor(SlotBytes + LengthOf(handle)));
        _files!.Use(written);
        Volatile.Write(ref location, written.Value);
        Interlocked.Decrement(ref _inMemory);
        return moved;
    }

    /// <summary>Frees samples that were moved to a file, when nobody can be reading them any more.</summary>
    public void FreeMoved(List<MovedSamples> moved)
    {
        foreach (MovedSamples one in moved)
        {
            if (one.Units == 0)
            {
                _long.TryRemove(one.Block, out _);
            }
            else
            {
                _samples.Free(one.Block, one.Units);
            }
        }
    }

    /// <summary>Gives memory that is not needed back.</summary>
    public void ReleaseMemory()
    {
        _records.ReleaseEmpty();
        _samples.ReleaseEmpty();
    }

    /// <summary>A chunk by its handle.</summary>
    public ClosedChunk Get(uint handle)
    {
        ReadOnlySpan<byte> record = _records.GetBytes(handle, RecordBytes);
        uint lengthAndEncoding = MemoryMarshal.Read<uint>(record[4..]);
        return new ClosedChunk(this, Volatile.Read(ref LocationOf(handle)), (int)(lengthAndEncoding & ((1 << LengthBits) - 1)))
        {
            Previous = MemoryMarshal.Read<uint>(record),
            Encoding = (ChunkEncoding)(lengthAndEncoding >> LengthBits),
            MinMs = MemoryMarshal.Read<long>(record[8..]),
            MaxMs = MemoryMarshal.Read<long>(record[16..]),
        };
    }

    internal ReadOnlySpan<byte> GetSamples(ulong location, int length) =>
        (location & InMemory) == 0 ? _files!.GetBytes(new HeadChunkRef(location), length)
        : (location & IsLong) != 0 ? _long[(uint)location].Bytes
        : _samples.GetBytes((uint)location, SlotBytes + length)[SlotBytes..];

    private ulong PutIntoBlock(uint series, ReadOnlySpan<byte> chunk)
    {
        uint block = _samples.Allocate(SlabArena.UnitsFor(SlotBytes + chunk.Length));
        Span<byte> bytes = _samples.GetBytes(block, SlotBytes + chunk.Length);
        MemoryMarshal.Write(bytes, series);
        chunk.CopyTo(bytes[SlotBytes..]);
        return block;
    }

    private ulong PutAside(uint series, ReadOnlySpan<byte> chunk)
    {
        uint number = Interlocked.Increment(ref _lastLong);
        _long[number] = new LongChunk(series, chunk.ToArray());
        return IsLong | number;
    }

    private uint AddRecord(uint previous, ChunkEncoding encoding, long minMs, long maxMs, int length, ulong location)
    {
        uint handle = _records.Allocate(RecordUnits);
        Span<byte> record = _records.GetBytes(handle, RecordBytes);
        MemoryMarshal.Write(record, previous);
        MemoryMarshal.Write(record[4..], (uint)length | ((uint)encoding << LengthBits));
        MemoryMarshal.Write(record[8..], minMs);
        MemoryMarshal.Write(record[16..], maxMs);
        MemoryMarshal.Write(record[LocationOffset..], location);
        Interlocked.Increment(ref _count);
        return handle;
    }

    private void FreeSamples(uint handle, ulong location)
    {
        if ((location & IsLong) != 0)
        {
            _long.TryRemove((uint)location, out _);
        }
        else
        {
            _samples.Free((uint)location, SlabArena.UnitsFor(SlotBytes + LengthOf(handle)));
        }
    }

    private int LengthOf(uint handle) => (int)(MemoryMarshal.Read<uint>(_records.GetBytes(handle, RecordBytes)[4..]) & ((1 << LengthBits) - 1));

    private uint GetPrevious(uint handle) => MemoryMarshal.Read<uint>(_records.GetBytes(handle, sizeof(uint)));

    private void SetPrevious(uint handle, uint previous) =>
        Volatile.Write(ref MemoryMarshal.AsRef<uint>(_records.GetBytes(handle, sizeof(uint))), previous);

    private ref ulong LocationOf(uint handle) =>
        ref Unsafe.As<byte, ulong>(ref MemoryMarshal.GetReference(_records.GetBytes(handle, RecordBytes)[LocationOffset..]));
}

/// <summary>Samples in memory that are in a file too.</summary>
/// <param name="Block">Their block.</param>
/// <param name="Units">Its length; 0 for a chunk that is in none.</param>
internal readonly record struct MovedSamples(uint Block, ushort Units);

/// <summary>A chunk that is too long for a block.</summary>
internal sealed record LongChunk(uint Series, byte[] Bytes);

/// <summary>A full chunk.</summary>
internal readonly ref struct ClosedChunk
{
    private readonly ClosedChunkStore _store;
    private readonly ulong _location;
    private readonly int _length;

    internal ClosedChunk(ClosedChunkStore store, ulong location, int length)
    {
        _store = store;
        _location = location;
        _length = length;
    }

    /// <summary>The chunk before it; 0 for none.</summary>
    public uint Previous { get; init; }

    /// <summary>How its samples are encoded.</summary>
    public ChunkEncoding Encoding { get; init; }

    /// <summary>Its first time.</summary>
    public long MinMs { get; init; }

    /// <summary>Its last time.</summary>
    public long MaxMs { get; init; }

    /// <summary>The encoded samples: valid as long as a view is open that was opened before the chunk was found.</summary>
    public ReadOnlySpan<byte> Bytes => _store.GetSamples(_location, _length);
}
