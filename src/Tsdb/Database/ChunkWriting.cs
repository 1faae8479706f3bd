using Microsoft.Extensions.Logging;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>Moves the head's full chunks to files, a few times a minute, and sooner when there are many.</summary>
internal sealed class ChunkWriting(HeadStorage head, int queueSize, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    // What is not written has to be made again from the log after a crash.
    private const int TicksMax = 15;

    // Series that began together fill their chunks together: they shall not all be in memory at one time.
    private const long UsualChunksMax = 4096;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private readonly long _chunksMax = queueSize > 0 ? queueSize : UsualChunksMax;
    private readonly PeriodicTimer _timer = new(s_period, time);
    private Task _loop = Task.CompletedTask;
    private bool _failing;

    /// <summary>Begins.</summary>
    public void Start() => _loop = Task.Run(LoopAsync);

    /// <summary>Writes what is there now. False if something could not be written: it stays in memory, and the reason is logged.</summary>
    public bool Run()
    {
        try
        {
            head.WriteClosedChunks();
            _failing = false;
            return true;
        }
        catch (StorageException error)
        {
            // A full disk stays full for a while: once is enough.
            if (!_failing)
            {
                TsdbLog.ChunkWritingFailed(logger, error.Message);
                _failing = true;
            }

            return false;
        }
    }

    /// <summary>Ends. What is not written is in the log.</summary>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _loop.ConfigureAwait(false);
    }

    private async Task LoopAsync()
    {
        int ticks = TicksMax;
        do
        {
            // After a failure the usual pace is enough.
            if (++ticks >= TicksMax || (!_failing && head.ClosedChunks.InMemoryCount >= _chunksMax))
            {
                ticks = 0;
                Run();
            }
        }
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false));
    }
}
