using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The states of all series, and the versions that let readers look at them without a lock.</summary>
/// <remarks>
/// A sequence lock per stripe of 64 series: the one writer makes the version odd, changes states and chunk bytes, and makes it even
/// again. A reader copies what it needs and starts over if the version was odd or has changed. What it copied meanwhile may be
/// nonsense, so it must not be used before <see cref="EndRead"/> has agreed; all memory is of the collector's, so nothing worse can happen.
/// </remarks>
internal sealed class SeriesPages
{
    private const int StripeBits = 6;

    private readonly PagedColumn<SeriesState> _states = new();
    private readonly PagedColumn<uint> _versions = new();

    /// <summary>The state of a series.</summary>
    public ref SeriesState this[uint series] => ref _states[series];

    /// <summary>Starts loading the state of a series, if there is one.</summary>
    public void Prefetch(uint series) => _states.Prefetch(series);

    /// <summary>Makes room for a series.</summary>
    public void EnsureRoom(uint series)
    {
        _states.EnsureRoom(series);
        _versions.EnsureRoom(series >> StripeBits);
    }

    /// <summary>Starts changing a series. For the one writer.</summary>
    public void BeginWrite(uint series)
    {
        ref uint version = ref _versions[series >> StripeBits];
        Volatile.Write(ref version, version + 1);

        // No change may become visible before the odd version.
        Volatile.WriteBarrier();
    }

    /// <summary>Ends changing a series.</summary>
    public void EndWrite(uint series)
    {
        ref uint version = ref _versions[series >> StripeBits];
        Volatile.Write(ref version, version + 1);
    }

    /// <summary>Starts reading a series: waits until nobody changes it, which is for one sample at most.</summary>
    public uint BeginRead(uint series)
    {
        ref uint version = ref _versions[series >> StripeBits];
        uint seen = Volatile.Read(ref version);
        if ((seen & 1) != 0)
        {
            var spin = default(SpinWait);
            do
            {
                spin.SpinOnce();
                seen = Volatile.Read(ref version);
            }
            while ((seen & 1) != 0);
        }

        return seen;
    }

    /// <summary>Whether what was read since <paramref name="version"/> is whole.</summary>
    public bool EndRead(uint series, uint version)
    {
        Volatile.ReadBarrier();
        return Volatile.Read(ref _versions[series >> StripeBits]) == version;
    }
}
