using System.Text;

namespace Narthex.HttpClients.Authentication;

/// <summary>Gives the value of the <c>Authorization</c> header, with files read anew for each request, so that rotated secrets work at once.</summary>
internal abstract class CredentialSource : IDisposable
{
    /// <summary>Makes the source that the settings ask for; null if they ask for none.</summary>
    public static CredentialSource? From(HttpClientConfig config, Func<HttpClientConfig, HttpClient> createClient, TimeProvider time)
    {
        return config switch
        {
            { OAuth2: { } oauth } => new OAuth2Credentials(oauth, createClient, time),
            { BasicAuth: { } basic } => new BasicCredentials(basic),
            { Authorization: { } authorization } => new HeaderCredentials(authorization),
            _ => null,
        };
    }

    /// <summary>The header's value, or null to send none.</summary>
    /// <exception cref="HttpRequestException">A file cannot be read.</exception>
    public abstract ValueTask<string?> GetHeaderValueAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <param name="path">The file, empty if there is none.</param>
    /// <param name="value">What counts without a file.</param>
    /// <param name="what">What is in the file; null for a header.</param>
    /// <exception cref="HttpRequestException">The file cannot be read.</exception>
    internal static string FileOr(string path, string value, string? what)
    {
        if (path.Length == 0)
        {
            return value;
        }

        try
        {
            // Editors end files with a newline; no secret does.
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without the cause: what is told to the user is this sentence.
            throw new HttpRequestException(what is null ? FileFaults.Explain(e, path, "headers file") : $"unable to read {what}: {FileFaults.Explain(e, path)}");
        }
    }

    internal static void RefuseReference(string reference, string what)
    {
        if (reference.Length > 0)
        {
            throw new HttpClientConfigException($"unable to use {what}: cannot use secret ref without manager");
        }
    }

    private sealed class BasicCredentials : CredentialSource
    {
        private readonly BasicAuthConfig _config;

        public BasicCredentials(BasicAuthConfig config)
        {
            RefuseReference(config.UsernameRef, "username");
            RefuseReference(config.PasswordRef, "password");
            _config = config;
        }

        public override ValueTask<string?> GetHeaderValueAsync(CancellationToken cancellationToken)
        {
            string username = FileOr(_config.UsernameFile, _config.Username, "basic auth username");
            string password = FileOr(_config.PasswordFile, _config.Password.Reveal(), "basic auth password");
            return ValueTask.FromResult<string?>("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(username + ":" + password)));
        }
    }

    private sealed class HeaderCredentials : CredentialSource
    {
        private readonly AuthorizationConfig _config;

        public HeaderCredentials(AuthorizationConfig config)
        {
            RefuseReference(config.CredentialsRef, "credentials");
            _config = config;
        }

        public override ValueTask<string?> GetHeaderValueAsync(CancellationToken cancellationToken)
        {
            string credentials = FileOr(_config.CredentialsFile, _config.Credentials.Reveal(), "authorization credentials");
            return ValueTask.FromResult(_config.CredentialsFile.Length == 0 && credentials.Length == 0 ? null : _config.Type + " " + credentials);
        }
    }
}
