using System.Diagnostics;

namespace Narthex.Tsdb.Head.Memory;

/// <summary>Finds 32-bit ids by hash: open addressing over one array of primitives. What an id stands for, its owner compares.</summary>
/// <remarks>
/// One writer at a time; readers need no lock: an entry is one 64-bit write, made after what it stands for is in place, and growing
/// publishes a new array. A reader that misses an entry just being added must look again under the writer's lock before adding.
/// </remarks>
internal sealed class HashIndex
{
    // High half: the hash. Low half: the id plus one, so that 0 is a free slot.
    private ulong[] _slots = new ulong[1024];
    private int _count;

    /// <summary>Starts looking for a hash.</summary>
    public Probe Find(uint hash) => new(Volatile.Read(ref _slots), hash);

    /// <summary>Adds an entry that is not there yet.</summary>
    public void Add(uint hash, uint id)
    {
        Debug.Assert(id != uint.MaxValue, "The id plus one must fit.");

        // Three quarters full at most, so that probes stay short.
        if ((_count + 1) * 4L > _slots.Length * 3L)
        {
            Grow();
        }

        Put(_slots, ((ulong)hash << 32) | (id + 1));
        _count++;
    }

    /// <summary>Calls back with each entry's hash and id, in no order. For the writer.</summary>
    public void ForEach(Action<uint, uint> visit)
    {
        foreach (ulong entry in _slots)
        {
            if (entry != 0)
            {
                visit((uint)(entry >> 32), (uint)entry - 1);
            }
        }
    }

    private static void Put(ulong[] slots, ulong entry)
    {
        uint mask = (uint)slots.Length - 1;
        uint position = (uint)(entry >> 32) & mask;
        while (slots[position] != 0)
        {
            position = (position + 1) & mask;
        }

        Volatile.Write(ref slots[position], entry);
    }

    private void Grow()
    {
        ulong[] larger = new ulong[_slots.Length * 2];
        foreach (ulong entry in _slots)
        {
            if (entry != 0)
            {
                Put(larger, entry);
            }
        }

        Volatile.Write(ref _slots, larger);
    }

    /// <summary>Walks the ids whose hash is the one sought.</summary>
    public ref struct Probe(ulong[] slots, uint hash)
    {
        private readonly ulong[] _slots = slots;
        private uint _position = hash & ((uint)slots.Length - 1);

        /// <summary>The id that the last successful <see cref="MoveNext"/> reached.</summary>
        public uint Id { get; private set; }

        /// <summary>Goes to the next candidate. False when there is none.</summary>
        public bool MoveNext()
        {
            uint mask = (uint)_slots.Length - 1;
            while (true)
            {
                ulong entry = Volatile.Read(ref _slots[_position]);
                if (entry == 0)
                {
                    return false;
                }

                _position = (_position + 1) & mask;
                if ((uint)(entry >> 32) == hash)
                {
                    Id = (uint)entry - 1;
                    return true;
                }
            }
        }
    }
}
