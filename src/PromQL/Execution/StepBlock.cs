using System.Buffers;
using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>One series on a step grid: values in one column, presence in another, native histograms in a third that exists only when needed.</summary>
/// <remarks>
/// A step with a histogram is present and has it in the histogram lane; its value is then meaningless. Histograms are shared between
/// blocks and operators and never changed once they are in one. Reused from series to series; the owner disposes it.
/// </remarks>
internal sealed class StepBlock : IDisposable
{
    // The smallest array of the pool. Operators that keep all series of an instant query have a block for each.
    private const int PooledMin = 16;

    private double[] _values;
    private bool[] _present;
    private FloatHistogram?[]? _histograms;

    public StepBlock(int count)
    {
        Count = count;
        if (count < PooledMin)
        {
            _values = new double[count];
            _present = new bool[count];
            return;
        }

        _values = ArrayPool<double>.Shared.Rent(count);
        _present = ArrayPool<bool>.Shared.Rent(count);
        Present.Clear();
    }

    public int Count { get; }

    public Span<double> Values => _values.AsSpan(0, Count);

    public Span<bool> Present => _present.AsSpan(0, Count);

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
        if (_values.Length >= PooledMin)
        {
            ArrayPool<double>.Shared.Return(_values);
            ArrayPool<bool>.Shared.Return(_present);
        }

        _values = [];
        _present = [];
        _histograms = null;
    }
}
