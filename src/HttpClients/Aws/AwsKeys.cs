using System.Globalization;
using System.Text.Json;

namespace Narthex.HttpClients.Aws;

/// <summary>Reads keys in the JSON form that agents, the metadata service and programs print.</summary>
internal static class AwsKeys
{
    /// <exception cref="HttpRequestException">There are none.</exception>
    public static AwsCredentials Read(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string key = Text(document, "AccessKeyId");
            string secret = Text(document, "SecretAccessKey");
            if (key.Length == 0 || secret.Length == 0)
            {
                throw new HttpRequestException($"the answer has no AWS credentials: {Text(document, "Code")} {Text(document, "Message")}".TrimEnd());
            }

            string token = Text(document, "Token");
            string expires = Text(document, "Expiration");
            return new AwsCredentials(
                key, secret, token.Length > 0 ? token : Text(document, "SessionToken"),
                expires.Length == 0 ? null : DateTimeOffset.Parse(expires, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new HttpRequestException($"the answer has no AWS credentials: {e.Message}");
        }
    }

    private static string Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : "";
}
