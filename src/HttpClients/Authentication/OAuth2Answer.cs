using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Narthex.Model;

namespace Narthex.HttpClients.Authentication;

/// <summary>What a token's server answered: as JSON or, where it says so, as a form. Its faults have upstream's words.</summary>
internal sealed record OAuth2Answer(string AccessToken, string Type, TimeSpan? Lifetime)
{
    // An answer that explains a refusal. Pages of HTML need not be shown whole.
    private const int ShownMax = 4096;

    /// <exception cref="HttpRequestException">It has no token.</exception>
    public static OAuth2Answer Read(HttpResponseMessage response, byte[] body)
    {
        Dictionary<string, string> fields = [];
        string? fault = null;
        if (IsForm(response.Content.Headers.ContentType))
        {
            fields = ReadForm(Encoding.UTF8.GetString(body));
        }
        else
        {
            fault = FindJsonFault(body, fields);
        }

        if (!response.IsSuccessStatusCode || fields.GetValueOrDefault("error", "").Length > 0)
        {
            throw new HttpRequestException(ExplainRefusal(response, body, fields), null, response.StatusCode);
        }

        if (fault is not null)
        {
            throw new HttpRequestException("oauth2: cannot parse json: " + fault);
        }

        string type = fields.GetValueOrDefault("token_type", "");
        return fields.GetValueOrDefault("access_token", "") is { Length: > 0 } token
            ? new OAuth2Answer(token, type.Length == 0 || type.Equals("bearer", StringComparison.OrdinalIgnoreCase) ? "Bearer" : type, ReadLifetime(fields))
            : throw new HttpRequestException("oauth2: server response missing access_token");
    }

    private static bool IsForm(MediaTypeHeaderValue? type) =>
        type?.MediaType is { } media && (media.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) || media.Equals("text/plain", StringComparison.OrdinalIgnoreCase));

    private static Dictionary<string, string> ReadForm(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string part in text.Trim().Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? part : part[..equals];
            fields.TryAdd(Decode(name), equals < 0 ? "" : Decode(part[(equals + 1)..]));
        }

        return fields;

        static string Decode(string encoded) => Uri.UnescapeDataString(encoded.Replace('+', ' '));
    }

    private static string? FindJsonFault(byte[] body, Dictionary<string, string> fields)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty property in document.RootElement.EnumerateObject().Where(property => property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number))
                {
                    fields[property.Name] = property.Value.ToString();
                }
            }

            return null;
        }
        catch (JsonException e)
        {
            return JsonSyntax.Explain(e, body);
        }
    }

    private static string ExplainRefusal(HttpResponseMessage response, byte[] body, Dictionary<string, string> fields)
    {
        if (fields.GetValueOrDefault("error", "") is not { Length: > 0 } code)
        {
            string shown = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, ShownMax)));
            return $"oauth2: cannot fetch token: {(int)response.StatusCode} {response.ReasonPhrase}\nResponse: {shown}";
        }

        var text = new StringBuilder("oauth2: ").Append(GoQuote.Quote(code));
        foreach (string name in (string[])["error_description", "error_uri"])
        {
            if (fields.GetValueOrDefault(name, "") is { Length: > 0 } more)
            {
                text.Append(' ').Append(GoQuote.Quote(more));
            }
        }

        return text.ToString();
    }

    private static TimeSpan? ReadLifetime(Dictionary<string, string> fields) =>
        fields.TryGetValue("expires_in", out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds is > 0 and <= int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
