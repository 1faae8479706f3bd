using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Windows side by side: groups of neighbours that have the same length and the same distance in samples, a lane for each.</summary>
/// <remarks>
/// Each lane makes the operations that a window alone would make, in their order, so the bits are the same, eight at a time. Sample m of
/// all windows of a group has to lie side by side for that, so columns are laid out anew where windows are more than a sample apart: the samples
/// of the same remainder by that distance together.
/// </remarks>
internal ref struct WindowLanes
{
    /// <summary>How many windows make a group.</summary>
    public const int Count = 8;

    private readonly ReadOnlySpan<int> _starts;
    private readonly ReadOnlySpan<int> _ends;
    private readonly int _rows;
    private readonly Vector256<int> _ramp;
    private long[] _rented = [];
    private int _used;

    /// <param name="input">The samples. Where there are few for each window, or histograms among them, there will be no groups.</param>
    public WindowLanes(RangeInput input)
    {
        _starts = input.FloatStarts;
        _ends = input.FloatEnds;
        int samples = input.FloatValues.Length;
        if (_starts.Length < Count || input.HasHistograms || !Vector256.IsHardwareAccelerated)
        {
            return;
        }

        // Of windows that are whole as a rule. Where that is not known, those of a series that has just begun come first.
        SteadyWindows steady = input.Steady;
        bool isKnown = steady.To - steady.From >= Count;
        int from = isKnown ? steady.From : input.FirstFilled;
        int to = isKnown ? steady.To : input.FilledEnd;
        int typical = to - Math.Max(1, (to - from) / 4);
        if (to - from < Count)
        {
            return;
        }

        // Laying out takes a step for each sample, so it has to serve some windows.
        int stride = _starts[typical] - _starts[typical - 1];
        int length = _ends[typical] - _starts[typical];
        if (stride > 0 && length >= 2 && (long)length * (to - from) >= 2L * samples)
        {
            Stride = stride;
            _rows = ((samples + stride - 1) / stride) + 1;
            _ramp = Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7) * stride;
        }
    }

    /// <summary>By how many samples neighbouring windows are apart. 0: there are no groups.</summary>
    public int Stride { get; }

    /// <summary>Lays a column out. At most two, before the first group; valid until <see cref="Dispose"/>.</summary>
    public LaneColumn<T> LayOut<T>(ReadOnlySpan<T> column)
        where T : struct
    {
        if (Stride <= 1)
        {
            return new LaneColumn<T>(column, 1, 0);
        }

        int size = Stride * _rows;
        if (_rented.Length == 0)
        {
            _rented = ArrayPool<long>.Shared.Rent(size * 2);
        }

        Span<T> laid = MemoryMarshal.Cast<long, T>(_rented.AsSpan(_used, size));
        _used += size;
        ref T target = ref MemoryMarshal.GetReference(laid);
        int row = 0;
        int i = 0;
        for (; i <= column.Length - Stride; i += Stride, row++)
        {
            ReadOnlySpan<T> next = column.Slice(i, Stride);
            nint place = row;
            foreach (T item in next)
            {
                Unsafe.Add(ref target, place) = item;
                place += _rows;
            }
        }

        for (int phase = 0; i + phase < column.Length; phase++)
        {
            laid[(phase * _rows) + row] = column[i + phase];
        }

        return new LaneColumn<T>(laid, Stride, _rows);
    }

    /// <summary>Whether the window of a step is in a group. Where the pattern breaks off soon behind it, the group begins before it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="first">The first step of the group, which reaches beyond <paramref name="step"/>.</param>
    /// <param name="length">How many samples each of its windows has: two at least.</param>
    public readonly bool TryGroup(int step, out int first, out int length)
    {
        first = step;
        length = 0;
        if (Stride == 0)
        {
            return false;
        }

        if (IsGroup(step, out length))
        {
            return true;
        }

        int next = step + 1;
        while (next < _starts.Length && _starts[next] - _starts[next - 1] == Stride && _ends[next] - _ends[next - 1] == Stride)
        {
            next++;
        }

        first = next - Count;
        return IsGroup(first, out length);
    }

    private readonly bool IsGroup(int first, out int length)
    {
        length = 0;
        if (first < 0 || first > _starts.Length - Count)
        {
            return false;
        }

        int start = _starts[first];
        length = _ends[first] - start;
        return length >= 2
            && Vector256.Create(_starts.Slice(first, Count)) == Vector256.Create(start) + _ramp
            && Vector256.Create(_ends.Slice(first, Count)) == Vector256.Create(start + length) + _ramp;
    }

    public void Dispose()
    {
        if (_rented.Length > 0)
        {
            ArrayPool<long>.Shared.Return(_rented);
            _rented = [];
        }
    }
}

/// <summary>A column laid out for groups of windows.</summary>
internal readonly ref struct LaneColumn<T>(ReadOnlySpan<T> items, int stride, int rows)
    where T : struct
{
    /// <summary>The items: those of each remainder together, so many rows apart.</summary>
    public ReadOnlySpan<T> Items { get; } = items;

    public int Stride { get; } = stride;

    public int Rows { get; } = rows;
}

/// <summary>Walks along the samples of a group of windows: at each place stand eight, one for each of them.</summary>
internal struct LaneCursor(int start, int stride, int rows)
{
    private readonly int _last = stride - 1;
    private int _phase = start % stride;
    private int _row = start / stride;

    /// <summary>Where the present samples stand in a column.</summary>
    public int Place { get; private set; } = (start % stride * rows) + (start / stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MoveNext()
    {
        if (_phase == _last)
        {
            _phase = 0;
            Place = ++_row;
        }
        else
        {
            _phase++;
            Place += rows;
        }
    }
}
