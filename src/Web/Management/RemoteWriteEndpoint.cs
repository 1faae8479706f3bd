using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Narthex.RemoteStorage;
using Narthex.Web.Http;

namespace Narthex.Web.Management;

/// <summary><c>POST /api/v1/write</c>: hands the body of a remote write request to its receiver.</summary>
internal static class RemoteWriteEndpoint
{
    // Senders compress about four to one; what the receiver takes decompressed is limited by the receiver.
    private const int BodyBytesMax = 32 << 20;

    public static async ValueTask<long> HandleAsync(HttpContext context, RemoteWriteReceiver receiver)
    {
        HttpRequest request = context.Request;
        if (RemoteWriteReceiver.CheckHeaders(request.ContentType, request.Headers.ContentEncoding) is { } refused)
        {
            return await context.ErrorAsync(refused.StatusCode, refused.Error);
        }

        byte[] body = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(request.ContentLength ?? 0, 16 * 1024, BodyBytesMax));
        try
        {
            int length = 0;
            int read;
            while ((read = await request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted)) > 0)
            {
                length += read;
                if (length == body.Length)
                {
                    if (length >= BodyBytesMax)
                    {
                        return await context.ErrorAsync(413, "http: request body too large");
                    }

                    byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(length * 2, BodyBytesMax));
                    body.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(body);
                    body = larger;
                }
            }

            // The end of the body may have come on the thread of the connection. What follows decompresses, and waits for a disk.
            await PoolThread.Enter();
            return await AnswerAsync(context, receiver.Receive(body.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private static ValueTask<long> AnswerAsync(HttpContext context, RemoteWriteResult result)
    {
        if (result.StatusCode == 204)
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers["X-Prometheus-Remote-Write-Samples-Written"] = result.Samples.ToString(CultureInfo.InvariantCulture);
            headers["X-Prometheus-Remote-Write-Histograms-Written"] = result.Histograms.ToString(CultureInfo.InvariantCulture);
            headers["X-Prometheus-Remote-Write-Exemplars-Written"] = result.Exemplars.ToString(CultureInfo.InvariantCulture);
            context.Response.StatusCode = 204;
            return ValueTask.FromResult(0L);
        }

        return context.ErrorAsync(result.StatusCode, result.Error);
    }
}
