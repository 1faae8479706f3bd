using Narthex.Model;
using Narthex.PromQL;
using Narthex.Storage;

namespace Narthex.Rules.Groups;

/// <summary>What a commit of a rule's samples refused.</summary>
internal readonly record struct RefusedSamples(int OutOfOrder, int TooOld, int Duplicates, int Others)
{
    public bool Any => (OutOfOrder | TooOld | Duplicates | Others) != 0;
}

/// <summary>Stores what one rule yields, and marks series as stale that it does not yield any more.</summary>
/// <remarks>The references of the series are kept from one evaluation to the next: a series that is still there is not looked up again.</remarks>
internal sealed class RuleResults
{
    private Dictionary<Labels, SeriesRef> _series = [];
    private Dictionary<Labels, SeriesRef> _next = [];

    /// <summary>The series of the last evaluation.</summary>
    public IReadOnlyCollection<Labels> Series => _series.Keys;

    /// <summary>Goes on where the results of an equal rule stood.</summary>
    public void TakeOver(RuleResults from) => _series = new Dictionary<Labels, SeriesRef>(from._series);

    /// <summary>Stores the samples of an evaluation.</summary>
    /// <exception cref="StorageException">Nothing was stored.</exception>
    public RefusedSamples Store(IAppendable appendable, IReadOnlyList<VectorSample> samples, long timestampMs)
    {
        if (samples.Count == 0 && _series.Count == 0)
        {
            return default;
        }

        using IAppender appender = appendable.OpenAppender();
        var rejected = new List<RejectedSample>();
        _next.Clear();
        try
        {
            foreach (VectorSample sample in samples)
            {
                if (!_series.Remove(sample.Labels, out SeriesRef series))
                {
                    series = appender.GetOrAddSeries(sample.Labels);
                }

                // Known from here on, so that a failure below forgets no series.
                _next[sample.Labels] = series;
                Append(appender, series, sample);
            }

            foreach (SeriesRef gone in _series.Values)
            {
                appender.Append(gone, timestampMs, StaleNaN.Value);
            }

            appender.Commit(rejected);
        }
        catch (StorageException)
        {
            // No marker has been stored either: the next evaluation that succeeds owes them.
            foreach ((Labels labels, SeriesRef series) in _next)
            {
                _series[labels] = series;
            }

            throw;
        }

        (_series, _next) = (_next, _series);
        return rejected.Count == 0 ? default : Repeat(appender, samples, rejected);
    }

    /// <summary>Marks series as stale.</summary>
    public static void MarkStale(IAppendable appendable, IEnumerable<Labels> series, long timestampMs)
    {
        using IAppender appender = appendable.OpenAppender();
        foreach (Labels labels in series)
        {
            appender.Append(appender.GetOrAddSeries(labels), timestampMs, StaleNaN.Value);
        }

        appender.Commit();
    }

    private static void Append(IAppender appender, SeriesRef series, in VectorSample sample)
    {
        if (sample.Histogram is { } histogram)
        {
            appender.Append(series, sample.TimestampMs, histogram);
        }
        else
        {
            appender.Append(series, sample.TimestampMs, sample.Value);
        }
    }

    // A series that has been collected since the last evaluation is looked up again; all others are refused for good.
    private RefusedSamples Repeat(IAppender appender, IReadOnlyList<VectorSample> samples, List<RejectedSample> rejected)
    {
        int outOfOrder = 0, tooOld = 0, duplicates = 0, others = 0;
        var again = new List<int>();
        foreach (RejectedSample sample in rejected)
        {
            // Behind the samples are the markers: whoever has something newer needs none.
            if (sample.Row >= samples.Count)
            {
                continue;
            }

            switch (sample.Error)
            {
                case AppendError.UnknownSeries:
                    again.Add(sample.Row);
                    continue;
                case AppendError.OutOfOrder:
                    outOfOrder++;
                    break;
                case AppendError.TooOld:
                    tooOld++;
                    break;
                case AppendError.DuplicateTimestamp:
                    duplicates++;
                    break;
                default:
                    others++;
                    break;
            }

            _series.Remove(samples[sample.Row].Labels);
        }

        foreach (int row in again)
        {
            SeriesRef series = appender.GetOrAddSeries(samples[row].Labels);
            _series[samples[row].Labels] = series;
            Append(appender, series, samples[row]);
        }

        return again.Count > 0
            ? new RefusedSamples(outOfOrder, tooOld, duplicates, others + appender.Commit().Rejected)
            : new RefusedSamples(outOfOrder, tooOld, duplicates, others);
    }
}
