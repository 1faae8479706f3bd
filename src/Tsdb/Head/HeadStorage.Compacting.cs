namespace Narthex.Tsdb.Head;

/// <content>Telling when there is enough for a block.</content>
public sealed partial class HeadStorage
{
    private Action? _onCompactable;
    private int _compactableTold;

    /// <summary>Whether the head spans so much that its oldest range gets no samples any more: one and a half ranges, as upstream.</summary>
    internal bool IsCompactable => MinTimeMs <= MaxTimeMs && MaxTimeMs - MinTimeMs > _options.ChunkRangeMs / 2 * 3;

    /// <summary>Calls back when a commit finds the head compactable, once until <see cref="RearmCompactable"/>. Must be quick.</summary>
    internal void OnCompactable(Action callback) => Volatile.Write(ref _onCompactable, callback);

    /// <summary>Allows the next call.</summary>
    internal void RearmCompactable() => Volatile.Write(ref _compactableTold, 0);

    private void TellIfCompactable()
    {
        if (IsCompactable && Volatile.Read(ref _onCompactable) is { } callback && Interlocked.Exchange(ref _compactableTold, 1) == 0)
        {
            callback();
        }
    }
}
