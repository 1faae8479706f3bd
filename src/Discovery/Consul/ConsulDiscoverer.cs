using System.Text.Json;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Consul;

/// <summary>Watches services of a Consul cluster: one group for each service.</summary>
/// <remarks>
/// The catalog and each service have a blocking query of their own, which the agent answers when something changed. A query that fails
/// keeps what was found before.
/// </remarks>
internal sealed class ConsulDiscoverer : IDiscoverer, IDisposable
{
    private static readonly TimeSpan s_retryInterval = TimeSpan.FromSeconds(15);

    private readonly ConsulSdConfig _config;
    private readonly ConsulClient _client;
    private readonly DiscoveryMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _reporting = new();

    public ConsulDiscoverer(ConsulSdConfig config, HttpClientFactory clients, DiscoveryMetrics metrics, TimeProvider time, ILogger<ConsulDiscoverer> logger)
    {
        if (config.RefreshInterval <= TimeSpan.Zero)
        {
            throw new DiscoveryException("refresh_interval of consul_sd_configs must be greater than zero");
        }

        _config = config;
        _client = new ConsulClient(config, clients);
        _metrics = metrics;
        _time = time;
        _logger = logger;
    }

    public async Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        string datacenter = await FindDatacenterAsync(cancellationToken);
        if (_config.Services.Count == 0 || _config.Tags.Count > 0 || _config.Filter.Length > 0)
        {
            await WatchCatalogAsync(datacenter, updates, cancellationToken);
        }
        else
        {
            await Task.WhenAll(_config.Services.Distinct().Select(service => WatchServiceAsync(service, datacenter, updates, cancellationToken)));
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<string> FindDatacenterAsync(CancellationToken cancellationToken)
    {
        while (_config.Datacenter.Length == 0)
        {
            try
            {
                return await _client.GetDatacenterAsync(cancellationToken);
            }
#pragma warning disable CA1031 // Whatever the agent answered, it is asked again.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                await WaitAfterFailureAsync("the data center's name", e, cancellationToken);
            }
        }

        return _config.Datacenter;
    }

    private async Task WatchCatalogAsync(string datacenter, IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        var watched = new Dictionary<string, (CancellationTokenSource Stop, Task Completion)>(StringComparer.Ordinal);
        try
        {
            await WatchAsync("the list of services", "services", _client.GetServicesAsync, OnServices, cancellationToken);
        }
        finally
        {
            foreach ((CancellationTokenSource stop, _) in watched.Values)
            {
                await stop.CancelAsync();
            }

            await Task.WhenAll(watched.Values.Select(entry => entry.Completion)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        void OnServices(JsonElement services)
        {
            HashSet<string> wanted = [.. services.AsFields().Where(IsWanted).Select(service => service.Name)];
            foreach (string name in watched.Keys.Where(name => !wanted.Contains(name)).ToArray())
            {
                watched.Remove(name, out var removed);
                lock (_reporting)
                {
                    // Under the lock: the stopped watch cannot bring the group back afterwards.
                    removed.Stop.Cancel();
                    updates.Report([new TargetGroup { Source = name }]);
                }
            }

            foreach (string name in wanted.Where(name => !watched.ContainsKey(name)))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                watched.Add(name, (stop, WatchServiceAsync(name, datacenter, updates, stop.Token)));
            }

            if (watched.Count == 0)
            {
                lock (_reporting)
                {
                    updates.Report([]);
                }
            }
        }
    }

    private bool IsWanted(JsonProperty service) =>
        (_config.Services.Count == 0 || _config.Services.Contains(service.Name))
        && (_config.Tags.Count == 0 || _config.Tags.All(service.Value.AsItems().Select(JsonFields.AsText).ToHashSet(StringComparer.Ordinal).Contains));

    private Task WatchServiceAsync(
        string service, string datacenter, IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken)
    {
        return WatchAsync("service " + service, "service", (index, stop) => _client.GetInstancesAsync(service, index, stop), OnInstances, cancellationToken);

        void OnInstances(JsonElement instances)
        {
            TargetGroup group = ConsulTargets.Group(service, datacenter, instances, _config.TagSeparator);
            lock (_reporting)
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    updates.Report([group]);
                }
            }
        }
    }

    private async Task WatchAsync(
        string what,
        string call,
        Func<ulong, CancellationToken, Task<ConsulAnswer>> ask,
        Action<JsonElement> onChange,
        CancellationToken cancellationToken)
    {
        ulong index = 0;
        using var timer = new PeriodicTimer(_config.RefreshInterval, _time);
        do
        {
            long start = _time.GetTimestamp();
            try
            {
                using ConsulAnswer answer = await ask(index, cancellationToken);
                Observe(call, start);
                if (answer.Index != index || index == 0)
                {
                    onChange(answer.Body.RootElement);

                    // After a restore the cluster counts anew: then the next question must not wait for the old number.
                    index = answer.Index < index ? 0 : answer.Index;
                }
            }
#pragma warning disable CA1031 // Whatever the agent answered must cost this query only, not the watch.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Observe(call, start);
                await WaitAfterFailureAsync(what, e, cancellationToken);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private void Observe(string call, long start) =>
        _metrics.ConsulRpcDuration.WithLabels("catalog", call).Observe(_time.GetElapsedTime(start).TotalSeconds);

    private Task WaitAfterFailureAsync(string what, Exception error, CancellationToken cancellationToken)
    {
        _metrics.ConsulRpcFailures.Increment();
        DiscoveryLog.ConsulFailed(_logger, what, error.Message);
        return Task.Delay(s_retryInterval, _time, cancellationToken);
    }
}
