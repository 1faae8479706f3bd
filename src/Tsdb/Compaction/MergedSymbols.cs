using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>The sorted symbols of several sources as one sorted walk, each once.</summary>
internal sealed class MergedSymbols : ISymbolCursor
{
    private readonly List<ISymbolCursor> _cursors = [];
    private readonly bool[] _behind; // Whether the cursor stands on the current symbol and must move before the next.
    private int _current = -1;

    public MergedSymbols(IEnumerable<ISymbolCursor> cursors)
    {
        foreach (ISymbolCursor cursor in cursors)
        {
            if (cursor.MoveNext())
            {
                _cursors.Add(cursor);
            }
            else
            {
                cursor.Dispose();
            }
        }

        _behind = new bool[_cursors.Count];
    }

    public ReadOnlySpan<byte> Current => _cursors[_current].Current;

    public bool MoveNext()
    {
        Step();
        if (_cursors.Count == 0)
        {
            return false;
        }

        _current = 0;
        for (int i = 1; i < _cursors.Count; i++)
        {
            if (_cursors[i].Current.SequenceCompareTo(_cursors[_current].Current) < 0)
            {
                _current = i;
            }
        }

        for (int i = 0; i < _cursors.Count; i++)
        {
            _behind[i] = _cursors[i].Current.SequenceEqual(_cursors[_current].Current);
        }

        return true;
    }

    public void Dispose() => _cursors.ForEach(cursor => cursor.Dispose());

    private void Step()
    {
        int kept = 0;
        for (int i = 0; i < _cursors.Count; i++)
        {
            ISymbolCursor cursor = _cursors[i];
            if (_behind[i] && !cursor.MoveNext())
            {
                cursor.Dispose();
                continue;
            }

            _cursors[kept++] = cursor;
        }

        _cursors.RemoveRange(kept, _cursors.Count - kept);
        Array.Clear(_behind);
    }
}
