using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Narthex.HttpClients.Authentication;

/// <summary>Makes the signed statement by which a client asks for a token without a shared secret (RFC 7523).</summary>
internal static class JwtAssertion
{
    private const int LifetimeSeconds = 3600;

    /// <exception cref="HttpRequestException">The key cannot be used.</exception>
    public static string Create(OAuth2Config config, string keyPem, DateTimeOffset now)
    {
        string algorithm = config.SignatureAlgorithm.Length > 0 ? config.SignatureAlgorithm : "RS256";
        string header = Encode(writer =>
        {
            writer.WriteString("alg", algorithm);
            writer.WriteString("typ", "JWT");
            if (config.ClientCertificateKeyId.Length > 0)
            {
                writer.WriteString("kid", config.ClientCertificateKeyId);
            }
        });
        string claims = Encode(writer => WriteClaims(writer, config, now.ToUnixTimeSeconds()));
        string signed = header + "." + claims;
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(keyPem);
            return signed + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashOf(algorithm), RSASignaturePadding.Pkcs1));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new HttpRequestException($"oauth2: the client certificate's key cannot be used: {e.Message}");
        }
    }

    private static void WriteClaims(Utf8JsonWriter writer, OAuth2Config config, long nowSeconds)
    {
        var own = new Dictionary<string, string>
        {
            ["iss"] = config.Issuer.Length > 0 ? config.Issuer : config.ClientId,
            ["sub"] = config.ClientId,
            ["aud"] = config.Audience.Length > 0 ? config.Audience : config.TokenUrl,
        };
        if (config.Scopes.Count > 0)
        {
            own["scope"] = string.Join(' ', config.Scopes);
        }

        foreach ((string name, string value) in own.Concat(config.Claims.Where(claim => !own.ContainsKey(claim.Key) && claim.Key is not ("iat" or "exp"))))
        {
            writer.WriteString(name, value);
        }

        writer.WriteNumber("iat", nowSeconds);
        writer.WriteNumber("exp", nowSeconds + LifetimeSeconds);
    }

    private static string Encode(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.ToArray());
    }

    private static HashAlgorithmName HashOf(string algorithm) => algorithm switch
    {
        "RS384" => HashAlgorithmName.SHA384,
        "RS512" => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };
}
