using System.Text;
using Microsoft.AspNetCore.Http;

namespace Narthex.Web.Http;

/// <summary>The parameters of a request: those of a form body first, then those of the query string.</summary>
/// <remarks>Unknown parameters are kept and ignored: clients append their own.</remarks>
internal sealed class RequestParameters
{
    // The limit that upstream's form parsing has.
    private const int BodyBytesMax = 10 * 1024 * 1024;

    private readonly List<KeyValuePair<string, string>> _pairs = [];

    /// <summary>The first value under that name, empty if there is none.</summary>
    public string this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, string> pair in _pairs)
            {
                if (pair.Key == name)
                {
                    return pair.Value;
                }
            }

            return "";
        }
    }

    /// <summary>All values under that name.</summary>
    public IReadOnlyList<string> All(string name)
    {
        var values = new List<string>();
        foreach (KeyValuePair<string, string> pair in _pairs)
        {
            if (pair.Key == name)
            {
                values.Add(pair.Value);
            }
        }

        return values;
    }

    /// <summary>Whether there is so much that it is not gone through on a thread of connections.</summary>
    public bool AreLong { get; private set; }

    /// <summary>Reads the parameters of a request, its form body included.</summary>
    /// <remarks>May come back on a thread of connections though it was read elsewhere: who goes through long ones enters the pool by himself.</remarks>
    /// <exception cref="InvalidDataException">The body is too large.</exception>
    public static async ValueTask<RequestParameters> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var parameters = new RequestParameters();
        if (HttpMethods.IsPost(request.Method) && IsForm(request.ContentType))
        {
            string body = await ReadBodyAsync(request, cancellationToken);
            parameters.AreLong = body.Length > PoolThread.BytesElsewhereMax;
            parameters.Parse(body);
        }

        if (request.QueryString.HasValue)
        {
            if (request.QueryString.Value.Length > PoolThread.BytesElsewhereMax)
            {
                parameters.AreLong = true;
                await PoolThread.Enter();
            }

            parameters.Parse(request.QueryString.Value.AsSpan(1));
        }

        return parameters;
    }

    /// <summary>Undoes percent encoding. Null if it is broken.</summary>
    public static byte[]? Unescape(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToArray());
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            if (b == (byte)'%')
            {
                if (i + 2 >= bytes.Length || !char.IsAsciiHexDigit((char)bytes[i + 1]) || !char.IsAsciiHexDigit((char)bytes[i + 2]))
                {
                    return null;
                }

                b = (byte)((HexValue(bytes[i + 1]) << 4) | HexValue(bytes[i + 2]));
                i += 2;
            }
            else if (b == (byte)'+' && plusIsSpace)
            {
                b = (byte)' ';
            }

            bytes[length++] = b;
        }

        return bytes[..length];
    }

    private static bool IsForm(string? contentType) =>
        contentType is not null
        && contentType.AsSpan(0, contentType.IndexOf(';') is var end && end < 0 ? contentType.Length : end).Trim()
            .Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);

    private static async ValueTask<string> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        byte[] chunk = new byte[8192];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (body.Length + read > BodyBytesMax)
            {
                throw new InvalidDataException("http: POST too large");
            }

            body.Write(chunk, 0, read);
            if (body.Length > PoolThread.BytesElsewhereMax)
            {
                // Each piece may have come on a thread of connections.
                await PoolThread.Enter();
            }
        }

        if (body.Length > PoolThread.BytesElsewhereMax)
        {
            await PoolThread.Enter();
        }

        return Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
    }

    // Pairs with broken escapes are left out, as upstream's form reader does.
    private void Parse(ReadOnlySpan<char> text)
    {
        foreach (Range range in text.Split('&'))
        {
            ReadOnlySpan<char> pair = text[range];
            if (pair.IsEmpty || pair.Contains(';'))
            {
                continue;
            }

            int equals = pair.IndexOf('=');
            byte[]? name = Unescape(equals < 0 ? pair : pair[..equals], plusIsSpace: true);
            byte[]? value = Unescape(equals < 0 ? default : pair[(equals + 1)..], plusIsSpace: true);
            if (name is not null && value is not null)
            {
                _pairs.Add(new(Encoding.UTF8.GetString(name), Encoding.UTF8.GetString(value)));
            }
        }
    }

    private static int HexValue(byte digit) =>
        digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
