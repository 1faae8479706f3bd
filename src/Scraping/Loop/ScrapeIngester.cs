using System.Runtime.CompilerServices;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Reads the body of a scrape into an appender, by way of the target's series cache. One for each target; not thread-safe.</summary>
internal sealed partial class ScrapeIngester(SeriesCache cache, TargetMetadataCache metadata, SeriesResolver resolver)
{
    // A sample further ahead would make storage refuse everything that comes at its proper time.
    private const long AheadMaxMs = 10 * 60 * 1000;

    private readonly GapCache _gaps = new();
    private ExpositionFormat _gapsFormat;
    private IAppender _appender = null!;
    private ScrapeSettings _settings = null!;
    private Labels _targetLabels;
    private long _timestampMs;
    private int _scraped;
    private int _kept;
    private int _added;
    private int _rows;
    private bool _isOverLimit;
    private bool _isOverBucketLimit;
    private bool _wantsStarts;

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
        ScrapeSettings settings,
        Labels targetLabels,
        ExpositionFormat format,
        ReadOnlySpan<byte> body,
        long timestampMs,
        IAppender appender,
        HistogramParsing histograms = HistogramParsing.ClassicOnly)
    {
        (_settings, _targetLabels, _timestampMs, _appender) = (settings, targetLabels, timestampMs, appender);
        _scraped = _kept = _added = _rows = Duplicates = OutOfBounds = 0;
        StaleRows = default;
        _isOverLimit = _isOverBucketLimit = false;
        _wantsStarts = appender.WantsStartTimestamps;
        (_unit, _unitFamily) = ([], []);
        cache.Begin();
        if (format != _gapsFormat)
        {
            _gaps.Clear();
            _gapsFormat = format;
        }

        _gaps.Begin();
        metadata.Begin();
        try
        {
            bool converts = (histograms & HistogramParsing.ConvertClassic) != 0;
            bool keepsClassic = (histograms & HistogramParsing.KeepClassic) != 0;
            switch (format)
            {
                case ExpositionFormat.Protobuf:
                    Ingest(new ProtobufParser(body, histograms));
                    break;
                case ExpositionFormat.OpenMetrics when converts:
                    Ingest(new ClassicConversionParser<OpenMetricsParser>(new OpenMetricsParser(body, _wantsStarts), keepsClassic));
                    break;
                case ExpositionFormat.OpenMetrics:
                    Ingest(new OpenMetricsParser(body, _wantsStarts));
                    break;
                default:
                    if (converts)
                    {
                        Ingest(new ClassicConversionParser<PrometheusTextParser>(new PrometheusTextParser(body), keepsClassic));
                    }
                    else
                    {
                        Ingest(new PrometheusTextParser(body));
                    }

                    break;
            }
        }
        catch
        {
            cache.Abandon();
            _gaps.Abandon();
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

    // The parser stands at the beginning of the body; copies of it read again what is needed seldom.
    private void Ingest<TParser>(TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        TParser forMetadata = parser;
        TParser forStorage = parser;
        try
        {
            Read(ref parser, ref forMetadata);
        }
        catch (Exception error) when (error is ScrapeException or ExpositionException)
        {
            // What a target says about its families counts also where it says too much, or something wrong later on.
            metadata.ReadUntil(ref forMetadata, parser.Position);
            throw;
        }

        int samples = _rows;
        _gaps.End();
        cache.End(this, static (self, entry) => self.MarkStale(entry));
        StaleRows = samples.._rows;
        WriteMetadata(ref forStorage);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            else if (TrySkipGap(ref parser))
            {
                continue;
            }
            else if (!TryReadGap(ref parser))
            {
                break;
            }
            else if (!TryIdentify(ref parser, out entry))
            {
                continue;
            }

            Append(ref parser, entry);
        }

        if (_isOverLimit)
        {
            throw new ScrapeException("sample limit exceeded", ScrapeFailure.SampleLimit);
        }

        if (_isOverBucketLimit)
        {
            throw new ScrapeException("histogram bucket limit exceeded", ScrapeFailure.BucketLimit);
        }

        if (metadata.HasChanged)
        {
            metadata.Read(ref again);
        }
    }

    private bool TrySkipGap<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        // Who passes over a declaration does not learn the unit.
        for (int ahead = 0; !_settings.AddTypeAndUnitLabels && _gaps.TryPeek(ahead, out GapCache.Gap gap); ahead++)
        {
            if (parser.TrySkipKnown(gap.Length, gap.Hash, gap.Type))
            {
                _gaps.Take(ahead);
                NoteGap(gap);
                return true;
            }
        }

        return false;
    }

    // Goes to the next series line, over a gap that is new. False if there is no more.
    private bool TryReadGap<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        int start = parser.Position;
        bool hasMetadata = false;
        MetricType? type = null;
        EntryKind kind;
        while ((kind = parser.Next()) is not (EntryKind.Series or EntryKind.End))
        {
            hasMetadata |= kind != EntryKind.Comment;
            type = kind == EntryKind.Type ? parser.MetricType : type;
            NoteUnit(kind, ref parser);
        }

        ExpositionGap found = parser.GapSince(start);
        if (found.Length > 0)
        {
            var gap = new GapCache.Gap(found.Hash, found.Length, hasMetadata, type);
            NoteGap(gap);
            if (found.IsWhole)
            {
                _gaps.Add(gap);
            }
        }

        return kind == EntryKind.Series;
    }

    private void NoteGap(in GapCache.Gap gap)
    {
        if (gap.HasMetadata)
        {
            metadata.Add(gap.Hash);
        }
    }

    // False beyond the sample limit: there new series are only counted.
    private bool TryIdentify<TParser>(ref TParser parser, out SeriesCache.Entry entry)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        ulong hash = parser.IdentityHash;
        int length = parser.IdentityLength;
        if (cache.Find(hash, length, out entry))
        {
            _scraped++;
            return true;
        }

        parser.ParseLabels(resolver.Exposed.Reset());
        AddTypeAndUnit(parser.MetricType);
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

        entry = new SeriesCache.Entry(hash, length, EntryFlags.None, labels.IsEmpty ? default : _appender.GetOrAddSeries(labels));
        cache.Add(entry);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Append<TParser>(ref TParser parser, in SeriesCache.Entry entry)
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

        if (parser.HasHistogram)
        {
            AppendHistogram(ref parser, entry.Series, timestampMs);
            return;
        }

        _appender.Append(entry.Series, timestampMs, parser.Value);
        _rows++;
        if (_wantsStarts)
        {
            _appender.SetStartTimestamp(parser.StartTimestampMs);
        }

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
