using System.Globalization;
using System.Net.Http.Headers;
using System.Xml.Linq;

namespace Narthex.HttpClients.Aws;

/// <summary>Asks Amazon's Security Token Service for the keys of a role.</summary>
internal sealed class AwsSecurityTokens(HttpClient client, string region, bool useFips, Func<string, string?> environment, TimeProvider time)
{
    private Uri Endpoint => new(
        environment("AWS_ENDPOINT_URL_STS") ?? environment("AWS_ENDPOINT_URL")
        ?? $"https://sts{(useFips ? "-fips" : "")}.{region}.amazonaws.com{(region.StartsWith("cn-", StringComparison.Ordinal) ? ".cn" : "")}/");

    /// <summary>The keys of a role for somebody who may take it on.</summary>
    /// <exception cref="HttpRequestException">The role was refused.</exception>
    public Task<AwsCredentials> AssumeRoleAsync(AwsCredentials own, string role, string externalId, string sessionName, CancellationToken cancellationToken)
    {
        Dictionary<string, string> form = Form("AssumeRole", role, sessionName);
        if (externalId.Length > 0)
        {
            form["ExternalId"] = externalId;
        }

        return AskAsync(form, role, own, cancellationToken);
    }

    /// <summary>The keys of a role for whoever has a token of an identity provider, such as the service account of a pod.</summary>
    /// <exception cref="HttpRequestException">The token cannot be read, or the role was refused.</exception>
    public Task<AwsCredentials> AssumeRoleWithTokenAsync(string tokenFile, string role, string sessionName, CancellationToken cancellationToken)
    {
        // Read anew each time: such tokens are renewed.
        string token = Authentication.CredentialSource.FileOr(tokenFile, "", "web identity token");
        Dictionary<string, string> form = Form("AssumeRoleWithWebIdentity", role, sessionName);
        form["WebIdentityToken"] = token;
        return AskAsync(form, role, own: null, cancellationToken);
    }

    private Dictionary<string, string> Form(string action, string role, string sessionName) => new()
    {
        ["Action"] = action,
        ["Version"] = "2011-06-15",
        ["RoleArn"] = role,
        ["RoleSessionName"] = sessionName.Length > 0 ? sessionName : time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
    };

    private async Task<AwsCredentials> AskAsync(Dictionary<string, string> form, string role, AwsCredentials? own, CancellationToken cancellationToken)
    {
        using var content = new FormUrlEncodedContent(form);
        byte[] body = await content.ReadAsByteArrayAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") } },
        };
        if (own is not null)
        {
            AwsSignature.Sign(request, body, own, region, "sts", time.GetUtcNow());
        }

        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
        string answer = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"role {role} was refused: {(int)response.StatusCode} {Find(answer, "Message")}");
        }

        return DateTimeOffset.TryParse(Find(answer, "Expiration"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset expires)
            ? new AwsCredentials(Find(answer, "AccessKeyId"), Find(answer, "SecretAccessKey"), Find(answer, "SessionToken"), expires)
            : throw new HttpRequestException($"role {role}: the answer has no keys");
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
