using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head.Index;

/// <summary>Finds and makes series, and replaces the index by one without the dead.</summary>
/// <remarks>
/// <para>
/// Looking up takes no lock while the series is there. Making one takes the directory's lock for as long as one series takes.
/// </para>
/// <para>
/// Collecting goes in three steps. Series without samples are marked (<see cref="Mark"/>). Whoever looks up a marked series saves it, so
/// that once all work that was going on at the marking is done, nobody can hold a reference from a look-up before. Then
/// (<see cref="Rebuild"/>) a new index is filled with those that are not marked, while looking up and making go on; under the lock, the
/// saved ones and those made meanwhile follow, and the new index takes over.
/// </para>
/// </remarks>
internal sealed class SeriesDirectory(Func<uint> takeSlot)
{
    private readonly Lock _lock = new();
    private volatile State _state = new(new HeadIndex(), null);

    /// <summary>The index at this time. Take it once for what belongs together.</summary>
    public HeadIndex Index => _state.Index;

    /// <summary>The slot of the series with these labels, which is added if it is not there.</summary>
    /// <exception cref="StorageException">The label set is not one.</exception>
    public uint GetOrAdd(Labels labels, out bool added)
    {
        uint hash = (uint)labels.GetStableHash();
        added = false;
        State state = _state;
        if (state.Index.TryFind(labels, hash, out uint series) && state.Marked?.Contains(series) != true)
        {
            return state.Index.SlotOf(series);
        }

        HeadIndex.CountLabels(labels);
        lock (_lock)
        {
            state = _state;
            if (state.Index.TryFind(labels, hash, out series))
            {
                state.Marked?.Remove(series);
                return state.Index.SlotOf(series);
            }

            if (state.Index.Count == uint.MaxValue - 1)
            {
                throw new StorageException("too many series");
            }

            uint slot = takeSlot();
            state.Index.Add(labels, hash, slot);
            added = true;
            return slot;
        }
    }

    /// <summary>Marks series of the present index.</summary>
    public void Mark(SeriesSet marked) => _state = new State(_state.Index, marked);

    /// <summary>Whether series are marked.</summary>
    public bool HasMarks => _state.Marked is not null;

    /// <summary>Makes an index without the marked series, and puts it in the place of the present one.</summary>
    /// <param name="commitLock">The lock under which commits cannot happen.</param>
    /// <param name="isDead">Whether the series in a slot may go; called under both locks.</param>
    /// <param name="taken">Told, under both locks, the slots whose series are gone.</param>
    public void Rebuild(Lock commitLock, Predicate<uint> isDead, Action<List<uint>> taken)
    {
        State state = _state;
        HeadIndex old = state.Index;
        SeriesSet marked = state.Marked!;
        var index = new HeadIndex();
        var map = new IndexMap();
        var leftOut = new List<uint>();
        uint[] hashes = HashesOf(old, marked.Limit);
        for (uint series = 0; series < marked.Limit; series++)
        {
            if (marked.Contains(series))
            {
                leftOut.Add(series);
            }
            else
            {
                index.AddFrom(old, series, hashes[series], map);
            }
        }

        lock (commitLock)
        {
            lock (_lock)
            {
                var gone = new List<uint>(leftOut.Count);
                foreach (uint series in leftOut)
                {
                    if (marked.Contains(series) && isDead(old.SlotOf(series)))
                    {
                        gone.Add(old.SlotOf(series));
                    }
                    else
                    {
                        index.AddFrom(old, series, hashes[series], map);
                    }
                }

                for (uint series = marked.Limit; series < old.Count; series++)
                {
                    index.AddFrom(old, series, (uint)old.GetLabels(series).GetStableHash(), map);
                }

                taken(gone);
                _state = new State(index, null);
            }
        }
    }

    private uint[] HashesOf(HeadIndex index, uint count)
    {
        uint[] hashes = new uint[count];
        lock (_lock)
        {
            index.CopyHashes(hashes);
        }

        return hashes;
    }

    private sealed record State(HeadIndex Index, SeriesSet? Marked);
}
