using System.Globalization;
using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary>Reads expositions in the text format with the strictness of upstream's tools, which is greater than that of a server: families must be whole and in order.</summary>
internal sealed class TextFormatReader
{
    private readonly TextFormatCursor _cursor;
    private readonly Dictionary<string, MetricFamilySummary> _families = new(StringComparer.Ordinal);

    private TextFormatReader(byte[] text) => _cursor = new TextFormatCursor(text);

    /// <summary>The families that have samples.</summary>
    /// <exception cref="TextFormatException">The text is malformed.</exception>
    public static IReadOnlyList<MetricFamilySummary> Read(byte[] text)
    {
        var reader = new TextFormatReader(text);
        while (reader._cursor.TryStartLine())
        {
            if (reader._cursor.TryTake('#'))
            {
                reader.ReadComment();
            }
            else
            {
                reader.ReadSample();
            }
        }

        return [.. reader._families.Values.Where(family => family.SeriesCount > 0)];
    }

    private void ReadComment()
    {
        _cursor.SkipBlanks();
        string keyword = _cursor.ReadWord();
        _cursor.SkipBlanks();
        if (keyword is not ("HELP" or "TYPE") || _cursor.Current == '\n')
        {
            _cursor.ReadLine();
            return;
        }

        string name = _cursor.TryTake('"') ? _cursor.ReadQuoted("metric name") : _cursor.ReadName(mayHaveColon: true);
        if (_cursor.Current == '\n')
        {
            return;
        }

        if (name.Length == 0 || _cursor.Current is not (' ' or '\t'))
        {
            throw _cursor.Fault("invalid metric name in comment");
        }

        _cursor.SkipBlanks();
        if (_cursor.Current == '\n')
        {
            return;
        }

        if (keyword == "HELP")
        {
            ReadHelp(FamilyOf(name));
        }
        else
        {
            ReadType(FamilyOf(name));
        }
    }

    private void ReadHelp(MetricFamilySummary family)
    {
        if (family.HasHelp)
        {
            throw _cursor.Fault($"second HELP line for metric name {GoQuote.Quote(family.Name)}");
        }

        family.HasHelp = true;
        _cursor.SkipEscapedLine();
    }

    private void ReadType(MetricFamilySummary family)
    {
        if (family.HasType || family.SeriesCount > 0)
        {
            throw _cursor.Fault($"second TYPE line for metric name {GoQuote.Quote(family.Name)}, or TYPE reported after samples");
        }

        string text = _cursor.ReadLine();
        family.SetType(text.ToUpperInvariant() switch
        {
            "COUNTER" => MetricType.Counter,
            "GAUGE" => MetricType.Gauge,
            "HISTOGRAM" => MetricType.Histogram,
            "GAUGE_HISTOGRAM" => MetricType.GaugeHistogram,
            "SUMMARY" => MetricType.Summary,
            "UNTYPED" => MetricType.Unknown,
            _ => throw _cursor.Fault($"unknown metric type {GoQuote.Quote(text)}"),
        });
    }

    private void ReadSample()
    {
        string name = _cursor.ReadName(mayHaveColon: true);
        if (name.Length == 0 && _cursor.Current != '{')
        {
            throw _cursor.Fault("invalid metric name");
        }

        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        _cursor.SkipBlanks();
        if (_cursor.TryTake('{'))
        {
            ReadLabels(ref name, labels);
        }

        MetricFamilySummary family = FamilyOf(name);
        ReadNumbers(name, family);
        family.Add(name, labels);
    }

    private void ReadLabels(ref string name, SortedDictionary<string, string> labels)
    {
        while (true)
        {
            _cursor.SkipBlanks();
            if (_cursor.TryTake('}'))
            {
                return;
            }

            bool isQuoted = _cursor.TryTake('"');
            string label = isQuoted ? _cursor.ReadQuoted("label name") : _cursor.ReadName(mayHaveColon: false);
            _cursor.SkipBlanks();
            if (isQuoted && name.Length == 0 && _cursor.Current != '=')
            {
                name = label;
                if (_cursor.Current is not (',' or '}'))
                {
                    throw _cursor.Fault($"unexpected end of metric name '{_cursor.Current}'");
                }

                _ = _cursor.TryTake(',');
                continue;
            }

            if (name.Length == 0)
            {
                throw _cursor.Fault("invalid metric name");
            }

            ReadLabel(name, label, labels);
            _cursor.SkipBlanks();
            if (!_cursor.TryTake(',') && _cursor.Current != '}')
            {
                throw _cursor.Fault($"unexpected end of label value {GoQuote.Quote(labels[label])}");
            }
        }
    }

    private void ReadLabel(string name, string label, SortedDictionary<string, string> labels)
    {
        if (label.Length == 0)
        {
            throw _cursor.Fault($"invalid label name for metric {GoQuote.Quote(name)}");
        }

        if (label == LabelNames.MetricName)
        {
            throw _cursor.Fault($"label name {GoQuote.Quote(label)} is reserved");
        }

        if (!_cursor.TryTake('='))
        {
            throw _cursor.Fault($"expected '=' after label name, found {Shown(_cursor.Current)}");
        }

        if (labels.ContainsKey(label))
        {
            throw _cursor.Fault($"duplicate label names for metric {GoQuote.Quote(name)}");
        }

        _cursor.SkipBlanks();
        if (!_cursor.TryTake('"'))
        {
            throw _cursor.Fault($"expected '\"' at start of label value, found {Shown(_cursor.Current)}");
        }

        string value = _cursor.ReadQuoted("label value");
        labels.Add(label, value);
        bool isNumber = (FamilyOf(name).Type, label) is (MetricType.Histogram, "le") or (MetricType.Summary, "quantile");
        if (isNumber && !TextFormatCursor.TryParseFloat(value, out _))
        {
            throw _cursor.Fault($"expected float as value for '{label}' label, got {GoQuote.Quote(value)}");
        }
    }

    private void ReadNumbers(string name, MetricFamilySummary family)
    {
        _cursor.SkipBlanks();
        string word = _cursor.ReadWord();
        if (!TextFormatCursor.TryParseFloat(word, out double value))
        {
            throw _cursor.Fault($"expected float as value, got {GoQuote.Quote(word)}");
        }

        if (value < 0 && family.Type == MetricType.Histogram && name.EndsWith("_bucket", StringComparison.Ordinal))
        {
            throw _cursor.Fault($"negative bucket population for histogram {GoQuote.Quote(family.Name)}");
        }

        _cursor.SkipBlanks();
        if (_cursor.Current == '\n')
        {
            return;
        }

        word = _cursor.ReadWord();
        if (!long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw _cursor.Fault($"expected integer as timestamp, got {GoQuote.Quote(word)}");
        }

        if (_cursor.ReadLine() is { Length: > 0 } rest)
        {
            throw _cursor.Fault($"spurious string after timestamp: {GoQuote.Quote(rest)}");
        }
    }

    private static string Shown(char c) => c == '\n' ? "'\\n'" : $"'{c}'";

    private MetricFamilySummary FamilyOf(string name)
    {
        foreach (string suffix in new[] { "_count", "_sum", "_bucket" })
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal)
                && _families.TryGetValue(name[..^suffix.Length], out MetricFamilySummary? whole)
                && (whole.Type == MetricType.Histogram || (whole.Type == MetricType.Summary && suffix != "_bucket")))
            {
                return whole;
            }
        }

        if (!_families.TryGetValue(name, out MetricFamilySummary? family))
        {
            _families.Add(name, family = new MetricFamilySummary(name));
        }

        return family;
    }
}
