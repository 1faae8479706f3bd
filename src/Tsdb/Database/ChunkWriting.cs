using Microsoft.Extensions.Logging;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>Moves the head's full chunks to files, a few times a minute.</summary>
internal sealed class ChunkWriting(HeadStorage head, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    // So many chunks at most are in memory and have to be made again from the log after a crash.
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(15);

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
        do
        {
            Run();
        }
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false));
    }
}
