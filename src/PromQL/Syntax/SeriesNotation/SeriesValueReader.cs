using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax;

/// <summary>Reads the points of a described series.</summary>
internal sealed class SeriesValueReader(byte[] input, int start)
{
    // A typing error in the count must not take all memory.
    private const int ValuesMax = 10_000_000;

    private readonly List<SequenceValue> _values = [];
    private int _position = start;

    private int Peek => _position < input.Length ? input[_position] : -1;

    private bool AtEnd => _position >= input.Length;

    public List<SequenceValue> ReadAll()
    {
        while (true)
        {
            bool hadSpace = SkipSpaces();
            if (AtEnd)
            {
                return _values;
            }

            if (!hadSpace)
            {
                throw Unexpected("");
            }

            ReadItem();
        }
    }

    private bool SkipSpaces()
    {
        int before = _position;
        while (Peek is ' ' or '\t')
        {
            _position++;
        }

        return _position > before;
    }

    private void ReadItem()
    {
        if (Peek == '_')
        {
            _position++;
            int count = Peek == 'x' ? ReadTimes() : 1;
            Reserve(count);
            _values.AddRange(Enumerable.Repeat(new SequenceValue(0, IsOmitted: true), count));
        }
        else if (StartsWith("{{"u8))
        {
            ReadHistograms();
        }
        else if (Peek is '+' or '-' or (>= '0' and <= '9'))
        {
            ReadNumbers();
        }
        else
        {
            ReadWord();
        }
    }

    private void ReadWord()
    {
        string word = SeriesFaults.ReadWord(input.AsSpan(_position));
        if (word == "stale")
        {
            _position += word.Length;
            _values.Add(new SequenceValue(StaleNaN.Value));
        }
        else if (Keywords.Find(word) == TokenKind.Number)
        {
            ReadNumbers();
        }
        else
        {
            string fault = SeriesFaults.Describe(input, _position, "");
            throw Fail(_position, fault.StartsWith("unexpected identifier", StringComparison.Ordinal) ? $"{fault} {SeriesFaults.InSeriesValues}, expected number or \"stale\"" : fault);
        }
    }

    private void ReadNumbers()
    {
        double value = ReadSignedNumber();
        if (Peek is not ('x' or '+' or '-'))
        {
            _values.Add(new SequenceValue(value));
            return;
        }

        double step = Peek == 'x' ? 0 : ReadSignedNumber();
        if (Peek != 'x')
        {
            throw Unexpected();
        }

        int times = ReadTimes();
        Reserve(times + 1);
        for (int i = 0; i <= times; i++)
        {
            _values.Add(new SequenceValue(value));
            value += step;
        }
    }

    private void ReadHistograms()
    {
        FloatHistogram histogram = ReadHistogram();
        if (Peek is not ('x' or '+' or '-'))
        {
            _values.Add(new SequenceValue(0, Histogram: histogram));
            return;
        }

        int sign = Peek == 'x' ? 0 : Peek == '+' ? 1 : -1;
        FloatHistogram? step = null;
        if (sign != 0)
        {
            _position++;
            step = StartsWith("{{"u8) ? ReadHistogram() : throw Unexpected();
        }

        if (Peek != 'x')
        {
            throw Unexpected();
        }

        int times = ReadTimes();
        int timesEnd = _position;
        Reserve(times + 1);
        _values.Add(new SequenceValue(0, Histogram: histogram));
        for (int i = 0; i < times; i++)
        {
            if (step is not null && step.Schema < histogram.Schema)
            {
                throw Fail(timesEnd - 1, $"error combining histograms: cannot merge from schema {step.Schema} to {histogram.Schema}");
            }

            histogram = HistogramNotation.Add(histogram, step, sign);
            _values.Add(new SequenceValue(0, Histogram: histogram));
        }
    }

    private FloatHistogram ReadHistogram()
    {
        int start = _position;
        var reader = new HistogramNotation(input, start);
        try
        {
            return reader.Read(out _position);
        }
        catch (HistogramNotationException e)
        {
            throw Fail(e.Offset, e.Message);
        }
    }

    private double ReadSignedNumber()
    {
        bool isNegative = Peek == '-';
        if (Peek is '+' or '-')
        {
            _position++;
        }

        return NumberScan.TryRead(input, ref _position, out double value) ? isNegative ? -value : value : throw Unexpected();
    }

    private int ReadTimes()
    {
        _position++;
        int length = NumberScan.Measure(input.AsSpan(_position), out bool isNumber);
        if (!isNumber)
        {
            throw Unexpected();
        }

        string number = Encoding.ASCII.GetString(input, _position, length);
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int times))
        {
            throw Fail(_position, SeriesFaults.NoCount(number));
        }

        _position += length;
        return times;
    }

    private void Reserve(int count)
    {
        if (count > ValuesMax - _values.Count)
        {
            throw Fail(_position, "too many values in series");
        }
    }

    private bool StartsWith(ReadOnlySpan<byte> text) => input.AsSpan(Math.Min(_position, input.Length)).StartsWith(text);

    private PromQLParseException Unexpected(string where = SeriesFaults.InSeriesValues) => Fail(_position, SeriesFaults.Describe(input, _position, where));

    private PromQLParseException Fail(int position, string message) =>
        new(input, [new PromQLParseError(new PositionRange(position, Math.Max(position, _position)), message)]);
}
