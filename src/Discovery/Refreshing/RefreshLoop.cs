using Microsoft.Extensions.Logging;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Refreshing;

/// <summary>Asks for all targets anew at every interval: the loop of the mechanisms that cannot wait for changes.</summary>
/// <remarks>A refresh that fails is counted and logged and keeps the former targets.</remarks>
internal sealed class RefreshLoop
{
    private readonly string _mechanism;
    private readonly string _job;
    private readonly TimeSpan _interval;
    private readonly DiscoveryMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public RefreshLoop(string mechanism, string job, TimeSpan interval, DiscoveryMetrics metrics, TimeProvider time, ILogger logger)
    {
        if (interval <= TimeSpan.Zero)
        {
            throw new DiscoveryException($"refresh_interval of {mechanism}_sd_configs must be greater than zero");
        }

        _mechanism = mechanism;
        _job = job;
        _interval = interval;
        _metrics = metrics;
        _time = time;
        _logger = logger;

        // From the start: what has not failed yet is told from what does not run.
        metrics.RefreshFailures.WithLabels(mechanism, job);
        metrics.RefreshDuration.WithLabels(mechanism, job);
        metrics.RefreshDurationHistogram.WithLabels(mechanism);
    }

    /// <summary>Refreshes until it is cancelled.</summary>
    /// <param name="refresh">Gives the groups that are to be reported.</param>
    /// <param name="place">What is asked, for the log.</param>
    /// <param name="updates">Takes the groups.</param>
    /// <param name="onFailure">Called for each refresh that failed.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<IReadOnlyList<TargetGroup>>> refresh,
        string place,
        IProgress<IReadOnlyList<TargetGroup>> updates,
        Action? onFailure,
        CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_interval, _time);
        do
        {
            long start = _time.GetTimestamp();
            try
            {
                IReadOnlyList<TargetGroup> groups = await refresh(cancellationToken);
                Observe(start);
                updates.Report(groups);
            }
#pragma warning disable CA1031 // Whatever a peer answered must cost this refresh only, not the mechanism.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Observe(start);
                _metrics.RefreshFailures.WithLabels(_mechanism, _job).Increment();
                onFailure?.Invoke();
                DiscoveryLog.RefreshFailed(_logger, _mechanism, _job, place, Explain(e, place));
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private static string Explain(Exception error, string place) => error switch
    {
        OperationCanceledException => "context deadline exceeded",
        HttpRequestException { InnerException: not null } when Uri.TryCreate(place, UriKind.Absolute, out Uri? uri) => NetworkErrors.Explain(error, uri, isBody: false),
        _ => error.Message,
    };

    private void Observe(long start)
    {
        double seconds = _time.GetElapsedTime(start).TotalSeconds;
        _metrics.RefreshDuration.WithLabels(_mechanism, _job).Observe(seconds);
        _metrics.RefreshDurationHistogram.WithLabels(_mechanism).Observe(seconds);
    }
}
