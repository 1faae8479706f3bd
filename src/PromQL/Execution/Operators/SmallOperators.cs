using System.Text;
using Narthex.Model;
using Narthex.PromQL.Planning;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>One series without labels: <c>vector(scalar)</c>.</summary>
internal sealed class ScalarVectorOperator(double[] values) : ISeriesOperator
{
    private bool _read;

    public IReadOnlyList<SeriesLabels> GetSeries() => [default];

    public bool TryReadNext(StepBlock block)
    {
        if (_read)
        {
            return false;
        }

        _read = true;
        block.ClearHistograms();
        values.CopyTo(block.Values);
        block.Present.Fill(true);
        return true;
    }

    public void Dispose()
    {
    }
}

/// <summary>Computes its input at one step and repeats it at all.</summary>
internal sealed class StepInvariantOperator(ISeriesOperator input, QueryContext context) : ISeriesOperator
{
    private readonly StepBlock _block = new(context.Memory, 1);

    public IReadOnlyList<SeriesLabels> GetSeries() => input.GetSeries();

    public bool TryReadNext(StepBlock block)
    {
        if (!input.TryReadNext(_block))
        {
            return false;
        }

        block.Broadcast(_block);
        return true;
    }

    public void Dispose()
    {
        input.Dispose();
        _block.Dispose();
    }
}

/// <summary><c>absent</c> and, over the presence of ranges, <c>absent_over_time</c>: 1 wherever no series has a sample.</summary>
internal sealed class AbsentOperator(ISeriesOperator input, Labels labels, int steps) : ISeriesOperator
{
    private bool _read;

    /// <summary>The labels that a selector pins to one value, without the name.</summary>
    public static Labels LabelsOf(PlanNode argument)
    {
        IReadOnlyList<LabelMatcher>? matchers = argument switch
        {
            SelectNode select => select.Source.Matchers,
            RangeSelectNode select => select.Source.Matchers,
            StepInvariantNode { Inner: SelectNode select } => select.Source.Matchers,
            _ => null,
        };
        var builder = new LabelsBuilder();
        var ambiguous = new HashSet<string>(StringComparer.Ordinal);
        foreach (LabelMatcher matcher in matchers ?? [])
        {
            if (matcher.Name == LabelNames.MetricName)
            {
                continue;
            }

            // A label with several conditions is known by none of them.
            bool known = !builder.Get(matcher.NameUtf8.Span).IsEmpty || ambiguous.Contains(matcher.Name);
            if (matcher.Type == MatchType.Equal && !known)
            {
                builder.Set(matcher.Name, matcher.Value);
            }
            else
            {
                ambiguous.Add(matcher.Name);
                builder.Remove(matcher.NameUtf8.Span);
            }
        }

        return builder.ToLabels();
    }

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        input.GetSeries();
        return [new SeriesLabels(labels)];
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_read)
        {
            return false;
        }

        _read = true;
        bool[] present = new bool[steps];
        while (input.TryReadNext(block))
        {
            for (int i = 0; i < present.Length; i++)
            {
                present[i] |= block.Present[i];
            }
        }

        block.Clear();
        for (int i = 0; i < present.Length; i++)
        {
            if (!present[i])
            {
                block.Set(i, 1);
            }
        }

        return true;
    }

    public void Dispose() => input.Dispose();
}

/// <summary><c>sort</c> and <c>sort_desc</c> at one step: floats by value, NaN last.</summary>
internal sealed class SortOperator(ISeriesOperator input, bool descending, QueryContext context) : ISeriesOperator
{
    private readonly BufferedSeries _buffer = new(input, 1, context);
    private List<int> _order = [];
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = _buffer.GetSeries();
        _buffer.ReadAll(block => block.RemoveHistograms());
        _order = [.. Enumerable.Range(0, series.Count).Where(i => _buffer[i].Present[0])];
        var ordered = _order.Order(Comparer<int>.Create((a, b) =>
        {
            double left = _buffer[a].Values[0];
            double right = _buffer[b].Values[0];
            bool leftIsNaN = double.IsNaN(left);
            bool rightIsNaN = double.IsNaN(right);
            int order = leftIsNaN || rightIsNaN ? leftIsNaN.CompareTo(rightIsNaN) : descending ? right.CompareTo(left) : left.CompareTo(right);
            return order != 0 ? order : a.CompareTo(b);
        }));
        _order = [.. ordered];
        return _order.ConvertAll(i => series[i]);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _order.Count)
        {
            return false;
        }

        block.CopyFrom(_buffer[_order[_next++]]);
        return true;
    }

    public void Dispose() => _buffer.Dispose();
}

/// <summary><c>sort_by_label</c> and <c>sort_by_label_desc</c> at one step: by the listed labels, numbers within them by size, then by all labels.</summary>
internal sealed class SortByLabelOperator(ISeriesOperator input, IReadOnlyList<string> names, bool descending, QueryContext context) : ISeriesOperator
{
    private readonly BufferedSeries _buffer = new(input, 1, context);
    private List<int> _order = [];
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = _buffer.GetSeries();
        _buffer.ReadAll();
        byte[][] keys = [.. names.Select(Encoding.UTF8.GetBytes)];
        _order = [.. Enumerable.Range(0, series.Count).Order(Comparer<int>.Create((a, b) => (descending ? -1 : 1) * Compare(series[a].Labels, series[b].Labels, keys)))];
        return _order.ConvertAll(i => series[i]);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _order.Count)
        {
            return false;
        }

        block.CopyFrom(_buffer[_order[_next++]]);
        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private static int Compare(Labels left, Labels right, byte[][] keys)
    {
        foreach (byte[] key in keys)
        {
            int order = NaturalOrder.Compare(left.GetValueOrEmpty(key), right.GetValueOrEmpty(key));
            if (order != 0)
            {
                return order;
            }
        }

        return left.CompareTo(right);
    }
}

/// <summary>Text order in which runs of digits compare as numbers.</summary>
internal static class NaturalOrder
{
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        while (!left.IsEmpty && !right.IsEmpty)
        {
            ReadOnlySpan<byte> leftPart = CutPart(ref left, out bool leftIsNumber);
            ReadOnlySpan<byte> rightPart = CutPart(ref right, out bool rightIsNumber);
            int order;
            if (leftIsNumber && rightIsNumber)
            {
                ReadOnlySpan<byte> leftDigits = leftPart.TrimStart((byte)'0');
                ReadOnlySpan<byte> rightDigits = rightPart.TrimStart((byte)'0');
                order = leftDigits.Length != rightDigits.Length ? leftDigits.Length.CompareTo(rightDigits.Length) : leftDigits.SequenceCompareTo(rightDigits);
                order = order != 0 ? order : leftPart.Length.CompareTo(rightPart.Length);
            }
            else
            {
                order = leftPart.SequenceCompareTo(rightPart);
            }

            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    private static ReadOnlySpan<byte> CutPart(ref ReadOnlySpan<byte> text, out bool isNumber)
    {
        isNumber = char.IsAsciiDigit((char)text[0]);
        int length = 1;
        while (length < text.Length && char.IsAsciiDigit((char)text[length]) == isNumber)
        {
            length++;
        }

        ReadOnlySpan<byte> part = text[..length];
        text = text[length..];
        return part;
    }
}
