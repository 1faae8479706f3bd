using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <content>Native histograms and their exemplars.</content>
internal sealed partial class ScrapeIngester
{
    private const int ExemplarTimesMax = 65_536;

    // A histogram exposes its exemplars until newer ones take their place: what went to storage once must not look late the next time.
    private readonly Dictionary<SeriesRef, long> _newestExemplars = [];
    private readonly List<Exemplar> _exemplars = [];

    private void AppendHistogram<TParser>(ref TParser parser, SeriesRef series, long timestampMs)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        FloatHistogram histogram = parser.ReadHistogram();
        if (!HistogramResolution.TryFit(ref histogram, _settings.SchemaMax, _settings.Config.NativeHistogramBucketLimit))
        {
            _isOverBucketLimit = true;
            return;
        }

        _appender.Append(series, timestampMs, histogram);
        _rows++;
        if (_wantsStarts)
        {
            _appender.SetStartTimestamp(parser.StartTimestampMs);
        }

        if (parser.HasExemplar && _appender.WantsExemplars)
        {
            AppendExemplars(ref parser, series);
        }
    }

    private void AppendExemplars<TParser>(ref TParser parser, SeriesRef series)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        _exemplars.Clear();
        while (parser.HasExemplar)
        {
            _exemplars.Add(parser.ReadExemplar(resolver.Exposed.Reset(), 0));
        }

        _exemplars.Sort(static (left, right) =>
            (left.TimestampMs, left.Value).CompareTo((right.TimestampMs, right.Value)) is var order and not 0 ? order : left.Labels.CompareTo(right.Labels));
        if (_newestExemplars.Count >= ExemplarTimesMax)
        {
            _newestExemplars.Clear();
        }

        // Only if all of them are late, that is told.
        long newestMs = _exemplars[^1].TimestampMs;
        bool isKnown = _newestExemplars.TryGetValue(series, out long formerMs);
        foreach (Exemplar exemplar in _exemplars)
        {
            if (!isKnown || exemplar.TimestampMs >= formerMs || newestMs < formerMs)
            {
                _appender.AppendExemplar(series, exemplar);
            }
        }

        _newestExemplars[series] = Math.Max(newestMs, isKnown ? formerMs : newestMs);
    }
}
