using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>Every two seconds, lets the system take what was read of mapped chunks out of the process.</summary>
/// <remarks>
/// By itself it takes such pages only where memory is short, so that a long query or a compaction would leave all that it has read behind. They stay in the
/// system's cache: what is read again comes back sixteen pages at a time, which costs a few per mille of what decoding it does.
/// </remarks>
internal sealed class ReadPages : IAsyncDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(2);

    private readonly HeadStorage _head;
    private readonly BlockSet _blocks;
    private readonly ITimer _timer;

    public ReadPages(HeadStorage head, BlockSet blocks, TimeProvider time)
    {
        _head = head;
        _blocks = blocks;
        _timer = time.CreateTimer(static state => ((ReadPages)state!).Release(), this, s_period, s_period);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Release()
    {
        foreach (BlockReader block in _blocks.Blocks)
        {
            block.ReleasePages();
        }

        _head.ReleaseChunkPages();
    }
}
