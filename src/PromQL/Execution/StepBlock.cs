using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>One series on a step grid: values in one column, presence in another, native histograms in a third that exists only when needed.</summary>
/// <remarks>
/// A step with a histogram is present and has it in the histogram lane; its value is then meaningless. Histograms are shared between
/// blocks and operators and never changed once they are in one. Reused from series to series; the owner disposes it, before the query ends.
/// </remarks>
internal sealed class StepBlock : IDisposable
{
    private readonly StepMemory _memory;
    private StepColumn<double> _values;
    private StepColumn<bool> _present;
    private FloatHistogram?[]? _histograms;

    public StepBlock(StepMemory memory, int count)
    {
        _memory = memory;
        Count = count;
        _values = memory.Take<double>(count);
        _present = memory.TakeCleared<bool>(count);
    }

    public int Count { get; }

    public Span<double> Values => _values.Span;

    public Span<bool> Present => _present.Span;

    /// <summary>Whether the histogram lane may hold something.</summary>
    public bool HasHistograms { get; private set; }

    /// <summary>The histogram lane; empty unless <see cref="HasHistograms"/>.</summary>
    public Span<FloatHistogram?> Histograms => HasHistograms ? _histograms.AsSpan(0, Count) : default;

    /// <summary>Whether any step is present.</summary>
    public bool IsEmpty => !Present.Contains(true);

    /// <summary>Marks all steps absent and drops the histograms.</summary>
    public void Clear()
    {
        Present.Clear();
        ClearHistograms();
    }

    /// <summary>Drops the histogram lane; the caller takes care of the presence.</summary>
    public void ClearHistograms()
    {
        if (HasHistograms)
        {
            _histograms.AsSpan(0, Count).Clear();
            HasHistograms = false;
        }
    }

    public void Set(int step, double value)
    {
        _values[step] = value;
        _present[step] = true;
        if (HasHistograms)
        {
            _histograms![step] = null;
        }
    }

    public void Set(int step, FloatHistogram histogram)
    {
        _histograms ??= new FloatHistogram?[Count];
        HasHistograms = true;
        _histograms[step] = histogram;
        _values[step] = 0;
        _present[step] = true;
    }

    public void Remove(int step)
    {
        _present[step] = false;
        if (HasHistograms)
        {
            _histograms![step] = null;
        }
    }

    /// <summary>Removes the samples of all steps at which <paramref name="marks"/> is not <paramref name="wanted"/>.</summary>
    public void Keep(ReadOnlySpan<bool> marks, bool wanted)
    {
        Span<bool> present = Present;
        for (int step = 0; step < present.Length; step++)
        {
            present[step] &= marks[step] == wanted;
        }

        for (int step = 0; HasHistograms && step < present.Length; step++)
        {
            if (!present[step])
            {
                _histograms![step] = null;
            }
        }
    }

    /// <summary>The histogram at a step, null if the sample is a float or absent.</summary>
    public FloatHistogram? HistogramAt(int step) => HasHistograms ? _histograms![step] : null;

    public bool IsFloatAt(int step) => _present[step] && HistogramAt(step) is null;

    /// <summary>Exchanges the contents of two blocks of the same size.</summary>
    public void Swap(StepBlock other)
    {
        (_values, other._values) = (other._values, _values);
        (_present, other._present) = (other._present, _present);
        (_histograms, other._histograms) = (other._histograms, _histograms);
        (HasHistograms, other.HasHistograms) = (other.HasHistograms, HasHistograms);
    }

    public void CopyFrom(StepBlock source)
    {
        source.Values.CopyTo(Values);
        source.Present.CopyTo(Present);
        ClearHistograms();
        if (source.HasHistograms)
        {
            _histograms ??= new FloatHistogram?[Count];
            HasHistograms = true;
            source.Histograms.CopyTo(_histograms);
        }
    }

    /// <summary>Copies one sample, float or histogram.</summary>
    public void CopyStep(int step, StepBlock source, int sourceStep)
    {
        if (source.HistogramAt(sourceStep) is { } histogram)
        {
            Set(step, histogram);
        }
        else
        {
            Set(step, source._values[sourceStep]);
        }
    }

    /// <summary>Makes every step a copy of the first of <paramref name="source"/>.</summary>
    public void Broadcast(StepBlock source)
    {
        Values.Fill(source.Values[0]);
        Present.Fill(source.Present[0]);
        ClearHistograms();
        if (source.HistogramAt(0) is { } histogram)
        {
            for (int i = 0; i < Count; i++)
            {
                Set(i, histogram);
            }
        }
    }

    /// <summary>Turns histogram samples into absent ones. True if there was any.</summary>
    public bool RemoveHistograms()
    {
        if (!HasHistograms)
        {
            return false;
        }

        bool any = false;
        for (int i = 0; i < Count; i++)
        {
            if (_present[i] && _histograms![i] is not null)
            {
                _present[i] = false;
                any = true;
            }
        }

        ClearHistograms();
        return any;
    }

    public void Dispose()
    {
        ClearHistograms();
        _memory.Return(_values);
        _memory.Return(_present);
        _values = default;
        _present = default;
        _histograms = null;
    }
}
