using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head.Exemplars;

/// <summary>What becomes of an exemplar.</summary>
internal enum ExemplarVerdict : byte
{
    /// <summary>It is kept.</summary>
    Keep,

    /// <summary>It is there already: an ordinary thing, as targets expose the same one again and again.</summary>
    Duplicate,

    /// <summary>Its series has newer ones.</summary>
    OutOfOrder,

    /// <summary>Its labels are too long.</summary>
    LabelsTooLong,

    /// <summary>No exemplars are kept.</summary>
    Disabled,
}

/// <summary>The newest exemplars of all series together: when it is full, the one that came first makes room.</summary>
/// <remarks>Thread-safe. The exemplars of a series are chained in the order of their times; of equal times, in that of their arrival.</remarks>
internal sealed class ExemplarStore
{
    private readonly Lock _lock = new();
    private ExemplarSeries _series = new();
    private ExemplarColumns _columns;
    private long _appended;
    private long _outOfOrder;
    private long _windowMs;

    /// <summary>Makes an empty one with room for so many exemplars; 0 keeps none.</summary>
    public ExemplarStore(long capacity) => _columns = new ExemplarColumns(ToCapacity(capacity));

    /// <summary>The most exemplars.</summary>
    public int Capacity => Volatile.Read(ref _columns).Capacity;

    /// <summary>Whether any are kept.</summary>
    public bool IsEnabled => Capacity > 0;

    /// <summary>How far behind the newest of its series an exemplar may be.</summary>
    public long OutOfOrderWindowMs
    {
        get => Volatile.Read(ref _windowMs);
        set => Volatile.Write(ref _windowMs, Math.Max(0, value));
    }

    /// <summary>The number of exemplars.</summary>
    public int Count => Volatile.Read(ref _columns).Count;

    /// <summary>The number of series with exemplars.</summary>
    public int SeriesCount => Volatile.Read(ref _series).Count;

    /// <summary>Exemplars ever kept.</summary>
    public long Appended => Volatile.Read(ref _appended);

    /// <summary>Exemplars refused at a commit because their series has newer ones.</summary>
    public long OutOfOrder => Volatile.Read(ref _outOfOrder);

    /// <summary>The time of the oldest arrival; 0 if there is none.</summary>
    public long OldestMs
    {
        get
        {
            lock (_lock)
            {
                return _columns.Count == 0 ? 0 : _columns.TimestampOf(_columns.FirstPlace);
            }
        }
    }

    /// <summary>Bytes held, those of the series' labels not counted.</summary>
    public long ReservedBytes
    {
        get
        {
            lock (_lock)
            {
                return _columns.ReservedBytes;
            }
        }
    }

    /// <summary>Whether an exemplar would be kept.</summary>
    public ExemplarVerdict Check(ulong reference, ISeriesNames names, in Exemplar exemplar)
    {
        lock (_lock)
        {
            return Judge(Find(reference, names), exemplar);
        }
    }

    /// <summary>Keeps an exemplar, if it can be kept.</summary>
    /// <param name="reference">The series.</param>
    /// <param name="names">Tells the labels of the series if it is not known under that reference.</param>
    /// <param name="exemplar">The exemplar.</param>
    public ExemplarVerdict Add(ulong reference, ISeriesNames names, in Exemplar exemplar)
    {
        lock (_lock)
        {
            int series = Find(reference, names);
            ExemplarVerdict verdict = Judge(series, exemplar);
            if (verdict == ExemplarVerdict.OutOfOrder)
            {
                _outOfOrder++;
            }

            if (verdict != ExemplarVerdict.Keep)
            {
                return verdict;
            }

            // One that goes between others is there already if there is one of its time: that costs less to see than to compare them all.
            if (series != ExemplarSeries.None && FindPlaceBefore(series, exemplar.TimestampMs) is not ExemplarSeries.None and var before
                && before != _series.NewestOf(series) && _columns.TimestampOf(before) == exemplar.TimestampMs)
            {
                return ExemplarVerdict.Duplicate;
            }

            Put(series, reference, series == ExemplarSeries.None ? names.GetLabels(reference) : default, exemplar.TimestampMs, exemplar.Value, exemplar.Labels.Encoded, exemplar.IsTimeAssumed);
            _appended++;
            return ExemplarVerdict.Keep;
        }
    }

