using System.Numerics;
using System.Runtime.CompilerServices;

namespace Narthex.PromQL.Functions.Range;

/// <summary>The arithmetic of <see cref="RateKernels.Factor"/> for a run of steps side by side: the same operations in the same order, so the same bits.</summary>
internal ref struct RateBatch
{
    /// <summary>How many steps are gathered before they are computed. A multiple of every vector width.</summary>
    public const int Size = 32;

    private readonly double _rangeSeconds;
    private readonly bool _isCounter;
    private readonly bool _isRate;
    private Column _toStart;
    private Column _toEnd;
    private Column _sampled;
    private Column _gaps;
    private Column _first;
    private Column _difference;

    public RateBatch(long rangeMs, bool isCounter, bool isRate)
    {
        _rangeSeconds = rangeMs / 1000.0;
        _isCounter = isCounter;
        _isRate = isRate;
    }

    /// <summary>Puts a step without result into a lane: numbers that harm nothing.</summary>
    public void Skip(int lane) => Set(lane, 0, 0, 1000, 1, 0, 0);

    /// <summary>Puts a window into a lane; distances are in milliseconds.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="toStartMs">From the window's start to the first sample.</param>
    /// <param name="toEndMs">From the last sample to the window's end.</param>
    /// <param name="sampledMs">From the first sample to the last.</param>
    /// <param name="gaps">The number of samples less one.</param>
    /// <param name="first">The first value.</param>
    /// <param name="difference">By how much it grew, resets undone.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int lane, long toStartMs, long toEndMs, long sampledMs, int gaps, double first, double difference)
    {
        _toStart[lane] = toStartMs;
        _toEnd[lane] = toEndMs;
        _sampled[lane] = sampledMs;
        _gaps[lane] = gaps;
        _first[lane] = first;
        _difference[lane] = difference;
    }

    /// <summary>Computes the first lanes, as many as <paramref name="result"/> is long.</summary>
    public void Compute(Span<double> result)
    {
        Span<double> toStarts = _toStart;
        Span<double> toEnds = _toEnd;
        Span<double> sampleds = _sampled;
        Span<double> gaps = _gaps;
        Span<double> firsts = _first;
        Span<double> differences = _difference;
        var thousand = new Vector<double>(1000.0);
        var two = new Vector<double>(2.0);
        for (int i = 0; i < result.Length; i += Vector<double>.Count)
        {
            Vector<double> toStart = new Vector<double>(toStarts[i..]) / thousand;
            Vector<double> toEnd = new Vector<double>(toEnds[i..]) / thousand;
            Vector<double> sampled = new Vector<double>(sampleds[i..]) / thousand;
            Vector<double> average = sampled / new Vector<double>(gaps[i..]);
            Vector<double> threshold = average * new Vector<double>(1.1);
            Vector<double> half = average / two;
            var first = new Vector<double>(firsts[i..]);
            var difference = new Vector<double>(differences[i..]);
            toStart = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(toStart, threshold), half, toStart);
            if (_isCounter)
            {
                Vector<double> toZero = sampled * (first / difference);
                Vector<long> applies = Vector.GreaterThan(difference, Vector<double>.Zero)
                    & Vector.GreaterThanOrEqual(first, Vector<double>.Zero)
                    & Vector.LessThan(toZero, toStart);
                toStart = Vector.ConditionalSelect(applies, toZero, toStart);
            }

            toEnd = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(toEnd, threshold), half, toEnd);
            Vector<double> factor = (sampled + toStart + toEnd) / sampled;
            if (_isRate)
            {
                factor /= new Vector<double>(_rangeSeconds);
            }

            Vector<double> rate = difference * factor;
            if (i + Vector<double>.Count <= result.Length)
            {
                rate.CopyTo(result[i..]);
            }
            else
            {
                for (int j = i; j < result.Length; j++)
                {
                    result[j] = rate[j - i];
                }
            }
        }
    }

    [InlineArray(Size)]
    private struct Column
    {
        private double _element;
    }
}
