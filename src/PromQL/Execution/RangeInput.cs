using System.Buffers;
using Narthex.Model;
using Narthex.PromQL.Functions.Range;
using Narthex.Storage;

namespace Narthex.PromQL.Execution;

/// <summary>The samples of one series as range functions see them: floats and histograms apart, without staleness markers, with a window for each step.</summary>
/// <remarks>
/// Window i of a lane covers its samples from Starts[i] up to, not including, Ends[i]. The lanes may hold more samples than the windows
/// cover: extended selectors look beyond the edges. Reused from series to series.
/// </remarks>
internal sealed class RangeInput : IDisposable
{
    private long[] _floatTimes = [];
    private double[] _floatValues = [];
    private long[] _histogramTimes = [];
    private FloatHistogram[] _histograms = [];
    private long[] _floatOrigins = [];
    private long[] _histogramOrigins = [];
    private long[] _sizes = [];
    private bool _ownsFloats;
    private int _floatCount;
    private int _histogramCount;
    private int[] _bounds = [];
    private int _steps;
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _index;
    private GrowingTrends? _growing;

    /// <summary>The buffer to read samples into, before <see cref="Load"/>.</summary>
    public SampleBuffer Raw { get; } = new();

    /// <summary>What regressions over this input keep from window to window, and from series to series.</summary>
    public TrendTimes Trend { get; } = new();

    /// <summary>The same for regressions over windows that begin at the same sample.</summary>
    public GrowingTrends Growing => _growing ??= new GrowingTrends();

    public ReadOnlySpan<long> FloatTimes => _ownsFloats ? _floatTimes.AsSpan(0, _floatCount) : Raw.Timestamps;

    public ReadOnlySpan<double> FloatValues => _ownsFloats ? _floatValues.AsSpan(0, _floatCount) : Raw.Values;

    public ReadOnlySpan<int> FloatStarts => _bounds.AsSpan(0, _steps);

    public ReadOnlySpan<int> FloatEnds => _bounds.AsSpan(_steps, _steps);

    /// <summary>Where the windows of the floats are a regular pattern.</summary>
    public SteadyWindows Steady { get; private set; }

    /// <summary>The first step whose window may hold a float.</summary>
    public int FirstFilled
    {
        get
        {
            ReadOnlySpan<int> ends = FloatEnds;
            int filled = ends.Length > 0 && ends[0] == 0 ? ends.IndexOfAnyExcept(0) : 0;
            return filled < 0 ? ends.Length : filled;
        }
    }

    /// <summary>Behind the last of those steps.</summary>
    public int FilledEnd
    {
        get
        {
            ReadOnlySpan<int> starts = FloatStarts;
            int count = FloatTimes.Length;
            return starts.Length > 0 && starts[^1] == count ? starts.LastIndexOfAnyExcept(count) + 1 : starts.Length;
        }
    }

    public bool HasHistograms => _histogramCount > 0;

    public ReadOnlySpan<long> HistogramTimes => _histogramTimes.AsSpan(0, _histogramCount);

    public ReadOnlySpan<FloatHistogram> Histograms => _histograms.AsSpan(0, _histogramCount);

    /// <summary>Window starts in the histogram lane. Only while <see cref="HasHistograms"/>.</summary>
    public ReadOnlySpan<int> HistogramStarts => _bounds.AsSpan(_steps * 2, _steps);

    public ReadOnlySpan<int> HistogramEnds => _bounds.AsSpan(_steps * 3, _steps);

    /// <summary>Whether samples tell since when they count.</summary>
    public bool HasOrigins => Raw.HasStartTimestamps;

    /// <summary>The start timestamps of the floats, 0 where unknown; empty unless <see cref="HasOrigins"/>.</summary>
    public ReadOnlySpan<long> FloatOrigins => !HasOrigins ? default : _ownsFloats ? _floatOrigins.AsSpan(0, _floatCount) : Raw.StartTimestamps;

