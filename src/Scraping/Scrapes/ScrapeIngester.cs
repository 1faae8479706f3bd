using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What a scrape counted.</summary>
internal struct ScrapeCounts
{
    /// <summary>Samples exposed.</summary>
    public int Scraped;

    /// <summary>Samples left after relabelling.</summary>
    public int PostRelabelling;

    /// <summary>Series not known before.</summary>
    public int SeriesAdded;

    /// <summary>Samples refused here because the series stood twice.</summary>
    public int Duplicates;

    /// <summary>Samples refused here because they lie too far in the future.</summary>
    public int OutOfBounds;
}

/// <summary>Turns one body into samples of one appender, with the help of what its loop remembers.</summary>
internal static class ScrapeIngester
{
    /// <summary>Explicit timestamps further in the future than this are refused.</summary>
    public static readonly TimeSpan FutureTolerance = TimeSpan.FromMinutes(10);

    /// <summary>Reads the whole body.</summary>
    /// <param name="parser">At the beginning of the body.</param>
    /// <param name="scrape">What the scrape is about.</param>
    /// <param name="workspace">Takes the samples.</param>
    /// <param name="refusedOnly">Only series that the storage did not know any more at the first attempt.</param>
    /// <param name="counts">Receives the counts also if an exception ends the scrape.</param>
    /// <exception cref="ExpositionException">The body is malformed.</exception>
    /// <exception cref="ScrapeException">A limit, or labels that cannot be stored.</exception>
    /// <exception cref="StorageException">The storage takes no more series.</exception>
    public static void Ingest<TParser>(
        ref TParser parser, in ScrapeContext scrape, ScrapeWorkspace workspace, bool refusedOnly, ref ScrapeCounts counts)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        SeriesCache cache = scrape.Series;
        IAppender appender = workspace.Appender;
        bool honorTimestamps = scrape.Settings.Config.HonorTimestamps;
        bool trackTimestamps = scrape.Settings.Config.TrackTimestampsStaleness;
        long sampleLimit = scrape.Settings.Config.Limits.Samples;
        long latestMs = scrape.TimestampMs + (long)FutureTolerance.TotalMilliseconds;
        bool limitExceeded = false;
        cache.Begin();
        while (true)
        {
            bool added = false;
            if (!cache.TryGetExpected(out int slot, out int length, out ulong hash) || !parser.TryNextKnownSeries(length, hash))
            {
                EntryKind kind = parser.Next();
                if (kind == EntryKind.End)
                {
                    break;
                }

                if (kind != EntryKind.Series)
                {
                    KeepMetadata(ref parser, kind, scrape);
                    continue;
                }

                slot = cache.FindOrAdd(parser.Identity, out added);
            }

            counts.Scraped++;
            if (cache.IsDropped(slot) || (refusedOnly && !cache.IsRefused(slot)))
            {
                cache.MarkSeen(slot);
                continue;
            }

            SeriesRef series = cache.SeriesOf(slot);
            if (series.IsNone)
            {
                parser.ParseLabels(workspace.Labels.Reset());
                if (!SampleLabels.TryMake(scrape.Settings.Config, scrape.TargetLabels, workspace.Labels, out Labels labels))
                {
                    cache.SetDropped(slot);
                    cache.MarkSeen(slot);
                    continue;
                }

                series = limitExceeded ? default : appender.GetOrAddSeries(labels);
                if (!series.IsNone)
                {
                    cache.SetSeries(slot, series);
                }

                counts.SeriesAdded += added ? 1 : 0;
            }

            counts.PostRelabelling++;
            bool first = cache.MarkSeen(slot);
            bool hasTimestamp = honorTimestamps && parser.HasTimestamp;
            long timestampMs = hasTimestamp ? parser.TimestampMs : scrape.TimestampMs;
            if (!first && !hasTimestamp)
            {
                counts.Duplicates++;
                continue;
            }

            if (timestampMs > latestMs)
            {
                counts.OutOfBounds++;
                continue;
            }

            if (sampleLimit > 0 && workspace.RowSlots.Count >= sampleLimit)
            {
                // The rest is still counted, so that the user learns by how much the limit is too low.
                limitExceeded = true;
                continue;
            }

            appender.Append(series, timestampMs, parser.Value);
            workspace.RowSlots.Add(slot);
            cache.SetTracked(slot, !hasTimestamp || trackTimestamps);
            if (parser.HasExemplar && scrape.AppendExemplars)
            {
                appender.AppendExemplar(series, parser.ReadExemplar(workspace.ExemplarLabels, timestampMs));
            }
        }

        if (limitExceeded)
        {
            throw new SampleLimitException();
        }
    }

    private static void KeepMetadata<TParser>(ref TParser parser, EntryKind kind, in ScrapeContext scrape)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        switch (kind)
        {
            case EntryKind.Type:
                scrape.Metadata.SetType(parser.FamilyName, parser.MetricType);
                break;
            case EntryKind.Help:
                scrape.Metadata.SetHelp(parser.FamilyName, parser.Text, typeof(TParser) == typeof(OpenMetricsParser));
                break;
            case EntryKind.Unit:
                scrape.Metadata.SetUnit(parser.FamilyName, parser.Text);
                break;
        }
    }
}

/// <summary>What a scrape is about.</summary>
internal readonly record struct ScrapeContext(
    ScrapeSettings Settings, Labels TargetLabels, SeriesCache Series, MetadataCache Metadata, long TimestampMs, bool AppendExemplars);

/// <summary>A target exposes more samples than it may.</summary>
internal sealed class SampleLimitException() : Exception("sample limit exceeded");
