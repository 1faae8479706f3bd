using System.Buffers;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Narthex.Web.Http;
using Narthex.Web.Live;

namespace Narthex.Web.Api;

/// <summary><c>notifications</c> and, as a stream of events, <c>notifications/live</c>: what the UI shows on all its pages.</summary>
internal sealed class NotificationEndpoints(WebServices services)
{
    public Task CurrentAsync(ApiRequest request)
    {
        request.BeginSuccess();
        request.Output.Raw("["u8);
        ReadOnlySpan<byte> before = default;
        foreach (LiveNotification notification in services.Notifications?.Current ?? [])
        {
            request.Output.Raw(before);
            Write(request.Output, notification);
            before = ","u8;
        }

        request.Output.Raw("]"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    /// <summary>Sends what holds now and each change, until the browser goes. No content if there are too many subscribers.</summary>
    public async ValueTask<long> LiveAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        if (services.Notifications?.TrySubscribe() is not { } subscriber)
        {
            context.Response.StatusCode = 204;
            return 0;
        }

        try
        {
            return await SendAsync(context.Response, subscriber, context.RequestAborted);
        }
        finally
        {
            services.Notifications.Unsubscribe(subscriber);
        }
    }

    private static async Task<long> SendAsync(HttpResponse response, Channel<LiveNotification> subscriber, CancellationToken aborted)
    {
        // The headers at once: the browser takes them as the connection's success.
        await response.Body.FlushAsync(aborted);
        long sent = 0;
        var message = new ArrayBufferWriter<byte>();
        await foreach (LiveNotification notification in subscriber.Reader.ReadAllAsync(aborted))
        {
            message.ResetWrittenCount();
            message.Raw("data: "u8);
            Write(message, notification);
            message.Raw("\n\n"u8);
            await response.Body.WriteAsync(message.WrittenMemory, aborted);
            await response.Body.FlushAsync(aborted);
            sent += message.WrittenCount;
        }

        return sent;
    }

    private static void Write(IBufferWriter<byte> output, LiveNotification notification)
    {
        output.Raw("{\"text\":"u8);
        output.Text(notification.Text);
        output.Raw(",\"date\":"u8);
        output.Moment(notification.Date);
        output.Raw(",\"active\":"u8);
        output.Bool(notification.IsActive);
        output.Raw("}"u8);
    }
}
