using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Reads the body of a scrape into an appender, by way of the target's series cache. One for each target; not thread-safe.</summary>
internal sealed class ScrapeIngester(SeriesCache cache, TargetMetadataCache metadata, SeriesResolver resolver)
{
    // A sample further ahead would make storage refuse everything that comes at its proper time.
    private const long AheadMaxMs = 10 * 60 * 1000;

    private IAppender _appender = null!;
    private ScrapeSettings _settings = null!;
    private Labels _targetLabels;
    private long _timestampMs;
    private int _scraped;
    private int _kept;
    private int _added;
    private int _rows;
    private bool _isOverLimit;

    /// <summary>What was read so far, also when reading failed.</summary>
    public ScrapeCounts Counts => new(_scraped, _kept, _added);

    /// <summary>Samples left out because the same line came before in the body.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Samples left out because their timestamps are too far in the future.</summary>
    public int OutOfBounds { get; private set; }

    /// <summary>The rows in the appender that are staleness markers. Storage may refuse them without anything being wrong.</summary>
    public Range StaleRows { get; private set; }

    /// <summary>Appends all samples of the body, and staleness markers for series that are gone.</summary>
    /// <remarks>The appender is empty before. The caller commits on success; on failure it rolls back and calls <see cref="MarkAllStale"/>.</remarks>
    /// <exception cref="ScrapeException">A limit was exceeded, or a series is not valid.</exception>
    /// <exception cref="ExpositionException">The body is malformed.</exception>
    public void Ingest(
        ScrapeSettings settings, Labels targetLabels, ExpositionFormat format, ReadOnlySpan<byte> body, long timestampMs, IAppender appender)
    {
        (_settings, _targetLabels, _timestampMs, _appender) = (settings, targetLabels, timestampMs, appender);
        _scraped = _kept = _added = _rows = Duplicates = OutOfBounds = 0;
        StaleRows = default;
        _isOverLimit = false;
        cache.Begin();
        metadata.Begin();
        try
        {
            if (format == ExpositionFormat.OpenMetrics)
            {
                var parser = new OpenMetricsParser(body);
                var again = new OpenMetricsParser(body);
                Read(ref parser, ref again);
            }
            else
            {
                var parser = new PrometheusTextParser(body);
                var again = new PrometheusTextParser(body);
                Read(ref parser, ref again);
            }

            int samples = _rows;
            cache.End(this, static (self, entry) => self.MarkStale(entry));
            StaleRows = samples.._rows;
        }
        catch
        {
            cache.Abandon();
            throw;
        }
        finally
        {
            _appender = null!;
        }
    }

    /// <summary>Appends a staleness marker for every series of the last scrape, unless they have got them already.</summary>
    /// <remarks>The appender is empty before.</remarks>
    public void MarkAllStale(bool trackTimestamps, long timestampMs, IAppender appender)
    {
        Duplicates = OutOfBounds = 0;
        int rows = 0;
        if (!cache.IsStale)
        {
            foreach (SeriesCache.Entry entry in cache.Entries)
            {
                if (LeavesMarker(entry, trackTimestamps))
                {
                    appender.Append(entry.Series, timestampMs, StaleNaN.Value);
                    rows++;
                }
            }

            cache.SetStale();
        }

        StaleRows = 0..rows;
    }

    private void Read<TParser>(ref TParser parser, ref TParser again)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        while (true)
        {
            SeriesCache.Entry entry;
            if (cache.Expected(out int length, out ulong hash) && parser.TryNextKnownSeries(length, hash))
            {
                _scraped++;
                entry = cache.TakeExpected();
            }
            else
            {
                EntryKind kind = parser.Next();
                if (kind == EntryKind.End)
                {
                    break;
                }

                if (kind != EntryKind.Series)
                {
                    if (kind != EntryKind.Comment)
                    {
                        metadata.Add(kind, ref parser);
                    }

                    continue;
                }

                if (!TryIdentify(ref parser, out entry))
                {
                    continue;
                }
            }

            Append(ref parser, entry);
        }

        if (_isOverLimit)
        {
            throw new ScrapeException("sample limit exceeded", ScrapeFailure.SampleLimit);
        }

        if (metadata.HasChanged)
        {
            metadata.Read(ref again);
        }
    }

    // False beyond the sample limit: there new series are only counted.
    private bool TryIdentify<TParser>(ref TParser parser, out SeriesCache.Entry entry)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        ReadOnlySpan<byte> identity = parser.Identity;
        ulong hash = SeriesIdentity.Hash(identity);
        if (cache.Find(hash, identity.Length, out entry))
        {
            _scraped++;
            return true;
        }

        parser.ParseLabels(resolver.Exposed.Reset());
        _scraped++;
        Labels labels = resolver.Resolve(_settings, _targetLabels);
        if (!labels.IsEmpty)
        {
            long limit = _settings.Config.Limits.Samples;
            if (limit > 0 && _rows >= limit)
            {
                _isOverLimit = true;
                _kept++;
                return false;
            }

            _added++;
        }

        entry = new SeriesCache.Entry(hash, identity.Length, EntryFlags.None, labels.IsEmpty ? default : _appender.GetOrAddSeries(labels));
        cache.Add(entry);
        return true;
    }

    private void Append<TParser>(ref TParser parser, SeriesCache.Entry entry)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        if (entry.Series.IsNone)
        {
            return;
        }

        _kept++;
        bool hasTimestamp = parser.HasTimestamp && _settings.Config.HonorTimestamps;
        EntryFlags flags = (entry.Flags & EntryFlags.Duplicate) | (hasTimestamp ? EntryFlags.HasTimestamp : EntryFlags.None);
        if (flags != entry.Flags)
        {
            cache.SetLast(flags);
        }

        if (entry.IsDuplicate && !hasTimestamp)
        {
            Duplicates++;
            return;
        }

        long limit = _settings.Config.Limits.Samples;
        if (limit > 0 && _rows >= limit)
        {
            _isOverLimit = true;
            return;
        }

        long timestampMs = hasTimestamp ? parser.TimestampMs : _timestampMs;
        if (timestampMs > _timestampMs + AheadMaxMs)
        {
            OutOfBounds++;
            return;
        }

        _appender.Append(entry.Series, timestampMs, parser.Value);
        _rows++;
        if (parser.HasExemplar && _appender.WantsExemplars)
        {
            _appender.AppendExemplar(entry.Series, parser.ReadExemplar(resolver.Exposed.Reset(), timestampMs));
        }
    }

    private void MarkStale(SeriesCache.Entry entry)
    {
        if (LeavesMarker(entry, _settings.Config.TrackTimestampsStaleness))
        {
            _appender.Append(entry.Series, _timestampMs, StaleNaN.Value);
            _rows++;
        }
    }

    private static bool LeavesMarker(in SeriesCache.Entry entry, bool trackTimestamps) =>
        !entry.Series.IsNone && !entry.IsDuplicate && (trackTimestamps || (entry.Flags & EntryFlags.HasTimestamp) == 0);
}