    /// <summary>The start timestamps of the histograms, 0 where unknown; empty unless <see cref="HasOrigins"/>.</summary>
    public ReadOnlySpan<long> HistogramOrigins => HasOrigins ? _histogramOrigins.AsSpan(0, _histogramCount) : default;

    /// <summary>The labels of the series, for annotations.</summary>
    public Labels Labels => _series[_index].Labels;

    /// <summary>Says which series this is.</summary>
    public void SetSeries(IReadOnlyList<SeriesLabels> series, int index)
    {
        _series = series;
        _index = index;
    }

    /// <summary>What speaks against the series being a counter; null if nothing does.</summary>
    public string? GetCounterDoubt(bool byType) =>
        _series is SelectedSeries selected ? selected.GetCounterDoubt(_index, byType) : CounterDoubt.Of(Labels, byType);

    /// <summary>Splits <see cref="Raw"/> into lanes, drops staleness markers and lays the windows. Returns how many samples the windows hold.</summary>
    public SampleCount Load(ReferenceTimes times, long rangeMs)
    {
        SplitLanes();
        _steps = times.Count;
        _sizes = [];

        // Wide windows touch each other, so together they hold everything from the first to the last; narrow ones share nothing.
        bool shares = rangeMs >= times.StepMs;
        int needed = _steps * (HasHistograms ? 4 : 2);
        if (_bounds.Length < needed)
        {
            if (_bounds.Length > 0)
            {
                ArrayPool<int>.Shared.Return(_bounds);
            }

            _bounds = ArrayPool<int>.Shared.Rent(needed);
        }

        bool isSteady = SteadyWindows.TryLay(FloatTimes, times, rangeMs, _bounds.AsSpan(0, _steps), _bounds.AsSpan(_steps, _steps), out SteadyWindows steady, out long queryable);
        Steady = steady;
        if (!isSteady)
        {
            queryable = LayWindows(FloatTimes, times, rangeMs, _bounds.AsSpan(0, _steps), _bounds.AsSpan(_steps, _steps));
        }

        long read = shares && _steps > 0 ? FloatEnds[^1] - FloatStarts[0] : queryable;
        if (HasHistograms)
        {
            Span<int> starts = _bounds.AsSpan(_steps * 2, _steps);
            Span<int> ends = _bounds.AsSpan(_steps * 3, _steps);
            LayWindows(HistogramTimes, times, rangeMs, starts, ends);
            SumSizes();
            long held = 0;
            for (int i = 0; i < _steps; i++)
            {
                held += _sizes[ends[i]] - _sizes[starts[i]];
            }

            queryable += held;
            read += shares && _steps > 0 ? _sizes[ends[^1]] - _sizes[starts[0]] : held;
        }

        return new SampleCount(queryable, read);
    }

    /// <summary>How many samples the window of one step holds, and how many of them the one before did not.</summary>
    public SampleCount CountAt(int step)
    {
        long queryable = FloatEnds[step] - FloatStarts[step];
        long read = step == 0 ? queryable : FloatEnds[step] - Math.Max(FloatStarts[step], FloatEnds[step - 1]);
        if (HasHistograms)
        {
            long end = _sizes[HistogramEnds[step]];
            long held = end - _sizes[HistogramStarts[step]];
            queryable += held;
            read += step == 0 ? held : end - _sizes[Math.Max(HistogramStarts[step], HistogramEnds[step - 1])];
        }

        return new SampleCount(queryable, read);
    }

    // Running sums, so that windows need not look at each of their histograms.
    private void SumSizes()
    {
        _sizes = new long[_histogramCount + 1];
        for (int i = 0; i < _histogramCount; i++)
        {
            _sizes[i + 1] = _sizes[i] + _histograms[i].SizeInSamples;
        }
    }

    public void Dispose()
    {
        Raw.Dispose();
        _growing?.Dispose();
        if (_bounds.Length > 0)
        {
            ArrayPool<int>.Shared.Return(_bounds);
            _bounds = [];
        }
    }

