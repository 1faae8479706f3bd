using Narthex.Model;

namespace Narthex.HttpClients.Authentication;

/// <summary>Gives the headers of <c>http_headers</c>, with files read anew for each request.</summary>
internal sealed class HeaderSource(EquatableMap<HeaderConfig> headers)
{
    public static HeaderSource? From(EquatableMap<HeaderConfig> headers) => headers.Count == 0 ? null : new HeaderSource(headers);

    public void AddTo(HttpRequestMessage request)
    {
        foreach ((string name, HeaderConfig header) in headers)
        {
            request.Headers.Remove(name);
            foreach (string value in header.Values)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            foreach (Secret secret in header.Secrets)
            {
                request.Headers.TryAddWithoutValidation(name, secret.Reveal());
            }

            foreach (string file in header.Files)
            {
                request.Headers.TryAddWithoutValidation(name, CredentialSource.FileOr(file, "", null));
            }
        }
    }
}
