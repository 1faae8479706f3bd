using Microsoft.AspNetCore.Http;
using Narthex.Exposition;
using Narthex.Instrumentation;
using Narthex.Web.Http;

namespace Narthex.Web.Management;

/// <summary><c>/metrics</c>: the server's own metrics.</summary>
internal sealed class MetricsEndpoint
{
    private readonly MetricRegistry _registry;
    private readonly Gauge _running;
    private readonly Counter _succeeded;
    private readonly Counter _failed;

    public MetricsEndpoint(MetricRegistry registry)
    {
        _registry = registry;
        _running = registry.CreateGauge("promhttp_metric_handler_requests_in_flight", "Scrapes of this server's own metrics that are being answered.");
        Family<Counter> requests = registry.CreateCounterFamily(
            "promhttp_metric_handler_requests_total", "Scrapes of this server's own metrics, by the status of the answer.", "code");
        _succeeded = requests.WithLabels("200");
        _failed = requests.WithLabels("500");

        // Said when too many ask at a time, which is not limited here; rules that watch for it shall find it at zero.
        requests.WithLabels("503");
    }

    public async ValueTask<long> HandleAsync(HttpContext context, string routeValue)
    {
        _running.Increment();
        try
        {
            long written = await WriteAsync(context);
            _succeeded.Increment();
            return written;
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has gone; there was nothing wrong with the answer.
            _succeeded.Increment();
            throw;
        }
        catch
        {
            _failed.Increment();
            throw;
        }
        finally
        {
            _running.Decrement();
        }
    }

    private async ValueTask<long> WriteAsync(HttpContext context)
    {
        // As upstream's own endpoint: the text format only.
        MetricsEncoding encoding = MetricsEncoding.Negotiate(context.Request.Headers.Accept, allowOpenMetrics: false);
        await using var output = new ResponseWriter(context.Response, context.Request.AcceptsGzip());
        context.Response.ContentType = encoding.ContentType;
        MetricWriter.Write(_registry, encoding, output);
        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }
}
