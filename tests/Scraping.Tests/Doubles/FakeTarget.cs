using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;

namespace Narthex.Scraping.Tests;

/// <summary>Answers scrapes without a network.</summary>
internal sealed class FakeTarget : HttpMessageHandler
{
    public string Body { get; set; } = "";

    public string? ContentType { get; set; } = "text/plain; version=0.0.4";

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    public HttpRequestMessage? LastRequest { get; private set; }

    public List<string> Urls { get; } = [];

    /// <summary>If set, no answer comes until the request is given up.</summary>
    public bool Hangs { get; set; }

    public bool IsDisposed { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        LastRequest = request;
        lock (Urls)
        {
            Urls.Add(request.RequestUri!.ToString());
        }

        if (Hangs)
        {
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }

        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
        if (ContentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        return new HttpResponseMessage(Status) { Content = content };
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
