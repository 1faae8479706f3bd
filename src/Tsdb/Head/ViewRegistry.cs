namespace Narthex.Tsdb.Head;

/// <summary>Isolation: lets a view see each series as it was when the view was opened, at the price of one note per series and view.</summary>
/// <remarks>
/// <para>
/// Samples of a series ascend by time, so what a view may see of it is given by one number: the newest time at the opening. Nobody
/// writes that down for all series. Instead, while views are open, a commit notes the newest time of a series before it adds
/// to it for the first time since the newest view was opened (and marks the series with the number of that view: its epoch).
/// </para>
/// <para>
/// A view reads a series that bears an older epoch than its own as it is: nobody has touched it. Otherwise the first note about it, in
/// the view's own epoch or a later one, tells where the view ends. The notes of an epoch live as long as a view of it or of an
/// older one: epochs are linked forwards, and the registry itself holds only the newest.
/// </para>
/// <para>All members but those of <see cref="Epoch"/> are called under the head's apply lock, so that openings fall between commits.</para>
/// </remarks>
internal sealed class ViewRegistry
{
    private int _openViews;
    private uint _lastNumber;
    private uint _oldestNumber;
    private uint _barrier;
    private Epoch? _oldest;

    /// <summary>The number of the newest epoch. Readable from any thread.</summary>
    public uint NewestNumber => Volatile.Read(ref _lastNumber);

    /// <summary>The number of the oldest epoch that has open views; of the newest if none has. Readable from any thread.</summary>
    public uint OldestNumber => Volatile.Read(ref _oldestNumber);

    /// <summary>Where commits put their notes; null while no view is open.</summary>
    public Epoch? Current { get; private set; }

    /// <summary>Opens a view and returns its epoch.</summary>
    public Epoch Open()
    {
        _openViews++;
        if (Current is null || !Current.IsEmpty || !IsBehind(Current.Number, _barrier))
        {
            var next = new Epoch(++_lastNumber);
            if (Current is not null)
            {
                Current.Next = next;
            }

            Current = next;
        }

        Current.Views++;
        _oldest ??= Current;
        NoteOldest();
        return Current;
    }

    /// <summary>Closes a view.</summary>
    public void Close(Epoch epoch)
    {
        epoch.Views--;
        if (--_openViews == 0)
        {
            Current = null;
            _oldest = null;
        }
        else
        {
            while (_oldest!.Views == 0)
            {
                _oldest = _oldest.Next;
            }
        }

        NoteOldest();
    }

    /// <summary>Separates the views that are open now from those that will be opened: see <see cref="HasPassed"/>.</summary>
    public uint SetBarrier() => _barrier = _lastNumber;

    /// <summary>Whether all views that were open at the barrier are closed.</summary>
    public bool HasPassed(uint barrier) => _oldest is null || IsBehind(_oldest.Number, barrier);

    // Numbers wrap around, in a few decades.
    private static bool IsBehind(uint number, uint barrier) => unchecked((int)(number - barrier)) > 0;

    private void NoteOldest() => Volatile.Write(ref _oldestNumber, _oldest?.Number ?? _lastNumber);

    /// <summary>The notes made while one view was the newest.</summary>
    internal sealed class Epoch(uint number)
    {
        private Table _notes = new(1024);
        private int _count;
        private Epoch? _next;

        /// <summary>Its open views. For the registry.</summary>
        public int Views;

        /// <summary>Numbers ascend.</summary>
        public uint Number { get; } = number;

        /// <summary>Whether nothing was committed since it began.</summary>
        public bool IsEmpty => _count == 0;

        /// <summary>The epoch after it.</summary>
        public Epoch? Next
        {
            get => Volatile.Read(ref _next);
            set => Volatile.Write(ref _next, value);
        }

        /// <summary>Notes the newest time of a series before it changes. For the one writer; once per series.</summary>
        public void Note(uint series, long newestMs)
        {
            if (_count * 2 >= _notes.Keys.Length)
            {
                Table larger = new(_notes.Keys.Length * 4);
                for (int i = 0; i < _notes.Keys.Length; i++)
                {
                    if (_notes.Keys[i] != 0)
                    {
                        larger.Put(_notes.Keys[i], _notes.NewestMs[i]);
                    }
                }

                Volatile.Write(ref _notes, larger);
            }

            _notes.Put(series + 1, newestMs);
            _count++;
        }

        /// <summary>
        /// The newest time of a series that a view of this epoch may see, given the epoch that the series bears. A commit makes its
        /// note before it marks the series, so whoever sees the mark finds the note.
        /// </summary>
        public long GetNewestVisible(uint series, uint seriesEpoch)
        {
            if (unchecked((int)(seriesEpoch - Number)) < 0)
            {
                return long.MaxValue;
            }

            for (Epoch? epoch = this; epoch is not null; epoch = epoch.Next)
            {
                if (Volatile.Read(ref epoch._notes).TryGet(series + 1, out long newestMs))
                {
                    return newestMs;
                }
            }

            return long.MaxValue;
        }
    }

    private sealed class Table(int capacity)
    {
        public readonly uint[] Keys = new uint[capacity];
        public readonly long[] NewestMs = new long[capacity];

        public void Put(uint key, long newestMs)
        {
            int position = Start(key);
            while (Keys[position] != 0)
            {
                position = (position + 1) & (Keys.Length - 1);
            }

            NewestMs[position] = newestMs;
            Volatile.Write(ref Keys[position], key);
        }

        public bool TryGet(uint key, out long newestMs)
        {
            int position = Start(key);
            while (Volatile.Read(ref Keys[position]) is var found and not 0)
            {
                if (found == key)
                {
                    newestMs = NewestMs[position];
                    return true;
                }

                position = (position + 1) & (Keys.Length - 1);
            }

            newestMs = 0;
            return false;
        }

        private int Start(uint key) => (int)((key * 0x9E3779B1u) >> 4) & (Keys.Length - 1);
    }
}
