namespace Narthex.HttpClients.Aws;

/// <summary>Gives region and keys to sign with: those of the chain, or of the role that they stand for, until they are about to end.</summary>
internal sealed class AwsCredentialSource : IDisposable
{
    // New keys are asked for before the old ones end.
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _asking = new(1);
    private readonly SigV4Options _options;
    private readonly AwsSecurityTokens _tokens;
    private readonly AwsCredentialChain _chain;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private volatile AwsCredentials? _current;

    /// <param name="options">The settings.</param>
    /// <param name="client">Asks Amazon's services for keys. It is disposed with this.</param>
    /// <param name="environment">Looks up variables.</param>
    /// <param name="time">The clock of keys.</param>
    /// <exception cref="HttpClientConfigException">The region is not known.</exception>
    public AwsCredentialSource(SigV4Options options, HttpClient client, Func<string, string?> environment, TimeProvider time)
    {
        _options = options;
        _client = client;
        _time = time;
        string profile = options.Profile.Length > 0 ? options.Profile : environment("AWS_PROFILE") ?? "default";
        Region = options.Region.Length > 0 ? options.Region
            : environment("AWS_REGION") ?? environment("AWS_DEFAULT_REGION") ?? AwsProfile.Read(profile, environment).GetValueOrDefault("region")
            ?? throw new HttpClientConfigException("region not configured in sigv4 or in default credentials chain");
        _tokens = new AwsSecurityTokens(client, Region, options.UseFipsStsEndpoint, environment, time);
        _chain = new AwsCredentialChain(options, profile, _tokens, new AwsSingleSignOn(client, environment, time), new AwsMetadata(client, environment, time), environment);
    }

    public string Region { get; }

    /// <exception cref="HttpRequestException">There are none, or the role was refused.</exception>
    public async ValueTask<AwsCredentials> GetAsync(CancellationToken cancellationToken)
    {
        if (IsFresh(_current))
        {
            return _current!;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            return IsFresh(_current) ? _current! : _current = await FindAsync(cancellationToken);
        }
        catch (HttpRequestException) when (_current?.Expires > _time.GetUtcNow())
        {
            // What is there is good for some minutes more.
            return _current;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose()
    {
        _asking.Dispose();
        _client.Dispose();
    }

    // Keys that do not end are looked up each time: a file may have others by then.
    private bool IsFresh(AwsCredentials? credentials) => credentials?.Expires - s_margin > _time.GetUtcNow();

    private async Task<AwsCredentials> FindAsync(CancellationToken cancellationToken)
    {
        AwsCredentials own = await _chain.FindAsync(cancellationToken);
        return _options.RoleArn.Length == 0 ? own : await _tokens.AssumeRoleAsync(own, _options.RoleArn, _options.ExternalId, "", cancellationToken);
    }
}
