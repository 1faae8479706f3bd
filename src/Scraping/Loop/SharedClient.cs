namespace Narthex.Scraping;

/// <summary>An HTTP client that goes once its pool has done with it and no scrape uses it any more.</summary>
internal sealed class SharedClient(HttpMessageInvoker invoker)
{
    private int _users = 1; // The pool.

    public HttpMessageInvoker Invoker => invoker;

    /// <summary>Keeps it for one scrape. False if it is gone.</summary>
    public bool TryEnter()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int found = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (found == users)
            {
                return true;
            }

            users = found;
        }

        return false;
    }

    /// <summary>Ends what <see cref="TryEnter"/> began; the pool calls it once of its own.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            invoker.Dispose();
        }
    }
}
