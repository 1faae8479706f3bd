namespace Narthex.PromQL.Execution;

/// <summary>How many threads beside their own the queries of an engine may use together. Whoever finds none left works alone, and waits for nobody.</summary>
internal sealed class HelperGate(int helpers)
{
    private int _free = helpers;

    /// <summary>Takes a helper, if one is free.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Decrement(ref _free) >= 0)
        {
            return true;
        }

        Interlocked.Increment(ref _free);
        return false;
    }

    /// <summary>Gives a helper back.</summary>
    public void Leave() => Interlocked.Increment(ref _free);
}
