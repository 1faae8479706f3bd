using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.PromQL.Tests.TestLanguage;

/// <summary>A point of a scripted series: absent, a float or a histogram.</summary>
internal readonly record struct Point(bool IsPresent, double Value, FloatHistogram? Histogram, bool HasHint = false);

/// <summary>Reads lines such as <c>metric{a="b"} 1 _ 2+3x5 {{count:1}}</c>.</summary>
internal static partial class SeriesNotation
{
    public static (Labels Labels, bool IsStartTimes, List<Point> Points) Parse(string line)
    {
        int position = 0;
        Labels labels = ParseLabels(line, ref position);
        bool isStartTimes = line.AsSpan(position).StartsWith("@st", StringComparison.Ordinal);
        position += isStartTimes ? 3 : 0;
        return (labels, isStartTimes, isStartTimes ? ParseStarts(line[position..]) : ParsePoints(line[position..]));
    }

    public static double ParseNumber(string text) => text.ToLowerInvariant().TrimStart('+') switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" => StaleNaN.NormalNaN,
        "stale" => StaleNaN.Value,
        string other => double.Parse(other, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    public static Labels ParseLabels(string line, ref int position)
    {
        var builder = new LabelsBuilder();
        int start = position;
        while (position < line.Length && (char.IsLetterOrDigit(line[position]) || line[position] is '_' or ':'))
        {
            position++;
        }

        if (position > start)
        {
            builder.Set("__name__", line[start..position]);
        }

        if (position < line.Length && line[position] == '{')
        {
            position++;
            while (true)
            {
                SkipSpace(line, ref position, alsoComma: true);
                if (line[position] == '}')
                {
                    position++;
                    break;
                }

                string name = line[position] is '"' ? ParseString(line, ref position) : ParseName(line, ref position);
                SkipSpace(line, ref position, alsoComma: false);
                if (line[position] != '=')
                {
                    builder.Set("__name__", name);
                    continue;
                }

                position++;
                SkipSpace(line, ref position, alsoComma: false);
                builder.Set(name, ParseString(line, ref position));
            }
        }

        return builder.ToLabels();
    }

    public static string ParseString(string line, ref int position)
    {
        char quote = line[position++];
        var text = new StringBuilder();
        while (line[position] != quote)
        {
            char c = line[position++];
            if (c == '\\' && quote != '`')
            {
                c = line[position++] switch
                {
                    'n' => '\n',
                    't' => '\t',
                    char other => other,
                };
            }

            text.Append(c);
        }

        position++;
        return text.ToString();
    }

    private static string ParseName(string line, ref int position)
    {
        int start = position;
        while (char.IsLetterOrDigit(line[position]) || line[position] is '_' or ':')
        {
            position++;
        }

        return line[start..position];
    }

    private static void SkipSpace(string line, ref int position, bool alsoComma)
    {
        while (char.IsWhiteSpace(line[position]) || (alsoComma && line[position] == ','))
        {
            position++;
        }
    }

    // The start of each sample, in milliseconds relative to its time.
    private static List<Point> ParseStarts(string text)
    {
        var points = new List<Point>();
        foreach (string token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Match match = StartPattern().Match(token);
            if (!match.Success)
            {
                throw new FormatException("Not a start time: " + token);
            }

            int times = match.Groups["times"].Success ? int.Parse(match.Groups["times"].Value, CultureInfo.InvariantCulture) : 0;
            if (match.Groups["value"].Value == "_")
            {
                points.AddRange(Enumerable.Repeat(default(Point), Math.Max(times, 1)));
                continue;
            }

            double value = Milliseconds(match.Groups["value"].Value);
            double step = match.Groups["step"].Success ? Milliseconds(match.Groups["step"].Value) : 0;
            for (int i = 0; i <= times; i++)
            {
                points.Add(new Point(true, value + (i * step), null));
            }
        }

        return points;
    }

    private static long Milliseconds(string duration)
    {
        string magnitude = duration.TrimStart('+', '-');
        long milliseconds = magnitude == "0" ? 0 : (long)PrometheusDuration.Parse(magnitude).TotalMilliseconds;
        return duration[0] == '-' ? -milliseconds : milliseconds;
    }

    private static List<Point> ParsePoints(string text)
    {
        var points = new List<Point>();
        foreach (Match match in PointPattern().Matches(text))
        {
            if (match.Groups["histogram"].Success)
            {
                AddHistograms(points, match);
            }
            else
            {
                AddFloats(points, match.Value);
            }
        }

        return points;
    }

    private static void AddHistograms(List<Point> points, Match match)
    {
        (FloatHistogram value, bool hasHint) = ParseHistogram(match.Groups["histogram"].Value);
        int count = match.Groups["times"].Success ? int.Parse(match.Groups["times"].Value, CultureInfo.InvariantCulture) : 0;
        FloatHistogram? step = match.Groups["step"].Success ? ParseHistogram(match.Groups["step"].Value).Histogram : null;
        for (int i = 0; i <= count; i++)
        {
            points.Add(new Point(true, 0, value, hasHint));
            if (step is not null)
            {
                CounterResetHint hint = value.CounterResetHint;
                value = match.Groups["sign"].Value == "-" ? value.Minus(step, out _) : value.Plus(step, out _);
                value.CounterResetHint = hint;
            }
        }
    }

    private static void AddFloats(List<Point> points, string token)
    {
        Match match = FloatPattern().Match(token);
        if (!match.Success)
        {
            throw new FormatException("Not a point: " + token);
        }

        int count = match.Groups["times"].Success ? int.Parse(match.Groups["times"].Value, CultureInfo.InvariantCulture) : 0;
        if (match.Groups["value"].Value == "_")
        {
            points.AddRange(Enumerable.Repeat(default(Point), Math.Max(count, 1)));
            return;
        }

        double value = ParseNumber(match.Groups["value"].Value);
        double step = match.Groups["step"].Success ? ParseNumber(match.Groups["step"].Value) : 0;
        step = match.Groups["sign"].Value == "-" ? -step : step;
        for (int i = 0; i <= count; i++)
        {
            points.Add(new Point(true, value, null));
            value += step;
        }
    }

    private static (FloatHistogram Histogram, bool HasHint) ParseHistogram(string text)
    {
        var histogram = new FloatHistogram();
        int offset = 0;
        int negativeOffset = 0;
        bool hasHint = false;
        foreach (Match field in FieldPattern().Matches(text))
        {
            string value = field.Groups["value"].Value;
            switch (field.Groups["name"].Value)
            {
                case "schema":
                    histogram.Schema = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "sum":
                    histogram.Sum = ParseNumber(value);
                    break;
                case "count":
                    histogram.Count = ParseNumber(value);
                    break;
                case "z_bucket":
                    histogram.ZeroCount = ParseNumber(value);
                    break;
                case "z_bucket_w":
                    histogram.ZeroThreshold = ParseNumber(value);
                    break;
                case "offset":
                    offset = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "n_offset":
                    negativeOffset = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "buckets":
                    histogram.PositiveBuckets = Numbers(value);
                    break;
                case "n_buckets":
                    histogram.NegativeBuckets = Numbers(value);
                    break;
                case "custom_values":
                    histogram.CustomValues = Numbers(value);
                    break;
                case "counter_reset_hint":
                    hasHint = true;
                    histogram.CounterResetHint = value switch
                    {
                        "gauge" => CounterResetHint.Gauge,
                        "reset" => CounterResetHint.CounterReset,
                        "not_reset" => CounterResetHint.NotCounterReset,
                        _ => CounterResetHint.Unknown,
                    };
                    break;
            }
        }

        histogram.PositiveSpans = Span(offset, histogram.PositiveBuckets);
        histogram.NegativeSpans = Span(negativeOffset, histogram.NegativeBuckets);
        return (histogram, hasHint);
    }

    private static HistogramSpan[] Span(int offset, double[] buckets) => buckets.Length == 0 ? [] : [new HistogramSpan(offset, (uint)buckets.Length)];

    private static double[] Numbers(string list) => [.. list.Trim('[', ']').Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseNumber)];

    [GeneratedRegex(@"(?<histogram>\{\{.*?\}\})((?<sign>[+-])(?<step>\{\{.*?\}\}))?(x(?<times>\d+))?|\S+")]
    private static partial Regex PointPattern();

    [GeneratedRegex(@"^(?<value>_|stale|[+-]?(inf|nan|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?))((?<sign>[+-])(?<step>(inf|nan|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)))?(x(?<times>\d+))?$", RegexOptions.IgnoreCase)]
    private static partial Regex FloatPattern();

    [GeneratedRegex(@"^(?<value>_|[+-]?[0-9a-wyz]+)(?<step>[+-][0-9a-wyz]+)?(x(?<times>\d+))?$")]
    private static partial Regex StartPattern();

    [GeneratedRegex(@"(?<name>[a-z_]+):(?<value>\[[^\]]*\]|[^\s}]+)")]
    private static partial Regex FieldPattern();
}
