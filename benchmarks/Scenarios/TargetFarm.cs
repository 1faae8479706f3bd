using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Narthex.Scenarios;

/// <summary>Many targets behind one loopback port: <c>/target/N/metrics</c>, in the text format.</summary>
/// <remarks>
/// Each target exposes counters, gauges and histogram buckets with realistic names and labels. About a third of the
/// values moves from scrape to scrape, as on a host that is partly idle. All servers see the same series.
/// </remarks>
internal sealed class TargetFarm : IAsyncDisposable
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private static readonly string[] Modes = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
    private readonly WebApplication _app;
    private readonly string[] _lines;
    private readonly DateTime _start = DateTime.UtcNow;
    private long _samplesServed;

    private TargetFarm(WebApplication app, int series)
    {
        _app = app;
        _lines = MakeLines(series);
    }

    /// <summary>Samples handed out so far, to all servers together.</summary>
    public long SamplesServed => Interlocked.Read(ref _samplesServed);

    /// <summary>Host and port of the farm.</summary>
    public string Address => new Uri(_app.Urls.First()).Authority;

    public static async Task<TargetFarm> StartAsync(int series, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        var farm = new TargetFarm(app, series);
        app.MapGet("/target/{number:int}/metrics", farm.ServeAsync);
        await app.StartAsync(cancellationToken);
        return farm;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        int target = int.Parse((string)context.GetRouteValue("number")!, CultureInfo.InvariantCulture);
        byte[] body = Render(target, (long)(DateTime.UtcNow - _start).TotalSeconds);
        Interlocked.Add(ref _samplesServed, _lines.Length);
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private byte[] Render(int target, long second)
    {
        var text = new StringBuilder(_lines.Length * 80);
        string family = "";
        for (int i = 0; i < _lines.Length; i++)
        {
            string name = _lines[i][.._lines[i].IndexOf('{', StringComparison.Ordinal)];
            if (name != family)
            {
                family = name;
                text.Append("# HELP ").Append(name).Append(" A family of the scenario.\n# TYPE ").Append(name).Append(" untyped\n");
            }

            // Mixed shapes: counters with a steady rate, gauges that wander, and values that stand still.
            double value = (i % 6) switch
            {
                0 => (second * ((i % 17) + 1)) + target,
                1 => 0.25 * ((second * 7919L * (i + 1)) % 4001),
                _ => (i * 31) + target,
            };
            text.Append(_lines[i]).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string[] MakeLines(int series)
    {
        var lines = new string[series];
        for (int i = 0; i < series; i++)
        {
            lines[i] = (i * 3 / series) switch
            {
                0 => $"scenario_cpu_seconds_total{{cpu=\"{i / Modes.Length}\",mode=\"{Modes[i % Modes.Length]}\"}}",
                1 => $"scenario_network_receive_bytes_total{{device=\"eth{i / 16}\",queue=\"{i % 16}\",direction=\"in\"}}",
                _ => $"scenario_request_duration_seconds_bucket{{handler=\"/api/v1/resource/{i / 12}\",method=\"GET\",code=\"200\",le=\"{0.005 * (1 << (i % 12))}\"}}",
            };
        }

        return lines;
    }
}
