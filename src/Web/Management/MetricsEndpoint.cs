using Microsoft.AspNetCore.Http;
using Narthex.Exposition;
using Narthex.Instrumentation;
using Narthex.Web.Http;

namespace Narthex.Web.Management;

/// <summary><c>/metrics</c>: the server's own metrics.</summary>
internal sealed class MetricsEndpoint(MetricRegistry registry)
{
    public async ValueTask<long> HandleAsync(HttpContext context, string routeValue)
    {
        // As upstream's own endpoint: the text format only.
        MetricsEncoding encoding = MetricsEncoding.Negotiate(context.Request.Headers.Accept, allowOpenMetrics: false);
        await using var output = new ResponseWriter(context.Response, context.Request.AcceptsGzip());
        context.Response.ContentType = encoding.ContentType;
        MetricWriter.Write(registry, encoding, output);
        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }
}
