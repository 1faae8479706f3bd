namespace Narthex.Tsdb.Head;

/// <summary>Tells when all appends that were going on at some time are done. Two counters take turns.</summary>
internal sealed class AppendEpochs
{
    private readonly int[] _active = new int[2];
    private int _epoch;

    /// <summary>An append begins; returns what to leave with.</summary>
    public int Enter()
    {
        while (true)
        {
            int epoch = Volatile.Read(ref _epoch);
            Interlocked.Increment(ref _active[epoch & 1]);
            if (Volatile.Read(ref _epoch) == epoch)
            {
                return epoch & 1;
            }

            Interlocked.Decrement(ref _active[epoch & 1]);
        }
    }

    /// <summary>An append is done. True if it was the last before the turn.</summary>
    public bool Leave(int side) => Interlocked.Decrement(ref _active[side]) == 0 && side != (Volatile.Read(ref _epoch) & 1);

    /// <summary>Separates the appends going on from those to come. Only when those before the last turn are done.</summary>
    public void Turn() => Interlocked.Increment(ref _epoch);

    /// <summary>Whether the appends from before the last turn are done.</summary>
    public bool HavePassed => Volatile.Read(ref _active[(Volatile.Read(ref _epoch) & 1) ^ 1]) == 0;
}
