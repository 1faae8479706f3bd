using System.Net;

namespace Narthex.HttpClients.Aws;

/// <summary>Asks the place that this process runs in for keys: the agent of a container, or the metadata service of a virtual machine.</summary>
internal sealed class AwsMetadata(HttpClient client, Func<string, string?> environment, TimeProvider time)
{
    private const string ContainerHost = "http://169.254.170.2";
    private const string RolePath = "/latest/meta-data/iam/security-credentials/";
    private static readonly string[] s_containerHosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

    // Elsewhere than at Amazon nobody answers at these addresses.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    /// <summary>Whether a container's environment names an agent.</summary>
    public bool HasContainer => ContainerUri.Length > 0;

    private string ContainerUri => environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { Length: > 0 } path
        ? ContainerHost + path : environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") ?? "";

    private string MachineHost => environment("AWS_EC2_METADATA_SERVICE_ENDPOINT") is { Length: > 0 } endpoint ? endpoint.TrimEnd('/')
        : "IPv6".Equals(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), StringComparison.OrdinalIgnoreCase) ? "http://[fd00:ec2::254]" : "http://169.254.169.254";

    /// <summary>The keys of the container that this process runs in.</summary>
    /// <exception cref="HttpRequestException">The agent does not give any, or its address is not to be trusted with the token.</exception>
    public async Task<AwsCredentials> FromContainerAsync(CancellationToken cancellationToken)
    {
        var uri = new Uri(ContainerUri);
        string host = uri.IdnHost;
        if (uri.Scheme != Uri.UriSchemeHttps && !uri.IsLoopback && !s_containerHosts.Contains(host))
        {
            throw new HttpRequestException($"no AWS credentials: {host} is neither this machine nor an agent of containers");
        }

        string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") is { Length: > 0 } file
            ? Authentication.CredentialSource.FileOr(file, "", "container authorization token") : environment("AWS_CONTAINER_AUTHORIZATION_TOKEN") ?? "";
        return AwsKeys.Read(await AskAsync(HttpMethod.Get, uri.AbsoluteUri, token.Length > 0 ? ("Authorization", token) : null, cancellationToken));
    }

    /// <summary>The keys of the virtual machine that this process runs in.</summary>
    /// <exception cref="HttpRequestException">There is no metadata service, or it has no keys.</exception>
    public async Task<AwsCredentials> FromMachineAsync(CancellationToken cancellationToken)
    {
        if ("true".Equals(environment("AWS_EC2_METADATA_DISABLED"), StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpRequestException("no AWS credentials: neither sigv4 nor the environment nor the shared files have any, and the metadata service is switched off");
        }

        try
        {
            (string Name, string Value)? session = await OpenSessionAsync(cancellationToken);
            string role = (await AskAsync(HttpMethod.Get, MachineHost + RolePath, session, cancellationToken)).Split('\n')[0].Trim();
            return AwsKeys.Read(await AskAsync(HttpMethod.Get, MachineHost + RolePath + Uri.EscapeDataString(role), session, cancellationToken));
        }
        catch (HttpRequestException e)
        {
            throw new HttpRequestException($"no AWS credentials: neither sigv4 nor the environment nor the shared files have any, and of the metadata service: {e.Message}");
        }
    }

    // Version 2 of the service wants a session; where it is not known, version 1 goes without.
    private async Task<(string Name, string Value)?> OpenSessionAsync(CancellationToken cancellationToken)
    {
        try
        {
            string token = await AskAsync(HttpMethod.Put, MachineHost + "/latest/api/token", ("X-aws-ec2-metadata-token-ttl-seconds", "21600"), cancellationToken);
            return ("X-aws-ec2-metadata-token", token);
        }
        catch (HttpRequestException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed
            && !"true".Equals(environment("AWS_EC2_METADATA_V1_DISABLED"), StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
    }

    private async Task<string> AskAsync(HttpMethod method, string url, (string Name, string Value)? header, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(s_timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, url);
        if (header is { } given)
        {
            request.Headers.TryAddWithoutValidation(given.Name, given.Value);
        }

        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, both.Token);
            string answer = await response.Content.ReadAsStringAsync(both.Token);
            return response.IsSuccessStatusCode ? answer
                : throw new HttpRequestException($"{url} answered {(int)response.StatusCode}", null, response.StatusCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{url} did not answer");
        }
    }
}
