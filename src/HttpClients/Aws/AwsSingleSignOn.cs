using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Narthex.HttpClients.Aws;

/// <summary>Keys for people who have logged in to IAM Identity Center: <c>aws sso login</c> leaves a token in the user's home, which is good for the keys of a role.</summary>
/// <remarks>
/// Profiles name a session (<c>sso_session</c>), whose token can be renewed, or in the older form everything themselves, where the token lasts for some hours.
/// </remarks>
internal sealed class AwsSingleSignOn(HttpClient client, Func<string, string?> environment, TimeProvider time)
{
    // A token is renewed before it ends.
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(5);

    /// <summary>Whether a profile is of this kind.</summary>
    public static bool IsNamedBy(IReadOnlyDictionary<string, string> profile) =>
        profile.ContainsKey("sso_account_id") || profile.ContainsKey("sso_role_name") || profile.ContainsKey("sso_session") || profile.ContainsKey("sso_start_url");

    /// <summary>The keys of the profile's role.</summary>
    /// <exception cref="HttpRequestException">The profile is incomplete, nobody is logged in, or the role was refused.</exception>
    public async Task<AwsCredentials> FindAsync(IReadOnlyDictionary<string, string> profile, CancellationToken cancellationToken)
    {
        string account = Setting(profile, "sso_account_id");
        string role = Setting(profile, "sso_role_name");
        IReadOnlyDictionary<string, string> session = profile;
        if (profile.TryGetValue("sso_session", out string? name))
        {
            session = AwsProfile.ReadSession(name, environment);
        }

        string region = Setting(session, "sso_region");
        string startUrl = Setting(session, "sso_start_url");
        string token = await FindTokenAsync(CacheFile(name ?? startUrl), region, isRenewable: name is not null, cancellationToken);
        return await AskAsync(account, role, region, token, cancellationToken);
    }

    // Where the command line puts the token of a session, or of a portal.
    [SuppressMessage("Security", "CA5350", Justification = "The name of a file that another program has chosen.")]
    private string CacheFile(string name) => Path.Join(
        environment("HOME") ?? "", ".aws", "sso", "cache", Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(name))) + ".json");

    private async Task<string> FindTokenAsync(string path, string region, bool isRenewable, CancellationToken cancellationToken)
    {
        JsonObject cached = await ReadAsync(path, cancellationToken);
        string token = Text(cached, "accessToken");
        DateTimeOffset expires = ReadTime(Text(cached, "expiresAt"));
        DateTimeOffset now = time.GetUtcNow();
        if (token.Length > 0 && expires - (isRenewable ? s_margin : TimeSpan.Zero) > now)
        {
            return token;
        }

        if (!isRenewable || Text(cached, "refreshToken").Length == 0 || Text(cached, "clientId").Length == 0)
        {
            return token.Length > 0 && expires > now ? token : throw new HttpRequestException("no AWS credentials: the SSO session has expired or is invalid: log in again (aws sso login)");
        }

        return await RenewAsync(path, cached, region, cancellationToken);
    }

    private static async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return JsonNode.Parse(await File.ReadAllTextAsync(path, cancellationToken)) as JsonObject ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HttpRequestException($"no AWS credentials: failed to read cached SSO token file: {FileFaults.Explain(e, path, "open", "read")}", e);
        }
        catch (JsonException e)
        {
            throw new HttpRequestException($"no AWS credentials: the cached SSO token file {path} is damaged", e);
        }
    }

    private async Task<string> RenewAsync(string path, JsonObject cached, string region, CancellationToken cancellationToken)
    {
        var question = new JsonObject
        {
            ["clientId"] = Text(cached, "clientId"),
            ["clientSecret"] = Text(cached, "clientSecret"),
            ["grantType"] = "refresh_token",
            ["refreshToken"] = Text(cached, "refreshToken"),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Endpoint("SSO_OIDC", $"https://oidc.{region}.amazonaws.com") + "/token"))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(question.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        JsonObject answer = await SendAsync(request, "unable to refresh SSO token", cancellationToken);
        string token = Text(answer, "accessToken");
        if (token.Length == 0 || Number(answer, "expiresIn") is not { } seconds)
        {
            throw new HttpRequestException("no AWS credentials: unable to refresh SSO token: the answer has none");
        }

        cached["accessToken"] = token;
        cached["expiresAt"] = time.GetUtcNow().AddSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (Text(answer, "refreshToken") is { Length: > 0 } next)
        {
            // The former one is used up: others who share the file need this one.
            cached["refreshToken"] = next;
        }

        await KeepAsync(path, cached, cancellationToken);
        return token;
    }

    private static async Task KeepAsync(string path, JsonObject cached, CancellationToken cancellationToken)
    {
        string fresh = path + ".narthex";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using (var file = new FileStream(fresh, options))
            {
                await file.WriteAsync(Encoding.UTF8.GetBytes(cached.ToJsonString()), cancellationToken);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HttpRequestException($"no AWS credentials: the renewed SSO token cannot be kept: {FileFaults.Explain(e, path, "open", "write")}", e);
        }
    }

    private async Task<AwsCredentials> AskAsync(string account, string role, string region, string token, CancellationToken cancellationToken)
    {
        string root = Endpoint("SSO", $"https://portal.sso.{region}.amazonaws.com");
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri($"{root}/federation/credentials?account_id={Uri.EscapeDataString(account)}&role_name={Uri.EscapeDataString(role)}"));
        request.Headers.Add("x-amz-sso_bearer_token", token);
        JsonObject answer = await SendAsync(request, $"role {role} of account {account} was refused", cancellationToken);
        return answer["roleCredentials"] is JsonObject keys && Text(keys, "accessKeyId").Length > 0 && Number(keys, "expiration") is { } expires
            ? new AwsCredentials(Text(keys, "accessKeyId"), Text(keys, "secretAccessKey"), Text(keys, "sessionToken"), DateTimeOffset.FromUnixTimeMilliseconds(expires))
            : throw new HttpRequestException($"no AWS credentials: role {role} of account {account}: the answer has no keys");
    }

    private async Task<JsonObject> SendAsync(HttpRequestMessage request, string failure, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        JsonObject answer;
        try
        {
            answer = JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            answer = [];
        }

        if (!response.IsSuccessStatusCode)
        {
            string reason = Text(answer, "message") is { Length: > 0 } message ? message : Text(answer, "error_description");
            throw new HttpRequestException($"no AWS credentials: {failure}: {(int)response.StatusCode} {reason}".TrimEnd());
        }

        return answer;
    }

    private string Endpoint(string service, string common) => (environment("AWS_ENDPOINT_URL_" + service) ?? environment("AWS_ENDPOINT_URL") ?? common).TrimEnd('/');

    private static string Setting(IReadOnlyDictionary<string, string> settings, string key) => settings.GetValueOrDefault(key) is { Length: > 0 } value
        ? value
        : throw new HttpRequestException($"no AWS credentials: the profile's SSO settings lack {key}");

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static long? Number(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out long number) ? number : null;

    // Older command lines write "UTC" where others write "Z".
    private static DateTimeOffset ReadTime(string text) => DateTimeOffset.TryParse(
        text.Replace("UTC", "Z", StringComparison.Ordinal), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : default;
}
