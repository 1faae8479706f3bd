using System.Globalization;
using Narthex.Instrumentation;

namespace Narthex.Web.Http;

/// <summary>What the server measures about its own HTTP side.</summary>
internal sealed class HttpMetrics(MetricRegistry registry)
{
    private readonly Family<Counter> _requests = registry.CreateCounterFamily(
        "prometheus_http_requests_total", "HTTP requests answered.", "handler", "code");

    private readonly Family<Histogram> _durations = registry.CreateHistogramFamily(
        "prometheus_http_request_duration_seconds", "Time that answering HTTP requests took.",
        [.1, .2, .4, 1, 3, 8, 20, 60, 120], "handler");

    private readonly Family<Histogram> _sizes = registry.CreateHistogramFamily(
        "prometheus_http_response_size_bytes", "Size of the answers to HTTP requests, before compression.",
        [100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9], "handler");

    public void Register(Endpoint endpoint)
    {
        // Counts start at zero, so that the first request is seen as an increase. Histograms, many series each, come with the first request.
        endpoint.Succeeded = _requests.WithLabels(endpoint.Name, "200");
    }

    public void Observe(Endpoint endpoint, int statusCode, TimeSpan elapsed, long responseBytes)
    {
        if (statusCode == 200)
        {
            endpoint.Succeeded!.Increment();
        }
        else
        {
            _requests.WithLabels(endpoint.Name, statusCode.ToString(CultureInfo.InvariantCulture)).Increment();
        }

        (endpoint.Duration ??= _durations.WithLabels(endpoint.Name)).Observe(elapsed.TotalSeconds);
        (endpoint.ResponseSize ??= _sizes.WithLabels(endpoint.Name)).Observe(responseBytes);
    }
}
