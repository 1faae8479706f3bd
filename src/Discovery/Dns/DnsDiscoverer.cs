using System.Globalization;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.Model;

namespace Narthex.Discovery.Dns;

/// <summary>Finds targets in DNS records: one group for each name.</summary>
/// <remarks>A name that cannot be looked up keeps its former targets and does not hold up the others.</remarks>
internal sealed class DnsDiscoverer(
    DnsSdConfig config, Func<ResolverConfig> loadResolver, DiscoveryMetrics metrics, RefreshLoop loop, TimeProvider time, ILogger<DnsDiscoverer> logger)
    : IDiscoverer
{
    private readonly DnsResolver _resolver = new(loadResolver, time, logger);

    private readonly DnsRecordType _type = Enum.Parse<DnsRecordType>(config.Type, ignoreCase: true);

    public Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken) =>
        loop.RunAsync(RefreshAsync, "DNS", updates, onFailure: null, cancellationToken);

    private async Task<IReadOnlyList<TargetGroup>> RefreshAsync(CancellationToken cancellationToken)
    {
        TargetGroup?[] groups = await Task.WhenAll(config.Names.Select(name => LookUpAsync(name, cancellationToken)));
        return [.. groups.OfType<TargetGroup>()];
    }

    private async Task<TargetGroup?> LookUpAsync(string name, CancellationToken cancellationToken)
    {
        metrics.DnsLookups.Increment();
        try
        {
            IReadOnlyList<DnsRecord> records = await _resolver.LookUpAsync(name, _type, cancellationToken);
            return new TargetGroup { Source = name, Targets = [.. records.Select(record => Target(name, record))] };
        }
        catch (DnsException e)
        {
            metrics.DnsLookupFailures.Increment();
            DiscoveryLog.DnsLookupFailed(logger, name, e.Message);
            return null;
        }
    }

    private Labels Target(string name, DnsRecord record)
    {
        LabelsBuilder labels = new LabelsBuilder().Set("__meta_dns_name", name);
        string host = record.Target.TrimEnd('.');
        switch (record.Type)
        {
            case DnsRecordType.Srv:
                labels.Set("__meta_dns_srv_record_target", record.Target);
                labels.Set("__meta_dns_srv_record_port", record.Port.ToString(CultureInfo.InvariantCulture));
                return labels.Set("__address__", MetaText.HostPort(host, record.Port)).ToLabels();
            case DnsRecordType.Mx:
                labels.Set("__meta_dns_mx_record_target", record.Target);
                break;
            case DnsRecordType.Ns:
                labels.Set("__meta_dns_ns_record_target", record.Target);
                break;
            default:
                break;
        }

        return labels.Set("__address__", MetaText.HostPort(host, config.Port)).ToLabels();
    }
}
