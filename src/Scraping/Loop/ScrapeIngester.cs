using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Reads the body of a scrape into an appender, by way of the target's series cache. One for each target; not thread-safe.</summary>
internal sealed class ScrapeIngester(SeriesCache cache, TargetMetadataCache metadata, SeriesResolver resolver)
{
    private IAppender _appender = null!;
    private ScrapeSettings _settings = null!;
    private Labels _targetLabels;
    private long _timestampMs;
    private int _scraped;
    private int _kept;
    private int _added;

    /// <summary>What was read so far, also when reading failed.</summary>
    public ScrapeCounts Counts => new(_scraped, _kept, _added);

    /// <summary>Appends all samples of the body, and staleness markers for series that are gone.</summary>
    /// <remarks>The caller commits on success; on failure it rolls back and calls <see cref="MarkAllStale"/>.</remarks>
    /// <exception cref="ScrapeException">A limit was exceeded, or a series is not valid.</exception>
    /// <exception cref="ExpositionException">The body is malformed.</exception>
    public void Ingest(
        ScrapeSettings settings, Labels targetLabels, ExpositionFormat format, ReadOnlySpan<byte> body, long timestampMs, IAppender appender)
    {
        (_settings, _targetLabels, _timestampMs, _appender) = (settings, targetLabels, timestampMs, appender);
        _scraped = _kept = _added = 0;
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

            cache.End(this, static (self, entry) => self.MarkStale(entry));
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

    /// <summary>Appends a staleness marker for every series of the last scrape, and forgets them.</summary>
    public void MarkAllStale(bool trackTimestamps, long timestampMs, IAppender appender)
    {
        foreach (SeriesCache.Entry entry in cache.Entries)
        {
            if (!entry.Series.IsNone && (trackTimestamps || (entry.Flags & EntryFlags.HasTimestamp) == 0))
            {
                appender.Append(entry.Series, timestampMs, StaleNaN.Value);
            }
        }

        cache.Clear();
    }

    private void Read<TParser>(ref TParser parser, ref TParser again)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        while (true)
        {
            SeriesCache.Entry entry;
            if (cache.Expected(out int length, out ulong hash) && parser.TryNextKnownSeries(length, hash))
            {
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

                entry = Identify(ref parser);
            }

            Append(ref parser, entry);
        }

        if (metadata.HasChanged)
        {
            metadata.Read(ref again);
        }
    }

    private SeriesCache.Entry Identify<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        ReadOnlySpan<byte> identity = parser.Identity;
        ulong hash = SeriesIdentity.Hash(identity);
        if (cache.Find(hash, identity.Length, out SeriesCache.Entry entry))
        {
            return entry;
        }

        parser.ParseLabels(resolver.Exposed.Reset());
        Labels labels = resolver.Resolve(_settings, _targetLabels);
        SeriesRef series = labels.IsEmpty ? default : _appender.GetOrAddSeries(labels);
        if (!series.IsNone)
        {
            _added++;
        }

        entry = new SeriesCache.Entry(hash, identity.Length, EntryFlags.None, series);
        cache.Add(entry);
        return entry;
    }

    private void Append<TParser>(ref TParser parser, SeriesCache.Entry entry)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        _scraped++;
        if (entry.Series.IsNone)
        {
            return;
        }

        long limit = _settings.Config.Limits.Samples;
        if (++_kept > limit && limit > 0)
        {
            throw new ScrapeException("sample limit exceeded", ScrapeFailure.SampleLimit);
        }

        bool hasTimestamp = parser.HasTimestamp && _settings.Config.HonorTimestamps;
        EntryFlags flags = hasTimestamp ? EntryFlags.HasTimestamp : EntryFlags.None;
        if (flags != entry.Flags)
        {
            cache.SetLast(entry.Series, flags);
        }

        _appender.Append(entry.Series, hasTimestamp ? parser.TimestampMs : _timestampMs, parser.Value);
        if (parser.HasExemplar)
        {
            _appender.AppendExemplar(entry.Series, parser.ReadExemplar(resolver.Exposed.Reset(), _timestampMs));
        }
    }

    private void MarkStale(SeriesCache.Entry entry)
    {
        if (!entry.Series.IsNone && (_settings.Config.TrackTimestampsStaleness || (entry.Flags & EntryFlags.HasTimestamp) == 0))
        {
            _appender.Append(entry.Series, _timestampMs, StaleNaN.Value);
        }
    }
}
