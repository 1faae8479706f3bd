using Narthex.Model;

namespace Narthex.Tsdb.Head.Exemplars;

/// <summary>The exemplars of all series in columns, in the order of their arrival, in a circle: each place is used again when its turn comes.</summary>
/// <remarks>
/// Their labels are bytes in a queue: they leave in the order in which they came. A place costs 48 bytes, and columns grow
/// as they are filled, so that a large limit costs nothing by itself. Not thread-safe.
/// </remarks>
internal sealed class ExemplarColumns(int capacity)
{
    // The top bit of the length of labels.
    private const int TimeAssumedBit = 1 << 31;

    private readonly ByteQueue _labels = new();
    private long[] _timestamps = [];
    private double[] _values = [];
    private long[] _labelPositions = [];
    private int[] _labelLengths = [];
    private int[] _series = [];
    private int[] _previous = [];
    private int[] _next = [];

    /// <summary>The most exemplars.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>The number of exemplars.</summary>
    public int Count { get; private set; }

    /// <summary>Where the next exemplar goes. If <see cref="IsFull"/>, the oldest arrival is there.</summary>
    public int NextPlace { get; private set; }

    /// <summary>Whether the next exemplar takes the place of another.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>The place of the oldest arrival; there must be one.</summary>
    public int FirstPlace => IsFull ? NextPlace : 0;

    /// <summary>Bytes held.</summary>
    public long ReservedBytes => _labels.ReservedBytes + (_timestamps.Length * 40L);

    public long TimestampOf(int place) => _timestamps[place];

    public double ValueOf(int place) => _values[place];

    public ReadOnlySpan<byte> LabelsOf(int place) => _labels.Get(_labelPositions[place], _labelLengths[place] & ~TimeAssumedBit);

    public bool IsTimeAssumed(int place) => (_labelLengths[place] & TimeAssumedBit) != 0;

    public int SeriesOf(int place) => _series[place];

    /// <summary>The one before it in the chain of its series.</summary>
    public ref int PreviousOf(int place) => ref _previous[place];

    /// <summary>The one behind it in the chain of its series.</summary>
    public ref int NextOf(int place) => ref _next[place];

    /// <summary>An exemplar as the model has it.</summary>
    public Exemplar Get(int place) =>
        new(Labels.FromEncoded(LabelsOf(place)), _values[place], _timestamps[place]) { IsTimeAssumed = IsTimeAssumed(place) };

    /// <summary>The place that is <paramref name="arrival"/> arrivals behind the oldest one.</summary>
    public int PlaceOf(int arrival) => (int)(((long)FirstPlace + arrival) % Capacity);

    /// <summary>Puts an exemplar into the next place, whose former one is in no chain any more.</summary>
    public int Put(int series, long timestampMs, double value, ReadOnlySpan<byte> labels, bool isTimeAssumed)
    {
        int place = NextPlace;
        if (!IsFull)
        {
            EnsureRoom(place);
            Count++;
        }

        _timestamps[place] = timestampMs;
        _values[place] = value;
        _labelPositions[place] = _labels.Add(labels);
        _labelLengths[place] = labels.Length | (isTimeAssumed ? TimeAssumedBit : 0);
        _series[place] = series;
        _previous[place] = ExemplarSeries.None;
        _next[place] = ExemplarSeries.None;
        NextPlace = (place + 1) % Capacity;
        _labels.DropBefore(_labelPositions[FirstPlace]);
        return place;
    }

    private void EnsureRoom(int place)
    {
        if (place < _timestamps.Length)
        {
            return;
        }

        int length = (int)Math.Min(Capacity, Math.Max(256, _timestamps.Length * 2L));
        Array.Resize(ref _timestamps, length);
        Array.Resize(ref _values, length);
        Array.Resize(ref _labelPositions, length);
        Array.Resize(ref _labelLengths, length);
        Array.Resize(ref _series, length);
        Array.Resize(ref _previous, length);
        Array.Resize(ref _next, length);
    }
}
