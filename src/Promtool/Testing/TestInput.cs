using Narthex.Configuration.RuleTests;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;

namespace Narthex.Promtool.Testing;

/// <summary>The series of a test, which come in as its time goes on.</summary>
internal sealed class TestInput
{
    private readonly List<(SeriesDescription Description, int Next)> _series = [];
    private readonly long _startMs;
    private readonly long _intervalMs;

    /// <summary>Reads the series of a test.</summary>
    /// <exception cref="ToolException">One of them cannot be read.</exception>
    public TestInput(RuleTest test, TimeSpan interval)
    {
        _startMs = test.StartMs;
        _intervalMs = (long)interval.TotalMilliseconds;
        foreach (RuleTestSeries series in test.InputSeries)
        {
            try
            {
                // Braces end the name: behind it, those of a histogram would be taken for labels.
                string name = series.Series.TrimEnd();
                string separator = !name.Contains('{', StringComparison.Ordinal) && series.Values.AsSpan().TrimStart().StartsWith('{') ? "{} " : " ";
                _series.Add((SeriesNotation.Parse(name + separator + series.Values), 0));
            }
            catch (PromQLParseException error)
            {
                // Upstream's tool puts a line in front of each series.
                throw new ToolException(error.Message.StartsWith("1:", StringComparison.Ordinal) ? "2:" + error.Message[2..] : error.Message, error);
            }
        }
    }

    /// <summary>The labels of its series.</summary>
    public IEnumerable<Labels> Series => _series.Select(series => series.Description.Labels);

    /// <summary>Stores what there is up to a time.</summary>
    public void AppendTill(long timestampMs, IAppender appender)
    {
        for (int i = 0; i < _series.Count; i++)
        {
            (SeriesDescription description, int next) = _series[i];
            SeriesRef series = default;
            for (; next < description.Values.Count && _startMs + (next * _intervalMs) <= timestampMs; next++)
            {
                SequenceValue value = description.Values[next];
                if (value.IsOmitted)
                {
                    continue;
                }

                series = series.IsNone ? appender.GetOrAddSeries(description.Labels) : series;
                long atMs = _startMs + (next * _intervalMs);
                if (value.Histogram is { } histogram)
                {
                    appender.Append(series, atMs, histogram.Copy());
                }
                else
                {
                    appender.Append(series, atMs, value.Value);
                }
            }

            _series[i] = (description, next);
        }

        appender.Commit();
    }
}
