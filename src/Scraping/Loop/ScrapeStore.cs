using Narthex.Exposition;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Writes what a scrape brought, or that it brought nothing, to storage.</summary>
internal sealed class ScrapeStore(ScrapeContext context)
{
    /// <summary>Stores one scrape. Returns why it failed, be it the given failure or one found here; null if it did not.</summary>
    public ScrapeException? Store(
        TargetMemory memory, ScrapeSettings settings, Target target, ScrapeBody? body, ScrapeException? failure, long timestampMs, TimeSpan duration)
    {
        IAppender appender = context.Appenders.Rent();
        try
        {
            ScrapeCounts counts = default;
            if (body is not null)
            {
                failure = TryIngest(memory, settings, target, body, timestampMs, appender);
                counts = memory.Ingester.Counts;
            }

            if (failure is not null)
            {
                context.Metrics.Count(failure.Kind);
                ScrapeLog.ScrapeFailed(context.Logger, settings.Config.JobName, target.Url, failure.Message);
                appender.Rollback();
                memory.Ingester.MarkAllStale(settings.Config.TrackTimestampsStaleness, timestampMs, appender);
            }

            long bodyBytes = failure?.Kind == ScrapeFailure.BodySizeLimit ? -1 : body?.Length ?? 0;
            var report = new ReportSeries.Values(
                failure is null, duration.TotalSeconds, counts, target.Timeout.TotalSeconds, settings.Config.Limits.Samples, bodyBytes);
            memory.Report.Append(appender, timestampMs, report, settings.Config.ExtraScrapeMetrics);
            if (Commit(memory, appender, target))
            {
                // Storage had dropped some series: a second reading looks them up. What is stored already is taken silently.
                if (failure is null)
                {
                    TryIngest(memory, settings, target, body!, timestampMs, appender);
                }

                memory.Report.Append(appender, timestampMs, report, settings.Config.ExtraScrapeMetrics);
                appender.Commit();
            }

            return failure;
        }
        catch (StorageException error)
        {
            ScrapeLog.CommitFailed(context.Logger, settings.Config.JobName, target.Url, error);
            return new ScrapeException(error.Message);
        }
        finally
        {
            context.Appenders.Return(appender);
        }
    }

    /// <summary>The target is gone: ends all its series.</summary>
    public void StoreEnd(TargetMemory memory, ScrapeSettings settings, Target target, long timestampMs)
    {
        IAppender appender = context.Appenders.Rent();
        try
        {
            memory.Ingester.MarkAllStale(settings.Config.TrackTimestampsStaleness, timestampMs, appender);
            memory.Report.AppendStale(appender, timestampMs);

            // Whoever scrapes these series now has written newer samples: the markers are refused then, and rightly so.
            appender.Commit();
        }
        catch (StorageException error)
        {
            ScrapeLog.CommitFailed(context.Logger, settings.Config.JobName, target.Url, error);
        }
        finally
        {
            context.Appenders.Return(appender);
        }
    }

    private ScrapeException? TryIngest(TargetMemory memory, ScrapeSettings settings, Target target, ScrapeBody body, long timestampMs, IAppender appender)
    {
        if (!ReferenceEquals(settings, memory.ResolvedUnder))
        {
            if (memory.ResolvedUnder is { } former && !settings.ResolvesLike(former))
            {
                memory.Cache.ForgetIdentities();
            }

            memory.ResolvedUnder = settings;
        }

        try
        {
            memory.Ingester.Ingest(settings, target.Labels, ChooseFormat(settings, target, body), body.Span, timestampMs, appender, target.Histograms);
            return null;
        }
        catch (ScrapeException error)
        {
            return error;
        }
        catch (ExpositionException error)
        {
            return new ScrapeException(error.Message);
        }
    }

    private ExpositionFormat ChooseFormat(ScrapeSettings settings, Target target, ScrapeBody body)
    {
        if (body.Length == 0)
        {
            // Nothing is exposed, whatever the header says.
            return ExpositionFormat.Text;
        }

        ExpositionFormat format = ContentTypes.Select(body.ContentType, settings.Config.FallbackScrapeProtocol, out string? problem);
        if (format == ExpositionFormat.Unknown)
        {
            ScrapeLog.ContentTypeUnknown(context.Logger, settings.Config.JobName, target.Url, body.ContentType ?? "", "", problem!);
            throw new ScrapeException(problem!);
        }

        if (problem is not null)
        {
            ScrapeLog.ContentTypeProblem(context.Logger, settings.Config.JobName, target.Url, problem);
        }

        return format;
    }

    // Returns whether series were dropped by storage and have been forgotten here.
    private bool Commit(TargetMemory memory, IAppender appender, Target target)
    {
        var rejected = new List<RejectedSample>(0);
        CommitResult result = appender.Commit(rejected);
        context.Metrics.ExemplarsOutOfOrder.Increment(result.ExemplarsOutOfOrder);
        ScrapeIngester ingester = memory.Ingester;
        int duplicates = ingester.Duplicates;
        int outOfOrder = 0;
        int outOfBounds = ingester.OutOfBounds;
        int invalidHistograms = 0;
        HashSet<SeriesRef>? dropped = null;
        foreach (RejectedSample row in rejected)
        {
            if (row.Error == AppendError.UnknownSeries)
            {
                (dropped ??= []).Add(row.Series);
            }
            else if (row.Row < ingester.StaleRows.Start.Value || row.Row >= ingester.StaleRows.End.Value)
            {
                duplicates += row.Error == AppendError.DuplicateTimestamp ? 1 : 0;
                outOfOrder += row.Error == AppendError.OutOfOrder ? 1 : 0;
                invalidHistograms += row.Error == AppendError.InvalidHistogram ? 1 : 0;
                outOfBounds += row.Error is AppendError.OutOfBounds or AppendError.TooOld ? 1 : 0;
            }
        }

        if (duplicates + outOfOrder + outOfBounds > 0)
        {
            context.Metrics.DuplicateTimestamps.Increment(duplicates);
            context.Metrics.OutOfOrder.Increment(outOfOrder);
            context.Metrics.OutOfBounds.Increment(outOfBounds);
            ScrapeLog.SamplesRefused(context.Logger, target.Url, duplicates, outOfOrder, outOfBounds);
        }

        if (invalidHistograms > 0)
        {
            ScrapeLog.HistogramsRefused(context.Logger, target.Url, invalidHistograms);
        }

        if (dropped is null)
        {
            return false;
        }

        memory.Cache.Forget(dropped);
        memory.Report.Forget();
        return true;
    }
}