    // Windows are left-open. Both edges only ever move right, so this is linear in samples and steps together.
    private static long LayWindows(ReadOnlySpan<long> timestamps, ReferenceTimes times, long rangeMs, Span<int> starts, Span<int> ends)
    {
        int start = 0;
        int end = 0;
        int startStride = 0;
        int endStride = 0;
        long samples = 0;
        ends = ends[..starts.Length];
        long rightMs = times.FirstMs;
        for (int i = 0; i < starts.Length; i++)
        {
            end = Advance(timestamps, end, rightMs, ref endStride);
            start = Advance(timestamps, start, rightMs - rangeMs, ref startStride);
            starts[i] = start;
            ends[i] = end;
            samples += end - start;
            rightMs += times.StepMs;
        }

        return samples;
    }

    // The first position at or behind the given one whose time lies after the limit. Samples come at regular distances as a rule, so the
    // last stride usually fits again, and two comparisons say so.
    private static int Advance(ReadOnlySpan<long> timestamps, int position, long limitMs, ref int stride)
    {
        int guess = position + stride;
        if ((uint)guess < (uint)timestamps.Length && timestamps[guess] > limitMs && (guess == position || timestamps[guess - 1] <= limitMs))
        {
            return guess;
        }

        int next = position;
        while (next < timestamps.Length && timestamps[next] <= limitMs)
        {
            next++;
        }

        stride = next - position;
        return next;
    }

    private void SplitLanes()
    {
        _ownsFloats = false;
        _histogramCount = 0;
        ReadOnlySpan<double> values = Raw.Values;
        if (!Raw.HasHistograms && !ContainsStale(values))
        {
            _floatCount = values.Length;
            return;
        }

        _ownsFloats = true;
        _floatCount = 0;
        if (_floatTimes.Length < Raw.Count)
        {
            _floatTimes = new long[Raw.Count];
            _floatValues = new double[Raw.Count];
        }

        if (Raw.HasHistograms && _histograms.Length < Raw.Count)
        {
            _histogramTimes = new long[Raw.Count];
            _histograms = new FloatHistogram[Raw.Count];
        }

        ReadOnlySpan<long> timestamps = Raw.Timestamps;
        ReadOnlySpan<FloatHistogram?> histograms = Raw.Histograms;
        for (int i = 0; i < values.Length; i++)
        {
            if (histograms.Length > 0 && histograms[i] is { } histogram)
            {
                if (!histogram.IsStale)
                {
                    _histogramTimes[_histogramCount] = timestamps[i];
                    _histograms[_histogramCount++] = histogram;
                }
            }
            else if (!StaleNaN.IsStale(values[i]))
            {
                _floatTimes[_floatCount] = timestamps[i];
                _floatValues[_floatCount++] = values[i];
            }
        }

        if (HasOrigins)
        {
            SplitOrigins();
        }
    }

    // Beside the samples that the lanes took.
    private void SplitOrigins()
    {
        if (_floatOrigins.Length < Raw.Count)
        {
            _floatOrigins = new long[Raw.Count];
        }

        if (_histogramOrigins.Length < _histogramCount)
        {
            _histogramOrigins = new long[_histogramCount];
        }

        ReadOnlySpan<long> timestamps = Raw.Timestamps;
        ReadOnlySpan<long> origins = Raw.StartTimestamps;
        for (int i = 0, f = 0, h = 0; i < timestamps.Length; i++)
        {
            if (f < _floatCount && _floatTimes[f] == timestamps[i])
            {
                _floatOrigins[f++] = origins[i];
            }
            else if (h < _histogramCount && _histogramTimes[h] == timestamps[i])
            {
                _histogramOrigins[h++] = origins[i];
            }
        }
    }

    private static bool ContainsStale(ReadOnlySpan<double> values) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<double, ulong>(values).Contains(StaleNaN.Bits);
}
