using System.Globalization;
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
        for (int i = 0; i < test.InputSeries.Count; i++)
        {
            try
            {
                SeriesDescription description = SeriesNotation.Parse(test.InputSeries[i].Series, test.InputSeries[i].Values);

                // A series that is described again is described anew.
                _series.RemoveAll(known => known.Description.Labels == description.Labels);
                _series.Add((description, 0));
            }
            catch (PromQLParseException error)
            {
                // Upstream's tool makes a script of them, with a line in front.
                int colon = error.Message.IndexOf(':', StringComparison.Ordinal);
                throw new ToolException(string.Create(CultureInfo.InvariantCulture, $"{i + 2}{error.Message[colon..]}"), error);
            }
        }
    }

    /// <summary>The labels of its series.</summary>
    public IEnumerable<Labels> Series => _series.Select(series => series.Description.Labels);

    /// <summary>Stores what there is up to a time; returns what is wrong with it, or null.</summary>
    public string? AppendTill(long timestampMs, IAppender appender)
    {
        string? fault = null;
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

                if (description.RepeatedLabel is { } repeated)
                {
                    fault = $"label name {GoQuote.Quote(repeated)} is not unique: invalid sample";
                    break;
                }

                try
                {
                    series = series.IsNone ? appender.GetOrAddSeries(description.Labels) : series;
                }
                catch (StorageException error)
                {
                    fault = error.Message;
                    break;
                }

                long atMs = _startMs + (next * _intervalMs);
                if (value.Histogram is { } histogram)
                {
                    // The storage refuses it each time that it is offered.
                    fault = HistogramFaults.Find(histogram);
                    if (fault is not null)
                    {
                        break;
                    }

                    appender.Append(series, atMs, histogram.Copy());
                }
                else
                {
                    appender.Append(series, atMs, value.Value);
                }
            }

            _series[i] = (description, next);
            if (fault is not null)
            {
                break;
            }
        }

        appender.Commit();
        return fault;
    }
}
