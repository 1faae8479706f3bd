using System.Globalization;
using System.Net.Http.Headers;
using System.Xml.Linq;

namespace Narthex.HttpClients.Aws;

/// <summary>Finds region and keys: those of the settings, of the environment, of the command line's files, and the role that they stand for.</summary>
internal sealed class AwsCredentialSource : IDisposable
{
    // New keys are asked for before the old ones end.
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _asking = new(1);
    private readonly SigV4Options _options;
    private readonly IReadOnlyDictionary<string, string> _profile;
    private readonly Func<string, string?> _environment;
    private readonly HttpClient _sts;
    private readonly TimeProvider _time;
    private volatile AwsCredentials? _ofRole;

    /// <exception cref="HttpClientConfigException">The region is not known.</exception>
    public AwsCredentialSource(SigV4Options options, HttpClient sts, Func<string, string?> environment, TimeProvider time)
    {
        _options = options;
        _sts = sts;
        _environment = environment;
        _time = time;
        string profile = options.Profile.Length > 0 ? options.Profile : environment("AWS_PROFILE") ?? "default";
        _profile = AwsProfile.Read(profile, environment);
        Region = options.Region.Length > 0 ? options.Region
            : environment("AWS_REGION") ?? environment("AWS_DEFAULT_REGION") ?? _profile.GetValueOrDefault("region")
            ?? throw new HttpClientConfigException("region not configured in sigv4 or in default credentials chain");
    }

    public string Region { get; }

    /// <exception cref="HttpRequestException">There are none, or the role was refused.</exception>
    public async ValueTask<AwsCredentials> GetAsync(CancellationToken cancellationToken)
    {
        if (_options.RoleArn.Length == 0)
        {
            return FindOwn();
        }

        if (IsFresh(_ofRole))
        {
            return _ofRole!;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            return IsFresh(_ofRole) ? _ofRole! : _ofRole = await AssumeRoleAsync(cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose()
    {
        _asking.Dispose();
        _sts.Dispose();
    }

    private bool IsFresh(AwsCredentials? credentials) => credentials is not null && credentials.Expires - s_margin > _time.GetUtcNow();

    private AwsCredentials FindOwn()
    {
        if (_options.AccessKey.Length > 0)
        {
            return new AwsCredentials(_options.AccessKey, _options.SecretKey.Reveal());
        }

        if (_options.Profile.Length == 0 && _environment("AWS_ACCESS_KEY_ID") is { Length: > 0 } key && _environment("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret)
        {
            return new AwsCredentials(key, secret, _environment("AWS_SESSION_TOKEN") ?? "");
        }

        return _profile.TryGetValue("aws_access_key_id", out string? profileKey) && _profile.TryGetValue("aws_secret_access_key", out string? profileSecret)
            ? new AwsCredentials(profileKey, profileSecret, _profile.GetValueOrDefault("aws_session_token", ""))
            : throw new HttpRequestException("no AWS credentials: neither sigv4 nor the environment nor the shared files have any");
    }

    private async Task<AwsCredentials> AssumeRoleAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        var form = new Dictionary<string, string>
        {
            ["Action"] = "AssumeRole",
            ["Version"] = "2011-06-15",
            ["RoleArn"] = _options.RoleArn,
            ["RoleSessionName"] = now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        };
        if (_options.ExternalId.Length > 0)
        {
            form["ExternalId"] = _options.ExternalId;
        }

        using var content = new FormUrlEncodedContent(form);
        byte[] body = await content.ReadAsByteArrayAsync(cancellationToken);
        string suffix = Region.StartsWith("cn-", StringComparison.Ordinal) ? ".cn" : "";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"https://sts{(_options.UseFipsStsEndpoint ? "-fips" : "")}.{Region}.amazonaws.com{suffix}/"))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") } },
        };
        AwsSignature.Sign(request, body, FindOwn(), Region, "sts", now);
        using HttpResponseMessage response = await _sts.SendAsync(request, cancellationToken);
        string answer = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"role {_options.RoleArn} was refused: {(int)response.StatusCode} {Find(answer, "Message")}");
        }

        return DateTimeOffset.TryParse(Find(answer, "Expiration"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset expires)
            ? new AwsCredentials(Find(answer, "AccessKeyId"), Find(answer, "SecretAccessKey"), Find(answer, "SessionToken"), expires)
            : throw new HttpRequestException($"role {_options.RoleArn}: the answer has no keys");
    }

    private static string Find(string xml, string element)
    {
        try
        {
            return XDocument.Parse(xml).Descendants().FirstOrDefault(node => node.Name.LocalName == element)?.Value ?? "";
        }
        catch (System.Xml.XmlException)
        {
            return "";
        }
    }
}
