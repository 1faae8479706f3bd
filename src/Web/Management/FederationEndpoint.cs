using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using Narthex.Web.Http;

namespace Narthex.Web.Management;

/// <summary><c>/federate</c>: the latest sample of each matching series in the text format, for another server to scrape.</summary>
/// <remarks>Native histograms have no place in the text format and are left out.</remarks>
internal sealed class FederationEndpoint(WebServices services, WebOptions options, TimeProvider time)
{
    private readonly Narthex.Instrumentation.Counter _errors = services.Metrics.CreateCounter(
        "prometheus_web_federation_errors_total", "Federation requests that failed.");

    private readonly Narthex.Instrumentation.Counter _warnings = services.Metrics.CreateCounter(
        "prometheus_web_federation_warnings_total", "Warnings of the storage while federation requests were answered.");

    public async ValueTask<long> HandleAsync(HttpContext context, string routeValue)
    {
        RequestParameters parameters = await RequestParameters.ReadAsync(context.Request, context.RequestAborted);
        var selectors = new List<IReadOnlyList<LabelMatcher>>();
        try
        {
            foreach (string selector in parameters.All("match[]"))
            {
                selectors.Add(PromQLParser.ParseMetricSelector(selector));
            }
        }
        catch (PromQLParseException e)
        {
            return await context.ErrorAsync(400, e.Message);
        }

        await using var output = new ResponseWriter(context.Response, context.Request.AcceptsGzip());
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
        try
        {
            await WriteAsync(output, Collect(selectors, context.RequestAborted), context.RequestAborted);
        }
        catch (StorageException e)
        {
            _errors.Increment();
            if (output.TryReset())
            {
                return await context.ErrorAsync(500, e.Message);
            }

            context.Abort();
        }

        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }

    private List<(Labels Labels, long TimestampMs, double Value)> Collect(
        List<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var range = new TimeRange(now - (long)options.LookbackDelta.TotalMilliseconds, now);
        var seen = new HashSet<Labels>();
        var latest = new List<(Labels Labels, long TimestampMs, double Value)>();
        using IQuerier querier = services.Storage().OpenQuerier(range);
        using var samples = new SampleBuffer();
        foreach (IReadOnlyList<LabelMatcher> matchers in selectors)
        {
            var hints = new SelectHints { Range = range, Function = "", Sorted = true };
            using ISeriesSelection selection = querier.Select(hints, matchers, cancellationToken);
            _warnings.Increment(selection.Warnings.Count);
            for (int series = 0; series < selection.Count; series++)
            {
                Labels labels = selection.GetLabels(series);
                samples.Clear();
                selection.ReadLatest(series, range.MaxMs, samples);
                int last = samples.Count - 1;
                bool isFloat = last >= 0 && (!samples.HasHistograms || samples.Histograms[last] is null);
                if (isFloat && !StaleNaN.IsStale(samples.Values[last]) && seen.Add(labels))
                {
                    latest.Add((labels, samples.Timestamps[last], samples.Values[last]));
                }
            }
        }

        // One metric's series must stand together in the text format.
        return [.. latest.OrderBy(sample => sample.Labels.MetricName, StringComparer.Ordinal)];
    }

    private async ValueTask WriteAsync(
        ResponseWriter output, List<(Labels Labels, long TimestampMs, double Value)> samples, CancellationToken cancellationToken)
    {
        Labels external = services.Status.GetExternalLabels();
        string? currentName = null;
        foreach ((Labels labels, long timestampMs, double value) in samples)
        {
            string name = labels.MetricName;
            if (name.Length == 0)
            {
                continue;
            }

            if (name != currentName)
            {
                currentName = name;
                output.Raw("# TYPE "u8);
                WriteName(output, name);
                output.Raw(" untyped\n"u8);
            }

            WriteSample(output, name, labels, external, value, timestampMs);
            await output.FlushIfFullAsync(cancellationToken);
        }
    }

    private static void WriteSample(
        ResponseWriter output, string name, Labels labels, Labels external, double value, long timestampMs)
    {
        WriteName(output, name);
        ReadOnlySpan<byte> before = "{"u8;
        foreach (LabelPair pair in labels)
        {
            if (!pair.Name.SequenceEqual(LabelNames.MetricNameUtf8))
            {
                WriteLabel(output, ref before, pair);
            }
        }

        foreach (LabelPair pair in external)
        {
            if (!labels.Contains(pair.Name))
            {
                WriteLabel(output, ref before, pair);
            }
        }

        // A series without an instance must not get that of the server which is scraped for it.
        if (!labels.Contains("instance"u8) && !external.Contains("instance"u8))
        {
            WriteLabel(output, ref before, new LabelPair("instance"u8, default));
        }

        output.Raw("} "u8);
        FloatFormat.TryFormatGeneral(value, output.GetSpan(FloatFormat.PlainLengthMax), out int written);
        output.Advance(written);
        output.Raw(" "u8);
        output.Number(timestampMs);
        output.Raw("\n"u8);
    }

    private static void WriteLabel(ResponseWriter output, ref ReadOnlySpan<byte> before, LabelPair pair)
    {
        output.Raw(before);
        before = ","u8;
        WriteName(output, Encoding.UTF8.GetString(pair.Name));
        output.Raw("=\""u8);
        ReadOnlySpan<byte> rest = pair.Value;
        int at;
        while ((at = rest.IndexOfAny((byte)'"', (byte)'\\', (byte)'\n')) >= 0)
        {
            output.Raw(rest[..at]);
            output.Raw(rest[at] switch { (byte)'"' => "\\\""u8, (byte)'\\' => "\\\\"u8, _ => "\\n"u8 });
            rest = rest[(at + 1)..];
        }

        output.Raw(rest);
        output.Raw("\""u8);
    }

    // The format promised in the header escapes what is not a plain name with underscores.
    private static void WriteName(ResponseWriter output, string name)
    {
        Span<byte> destination = output.GetSpan(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            bool plain = char.IsAsciiLetter(name[i]) || name[i] is '_' or ':' || (i > 0 && char.IsAsciiDigit(name[i]));
            destination[i] = plain ? (byte)name[i] : (byte)'_';
        }

        output.Advance(name.Length);
    }
}