    /// <summary>Makes room for more exemplars or for fewer: then those that came first go. Returns how many are kept.</summary>
    public int Resize(long capacity)
    {
        lock (_lock)
        {
            ExemplarColumns columns = _columns;
            ExemplarSeries series = _series;
            Volatile.Write(ref _columns, new ExemplarColumns(ToCapacity(capacity)));
            Volatile.Write(ref _series, new ExemplarSeries());
            int kept = Math.Min(columns.Count, _columns.Capacity);
            for (int arrival = columns.Count - kept; arrival < columns.Count; arrival++)
            {
                int place = columns.PlaceOf(arrival);
                int old = columns.SeriesOf(place);
                ulong reference = series.ReferenceOf(old);
                int found = _series.Find(reference);
                Put(
                    found, reference, found == ExemplarSeries.None ? series.LabelsOf(old) : default,
                    columns.TimestampOf(place), columns.ValueOf(place), columns.LabelsOf(place), columns.IsTimeAssumed(place));
            }

            return kept;
        }
    }

    /// <summary>See <see cref="IExemplarQueryable.SelectExemplars"/>.</summary>
    public IReadOnlyList<SeriesExemplars> Select(TimeRange range, IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken)
    {
        var found = new List<SeriesExemplars>();
        lock (_lock)
        {
            foreach (int series in _series.All)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_columns.TimestampOf(_series.OldestOf(series)) <= range.MaxMs
                    && _columns.TimestampOf(_series.NewestOf(series)) >= range.MinMs
                    && MatchesAny(selectors, _series.LabelsOf(series))
                    && Read(series, range) is { Count: > 0 } exemplars)
                {
                    found.Add(new SeriesExemplars(_series.LabelsOf(series), exemplars));
                }
            }
        }

        found.Sort((left, right) => left.SeriesLabels.CompareTo(right.SeriesLabels));
        return found;
    }

    /// <summary>Calls back with all exemplars in the order of their arrival: for a snapshot of the memory.</summary>
    public void ForEach(Action<Labels, Exemplar> visit)
    {
        lock (_lock)
        {
            for (int arrival = 0; arrival < _columns.Count; arrival++)
            {
                int place = _columns.PlaceOf(arrival);
                visit(_series.LabelsOf(_columns.SeriesOf(place)), _columns.Get(place));
            }
        }
    }

    private static int ToCapacity(long capacity) => (int)Math.Clamp(capacity, 0, Array.MaxLength);

    private static bool AreLabelsTooLong(Labels labels)
    {
        int characters = 0;
        foreach (LabelPair label in labels)
        {
            characters += Count(label.Name) + Count(label.Value);
        }

        return characters > Exemplar.LabelCharactersMax;

        static int Count(ReadOnlySpan<byte> utf8)
        {
            int runes = 0;
            foreach (byte b in utf8)
            {
                runes += (b & 0xC0) != 0x80 ? 1 : 0;
            }

            return runes;
        }
    }

    private static bool MatchesAny(IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, Labels labels)
    {
        foreach (IReadOnlyList<LabelMatcher> selector in selectors)
        {
            bool all = true;
            for (int i = 0; i < selector.Count && all; i++)
            {
                all = selector[i].Matches(labels.GetValueOrEmpty(selector[i].NameUtf8.Span));
            }

            if (all)
            {
                return true;
            }
        }

        return false;
    }

    private int Find(ulong reference, ISeriesNames names)
    {
        int series = _series.Find(reference);
        return series != ExemplarSeries.None || !IsEnabled ? series : _series.Find(reference, names.GetLabels(reference));
    }

    private ExemplarVerdict Judge(int series, in Exemplar exemplar)
    {
        if (!IsEnabled)
        {
            return ExemplarVerdict.Disabled;
        }

        if (AreLabelsTooLong(exemplar.Labels))
        {
            return ExemplarVerdict.LabelsTooLong;
        }

        if (series == ExemplarSeries.None)
        {
            return ExemplarVerdict.Keep;
        }

        int newest = _series.NewestOf(series);
        long newestMs = _columns.TimestampOf(newest);
        double newestValue = _columns.ValueOf(newest);
        bool sameTime = exemplar.TimestampMs == newestMs;
        if ((sameTime || (exemplar.IsTimeAssumed && _columns.IsTimeAssumed(newest)))
            && exemplar.Value.Equals(newestValue)
            && exemplar.Labels.Encoded.SequenceEqual(_columns.LabelsOf(newest)))
        {
            return ExemplarVerdict.Duplicate;
        }

        // Several of one time may come from the buckets of one native histogram. They come ordered by value and labels, so that one
        // that was there before is told from a new one without looking at all of them.
        bool late = sameTime
            ? exemplar.Value < newestValue || (exemplar.Value.Equals(newestValue) && exemplar.Labels.GetStableHash() < Hash(newest))
            : exemplar.TimestampMs < newestMs && exemplar.TimestampMs <= newestMs - _windowMs;
        return late ? ExemplarVerdict.OutOfOrder : ExemplarVerdict.Keep;
    }

    private ulong Hash(int place) => Labels.FromEncoded(_columns.LabelsOf(place)).GetStableHash();

    private void Put(int series, ulong reference, Labels labels, long timestampMs, double value, ReadOnlySpan<byte> exemplarLabels, bool isTimeAssumed)
    {
        if (_columns.IsFull)
        {
            Unlink(_columns.NextPlace, keep: series);
        }

        if (series == ExemplarSeries.None)
        {
            series = _series.Add(reference, labels);
        }

        int before = FindPlaceBefore(series, timestampMs);
        Link(_columns.Put(series, timestampMs, value, exemplarLabels, isTimeAssumed), series, before);
    }

    /// <summary>The newest exemplar of a series that is not newer than a time; none if all are newer.</summary>
    private int FindPlaceBefore(int series, long timestampMs)
    {
        int place = _series.NewestOf(series);
        while (place != ExemplarSeries.None && _columns.TimestampOf(place) > timestampMs)
        {
            place = _columns.PreviousOf(place);
        }

        return place;
    }

    private void Link(int place, int series, int before)
    {
        int after = before == ExemplarSeries.None ? _series.OldestOf(series) : _columns.NextOf(before);
        _columns.PreviousOf(place) = before;
        _columns.NextOf(place) = after;
        if (before == ExemplarSeries.None)
        {
            _series.OldestOf(series) = place;
        }
        else
        {
            _columns.NextOf(before) = place;
        }

        if (after == ExemplarSeries.None)
        {
            _series.NewestOf(series) = place;
        }
        else
        {
            _columns.PreviousOf(after) = place;
        }
    }

    /// <summary>Takes an exemplar out of the chain of its series, which goes with its last one, unless it is to be kept.</summary>
    private void Unlink(int place, int keep)
    {
        int series = _columns.SeriesOf(place);
        int before = _columns.PreviousOf(place);
        int after = _columns.NextOf(place);
        if (before == ExemplarSeries.None)
        {
            _series.OldestOf(series) = after;
        }
        else
        {
            _columns.NextOf(before) = after;
        }

        if (after == ExemplarSeries.None)
        {
            _series.NewestOf(series) = before;
        }
        else
        {
            _columns.PreviousOf(after) = before;
        }

        if (before == ExemplarSeries.None && after == ExemplarSeries.None && series != keep)
        {
            _series.Remove(series);
        }
    }

    private List<Exemplar> Read(int series, TimeRange range)
    {
        var exemplars = new List<Exemplar>();
        for (int place = _series.OldestOf(series); place != ExemplarSeries.None && _columns.TimestampOf(place) <= range.MaxMs; place = _columns.NextOf(place))
        {
            if (_columns.TimestampOf(place) >= range.MinMs)
            {
                exemplars.Add(_columns.Get(place));
            }
        }

        return exemplars;
    }
}
