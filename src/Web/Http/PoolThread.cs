using System.Runtime.CompilerServices;

namespace Narthex.Web.Http;

/// <summary>Goes on in the thread pool: at once if that is where it runs, on another thread if it runs on one that looks after connections (<see cref="EventThreads"/>).</summary>
internal readonly struct PoolThread : ICriticalNotifyCompletion
{
    /// <summary>More bytes than this are not gone through on a thread of connections, whatever is done with them.</summary>
    public const int BytesElsewhereMax = 8 * 1024;

    /// <summary>Whether this is such a thread.</summary>
    public static bool IsCurrent => Thread.CurrentThread.IsThreadPoolThread;

    public bool IsCompleted => IsCurrent;

    /// <summary>To be awaited.</summary>
    public static PoolThread Enter() => default;

    public PoolThread GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static action => action(), continuation, preferLocal: false);

    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static action => action(), continuation, preferLocal: false);
}
