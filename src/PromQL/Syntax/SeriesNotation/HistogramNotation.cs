using System.Text;
using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>A fault in a histogram literal and where it stands.</summary>
internal sealed class HistogramNotationException(int offset, string message) : Exception(message)
{
    public int Offset { get; } = offset;
}

/// <summary>Native histograms as tests write them: <c>{{schema:1 sum:3 count:4 buckets:[1 2] offset:-1}}</c>.</summary>
internal sealed class HistogramNotation(byte[] input, int start)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly FloatHistogram _histogram = new();
    private int _position = start + 2;
    private int _positiveOffset;
    private int _negativeOffset;

    private ReadOnlySpan<byte> Rest => input.AsSpan(Math.Min(_position, input.Length));

    private int Peek => _position < input.Length ? input[_position] : -1;

    public FloatHistogram Read(out int end)
    {
        // Only an empty literal may begin with a space.
        int space = _position;
        SkipSpaces();
        if (_position > space && Peek != '}')
        {
            throw Unexpected(ReadWord());
        }

        while (Peek != '}')
        {
            ReadProperty();
            int before = _position;
            SkipSpaces();
            if (Peek != '}' && _position == before)
            {
                throw Incomplete();
            }
        }

        if (!input.AsSpan(_position).StartsWith("}}"u8))
        {
            throw Incomplete();
        }

        end = _position + 2;
        _histogram.PositiveSpans = Spans(_positiveOffset, _histogram.PositiveBuckets.Length);
        _histogram.NegativeSpans = Spans(_negativeOffset, _histogram.NegativeBuckets.Length);
        return _histogram;
    }

    /// <summary>The sum of a histogram and a step, or the difference; a finer step is brought to the histogram's resolution.</summary>
    /// <remarks>
    /// Enough for literals with the same zero threshold and bounds. It adds in the order that literals are written,
    /// so it does not depend on the engine's own arithmetic, which tests in this notation check.
    /// </remarks>
    public static FloatHistogram Add(FloatHistogram histogram, FloatHistogram? step, int sign)
    {
        FloatHistogram zero = step ?? new FloatHistogram { Schema = histogram.Schema };
        (HistogramSpan[] positiveSpans, double[] positive) = AddBuckets(histogram, zero, sign, isPositive: true);
        (HistogramSpan[] negativeSpans, double[] negative) = AddBuckets(histogram, zero, sign, isPositive: false);
        return new FloatHistogram
        {
            Schema = histogram.Schema,
            CounterResetHint = histogram.CounterResetHint,
            ZeroThreshold = Math.Max(histogram.ZeroThreshold, zero.ZeroThreshold),
            ZeroCount = histogram.ZeroCount + (sign * zero.ZeroCount),
            Count = histogram.Count + (sign * zero.Count),
            Sum = step is null ? histogram.Sum : histogram.Sum + (sign * zero.Sum),
            CustomValues = histogram.CustomValues,
            PositiveSpans = positiveSpans,
            PositiveBuckets = positive,
            NegativeSpans = negativeSpans,
            NegativeBuckets = negative,
        };
    }

    private static (HistogramSpan[] Spans, double[] Buckets) AddBuckets(FloatHistogram histogram, FloatHistogram step, int sign, bool isPositive)
    {
        var byIndex = new SortedDictionary<int, double>();
        Collect(histogram, 1, 0);
        Collect(step, sign, step.UsesCustomBuckets ? 0 : step.Schema - histogram.Schema);
        if (byIndex.Count == 0)
        {
            return ([], []);
        }

        var spans = new List<HistogramSpan>();
        int next = 0;
        foreach (int index in byIndex.Keys)
        {
            if (spans.Count > 0 && index == next)
            {
                spans[^1] = spans[^1] with { Length = spans[^1].Length + 1 };
            }
            else
            {
                spans.Add(new HistogramSpan(index - next, 1));
            }

            next = index + 1;
        }

        return ([.. spans], [.. byIndex.Values]);

        void Collect(FloatHistogram from, int factor, int coarser)
        {
            int index = 0;
            int at = 0;
            double[] buckets = isPositive ? from.PositiveBuckets : from.NegativeBuckets;
            foreach (HistogramSpan span in isPositive ? from.PositiveSpans : from.NegativeSpans)
            {
                index += span.Offset;
                for (int i = 0; i < span.Length; i++, index++)
                {
                    // Bucket i ends at 2^(i*2^-schema): halving the resolution puts i-1 and i of an odd i together.
                    int target = coarser > 0 ? ((index - 1) >> coarser) + 1 : index;
                    byIndex[target] = byIndex.GetValueOrDefault(target) + (factor * buckets[at++]);
                }
            }
        }
    }

    private static HistogramSpan[] Spans(int offset, int length) => length == 0 ? [] : [new HistogramSpan(offset, (uint)length)];

    private void ReadProperty()
    {
        int nameStart = _position;
        string name = ReadWord();
        if (name.Length == 0)
        {
            throw Incomplete();
        }

        if (!IsKnown(name))
        {
            throw new HistogramNotationException(nameStart, $"bad histogram descriptor found: {GoQuote.Quote(name)}");
        }

        if (Peek != ':')
        {
            throw new HistogramNotationException(nameStart, "missing `:` for histogram descriptor");
        }

        _position++;
        if (!_seen.Add(name))
        {
            throw new HistogramNotationException(0, $"duplicate key {GoQuote.Quote(name)} in histogram");
        }

        switch (name)
        {
            case "schema":
                _histogram.Schema = ReadInteger();
                break;
            case "sum":
                _histogram.Sum = ReadNumber();
                break;
            case "count":
                _histogram.Count = ReadNumber();
                break;
            case "z_bucket":
                _histogram.ZeroCount = ReadNumber();
                break;
            case "z_bucket_w":
                _histogram.ZeroThreshold = ReadNumber();
                break;
            case "offset":
                _positiveOffset = ReadInteger();
                break;
            case "n_offset":
                _negativeOffset = ReadInteger();
                break;
            case "buckets":
                _histogram.PositiveBuckets = ReadList();
                break;
            case "n_buckets":
                _histogram.NegativeBuckets = ReadList();
                break;
            case "custom_values":
                _histogram.CustomValues = ReadList();
                break;
            default:
                _histogram.CounterResetHint = ReadHint();
                break;
        }
    }

    private static bool IsKnown(string name) => name is "schema" or "sum" or "count" or "z_bucket" or "z_bucket_w" or "offset" or "n_offset"
        or "buckets" or "n_buckets" or "custom_values" or "counter_reset_hint";

    private CounterResetHint ReadHint()
    {
        int hintStart = _position;
        string hint = ReadWord();
        return hint switch
        {
            "unknown" => CounterResetHint.Unknown,
            "reset" => CounterResetHint.CounterReset,
            "not_reset" => CounterResetHint.NotCounterReset,
            "gauge" => CounterResetHint.Gauge,
            _ => throw new HistogramNotationException(hintStart, $"bad histogram descriptor found: {GoQuote.Quote(hint)}"),
        };
    }

    private double[] ReadList()
    {
        if (Peek != '[')
        {
            throw Unexpected();
        }

        _position++;
        var values = new List<double>();
        while (Peek != ']')
        {
            values.Add(ReadNumber());
            int before = _position;
            SkipSpaces();
            if (Peek != ']' && _position == before)
            {
                throw new HistogramNotationException(_position, "invalid character in buckets description: " + SeriesFaults.QuoteAt(Rest));
            }
        }

        _position++;
        return [.. values];
    }

    private int ReadInteger()
    {
        int before = _position;
        double value = ReadNumber();
        if (value != Math.Floor(value) || Math.Abs(value) > int.MaxValue)
        {
            int digits = input[before] is (byte)'+' or (byte)'-' ? before + 1 : before;
            throw new HistogramNotationException(digits, SeriesFaults.NoCount(Encoding.ASCII.GetString(input, digits, _position - digits)));
        }

        return (int)value;
    }

    private double ReadNumber()
    {
        bool isNegative = Peek == '-';
        if (Peek is '+' or '-')
        {
            _position++;
        }

        return NumberScan.TryRead(input, ref _position, out double value) ? isNegative ? -value : value : throw Unexpected();
    }

    private string ReadWord()
    {
        int wordStart = _position;
        while (Peek >= 0 && (char.IsAsciiLetterOrDigit((char)Peek) || Peek == '_'))
        {
            _position++;
        }

        return Encoding.ASCII.GetString(input, wordStart, _position - wordStart);
    }

    private void SkipSpaces()
    {
        while (Peek is ' ' or '\t')
        {
            _position++;
        }
    }

    private HistogramNotationException Unexpected(string word)
    {
        _position -= word.Length;
        return new HistogramNotationException(_position, $"unexpected {(word.Length > 0 ? GoQuote.Quote(word) : "end of input")} in series values");
    }

    private HistogramNotationException Unexpected()
    {
        string fault = Rest.StartsWith("}}"u8) ? "unexpected \"}}\" " + SeriesFaults.InSeriesValues
            : Peek >= 0 && char.IsAsciiLetter((char)Peek) ? "bad histogram descriptor found: " + GoQuote.Quote(SeriesFaults.ReadWord(Rest))
            : SeriesFaults.Describe(input, _position, SeriesFaults.InSeriesValues);
        return new HistogramNotationException(_position, fault);
    }

    private HistogramNotationException Incomplete() => new(_position, "histogram description incomplete unexpected: " + SeriesFaults.QuoteAt(Rest));
}
