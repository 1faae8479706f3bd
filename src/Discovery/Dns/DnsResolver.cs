using System.Net;
using Microsoft.Extensions.Logging;

namespace Narthex.Discovery.Dns;

/// <summary>Looks up names as the system would: through search domains, servers and aliases.</summary>
internal sealed class DnsResolver(Func<ResolverConfig> loadConfig, TimeProvider time, ILogger logger)
{
    // As many as any sane zone has; a loop of aliases ends here.
    private const int AliasesMax = 8;

    private readonly DnsClient _client = new(time);

    /// <summary>The records of a name. None if it is certain that there are none.</summary>
    /// <exception cref="DnsException">It is not known whether there are records: what was found before should be kept.</exception>
    public async Task<IReadOnlyList<DnsRecord>> LookUpAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        ResolverConfig config = Load();
        bool isCertain = true;
        foreach (string candidate in config.Candidates(name))
        {
            DnsAnswer? answer = await FollowAsync(config, candidate, type, cancellationToken);
            if (answer?.Code == DnsResponseCode.Success)
            {
                return [.. answer.Records.Where(record => record.Type == type)];
            }

            isCertain &= answer is not null;
        }

        return isCertain
            ? []
            : throw new DnsException($"could not resolve {Model.GoQuote.Quote(name)}: all servers responded with errors to at least one search domain");
    }

    private ResolverConfig Load()
    {
        try
        {
            return loadConfig();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DnsException("could not load resolv.conf: " + e.Message, e);
        }
    }

    // A server that does not recurse answers with the alias alone; then its target is asked for.
    private async Task<DnsAnswer?> FollowAsync(ResolverConfig config, string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        for (int aliases = 0; aliases <= AliasesMax; aliases++)
        {
            DnsAnswer? answer = await AskAnyAsync(config, name, type, cancellationToken);
            if (answer is not { Code: DnsResponseCode.Success }
                || answer.Records.Any(record => record.Type == type)
                || answer.Records.LastOrDefault(record => record.Type == DnsRecordType.Cname) is not { Target: { } target })
            {
                return answer;
            }

            name = target;
        }

        return null;
    }

    // Only "here it is" and "there is no such name" are answers; anything else is a reason to ask the next server.
    private async Task<DnsAnswer?> AskAnyAsync(ResolverConfig config, string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < config.Attempts; attempt++)
        {
            foreach (IPEndPoint server in config.Servers)
            {
                try
                {
                    DnsAnswer answer = await _client.AskAsync(server, name, type, config.Timeout, cancellationToken);
                    if (answer.Code is DnsResponseCode.Success or DnsResponseCode.NameError)
                    {
                        return answer;
                    }

                    DiscoveryLog.DnsServerFailed(logger, server.ToString(), name, answer.Code.ToString());
                }
                catch (DnsException e)
                {
                    DiscoveryLog.DnsServerFailed(logger, server.ToString(), name, e.Message);
                }
            }
        }

        return null;
    }
}
