using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Narthex.HttpClients.Aws;

/// <summary>Keys to sign with.</summary>
/// <param name="AccessKey">Names the key.</param>
/// <param name="SecretKey">The key.</param>
/// <param name="SessionToken">Goes along with keys that last for a while only; empty otherwise.</param>
/// <param name="Expires">When they end; null if they do not.</param>
internal sealed record AwsCredentials(string AccessKey, string SecretKey, string SessionToken = "", DateTimeOffset? Expires = null);

/// <summary>Signs requests by version 4 of Amazon's signature.</summary>
internal static class AwsSignature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Adds the date, the token and the signature to a request.</summary>
    public static void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, AwsCredentials credentials, string region, string service, DateTimeOffset now)
    {
        string time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        Set(request, "X-Amz-Date", time);
        if (credentials.SessionToken.Length > 0)
        {
            Set(request, "X-Amz-Security-Token", credentials.SessionToken);
        }

        string scope = $"{time[..8]}/{region}/{service}/aws4_request";
        string canonical = Canonicalise(request, body, out string signedHeaders);
        string toSign = $"{Algorithm}\n{time}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(canonical))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (string part in scope.Split('/'))
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        Set(request, "Authorization", $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders={signedHeaders}, Signature={signature}");
    }

    // Only what is sure to arrive as it was sent is signed: proxies may change the rest.
    private static string Canonicalise(HttpRequestMessage request, ReadOnlySpan<byte> body, out string signedHeaders)
    {
        Uri uri = request.RequestUri!;
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = request.Headers.Host ?? (uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}"),
        };
        if (request.Content?.Headers.ContentType is { } contentType)
        {
            headers["content-type"] = contentType.ToString();
        }

        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            if (name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase))
            {
                headers[name.ToLowerInvariant()] = string.Join(',', values.Select(value => value.Trim()));
            }
        }

        signedHeaders = string.Join(';', headers.Keys);
        string headerLines = string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n"));

        // Segments are escaped once more than they are sent.
        string path = string.Join('/', uri.AbsolutePath.Split('/').Select(Uri.EscapeDataString));
        return $"{request.Method.Method}\n{path}\n{CanonicaliseQuery(uri.Query)}\n{headerLines}\n{signedHeaders}\n{Hash(body)}";
    }

    private static string CanonicaliseQuery(string query) => string.Join('&', query.TrimStart('?')
        .Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .Select(pair => (Name: Escape(pair[0]), Value: pair.Length > 1 ? Escape(pair[1]) : ""))
        .OrderBy(pair => pair.Name, StringComparer.Ordinal)
        .ThenBy(pair => pair.Value, StringComparer.Ordinal)
        .Select(pair => pair.Name + "=" + pair.Value));

    private static string Escape(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text.Replace('+', ' ')));

    private static string Hash(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    private static void Set(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }
}
