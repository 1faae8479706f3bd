using Microsoft.Extensions.Logging;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>Moves series that went stale into blocks of their own as soon as they are a certain share of the head, so that it need not hold them for hours.</summary>
internal sealed class StaleSeriesCompactor(HeadStorage head, BlockSet blocks, MetricRegistry registry, ILogger logger, TimeProvider time)
{
    private static readonly string[] s_hints = [BlockMeta.StaleSeriesHint];

    // It would be work for nothing if the head is compacted anyway so soon.
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(10);

    private readonly Counter _triggered = registry.CreateCounter("prometheus_tsdb_stale_series_compactions_triggered_total", "Compactions of stale series begun.");
    private readonly Counter _failed = registry.CreateCounter("prometheus_tsdb_stale_series_compactions_failed_total", "Compactions of stale series that failed.");
    private readonly Histogram _seconds = registry.CreateHistogram(
        "prometheus_tsdb_stale_series_compaction_duration_seconds", "How long compactions of stale series take.", [.. Enumerable.Range(0, 14).Select(i => Math.Pow(2, i))]);

    private double _threshold;
    private DateTimeOffset? _headCompacted;

    /// <summary>The share of stale series from which on they are moved; 0 for never.</summary>
    public double Threshold
    {
        get => Volatile.Read(ref _threshold);
        set => Volatile.Write(ref _threshold, value);
    }

    /// <summary>The head was compacted now.</summary>
    public void OnHeadCompacted() => _headCompacted = time.GetUtcNow();

    /// <summary>Moves them if it is time for that.</summary>
    /// <exception cref="Storage.StorageException">It failed: the series are where they were.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        long all = head.SeriesCount;
        bool isHeadDueSoon = _headCompacted is { } last && last + TimeSpan.FromMilliseconds(head.ChunkRangeMs) - s_soon <= time.GetUtcNow();
        if (Threshold <= 0 || all == 0 || (double)head.StaleSeriesCount / all < Threshold || head.StaleSeriesCount == 0 || isHeadDueSoon)
        {
            return;
        }

        if (head.IsEvicting)
        {
            // A query that takes long holds those of the last time: they are in blocks already.
            return;
        }

        _triggered.Increment();
        TsdbLog.StaleCompactionStarting(logger);
        long start = time.GetTimestamp();
        try
        {
            Dictionary<uint, long> stale = head.FindStaleSeries();
            Compact(stale, cancellationToken);
            head.Evict(stale);
            TimeSpan duration = time.GetElapsedTime(start);
            _seconds.Observe(duration.TotalSeconds);
            TsdbLog.StaleCompactionEnded(logger, stale.Count, GoDuration.Format(duration));
        }
        catch
        {
            _failed.Increment();
            throw;
        }
    }

    private void Compact(Dictionary<uint, long> stale, CancellationToken cancellationToken)
    {
        if (stale.Count == 0)
        {
            return;
        }

        long rangeMs = head.ChunkRangeMs;
        long newestMs = stale.Values.Max();
        for (long start = head.MinTimeMs - (((head.MinTimeMs % rangeMs) + rangeMs) % rangeMs); start <= newestMs; start += rangeMs)
        {
            using var source = new HeadBlockSource(head, new TimeRange(start, start + rangeMs - 1), cancellationToken, stale);
            if (!source.IsEmpty)
            {
                blocks.WriteBlock(source, start, start + rangeMs, s_hints, cancellationToken);
            }
        }
    }
}
