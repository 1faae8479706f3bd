using Narthex.Model;
using Narthex.PromQL.Syntax;
using Narthex.Scraping;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>targets</c>, <c>scrape_pools</c>, <c>targets/metadata</c> and <c>metadata</c>.</summary>
internal sealed class TargetEndpoints(WebServices services)
{
    public async Task TargetsAsync(ApiRequest request)
    {
        string state = request.Parameters["state"].ToLowerInvariant();
        string wanted = request.Parameters["scrapePool"];
        bool showActive = state is "" or "any" or "active";
        bool showDropped = state is "" or "any" or "dropped";
        ScrapePoolSnapshot[] pools = [.. services.Targets.GetPools()
            .Where(pool => wanted.Length == 0 || pool.Name == wanted)
            .OrderBy(pool => pool.Name, StringComparer.Ordinal)];

        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{\"activeTargets\":["u8);
        bool first = true;
        foreach (TargetSnapshot target in showActive ? pools.SelectMany(pool => pool.Active) : [])
        {
            output.Raw(first ? default : ","u8);
            first = false;
            WriteTarget(output, target);
            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("],\"droppedTargets\":["u8);
        first = true;
        foreach (DroppedTarget target in showDropped ? pools.SelectMany(pool => pool.Dropped) : [])
        {
            output.Raw(first ? "{\"discoveredLabels\":"u8 : ",{\"discoveredLabels\":"u8);
            first = false;
            output.Labels(target.DiscoveredLabels);
            output.Raw(",\"scrapePool\":"u8);
            output.Text(target.ScrapePool);
            output.Raw("}"u8);
            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("],\"droppedTargetCounts\":"u8);

        // Those of all pools, whichever are asked for, as upstream does.
        WriteDroppedCounts(output, showDropped ? services.Targets.GetPools().OrderBy(pool => pool.Name, StringComparer.Ordinal) : null);
        output.Raw("}"u8);
        request.EndSuccess();
    }

    public Task ScrapePoolsAsync(ApiRequest request)
    {
        string[] names = [.. services.Targets.GetPools().Select(pool => pool.Name).Order(StringComparer.Ordinal)];
        request.BeginSuccess();
        request.Output.Raw("{\"scrapePools\":"u8);
        request.Output.Texts(names);
        request.Output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public async Task TargetMetadataAsync(ApiRequest request)
    {
        int limit = ReadCount(request.Parameters, "limit");
        string metric = request.Parameters["metric"];
        IReadOnlyList<LabelMatcher> matchers = [];
        if (request.Parameters["match_target"] is { Length: > 0 } selector)
        {
            try
            {
                matchers = PromQLParser.ParseMetricSelector(selector);
            }
            catch (PromQLParseException e)
            {
                throw ApiException.InvalidParameter("match_target", e.Message);
            }
        }

        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("["u8);
        int written = 0;
        Labels? current = null;
        foreach (TargetMetadata entry in services.Targets.GetMetadata())
        {
            // The limit is looked at before each target, not within one, as upstream does.
            if (current is null || current.Value != entry.Target)
            {
                if (limit >= 0 && written >= limit)
                {
                    break;
                }

                current = entry.Target;
            }

            if ((metric.Length > 0 && entry.Metric != metric) || !Matches(entry.Target, matchers))
            {
                continue;
            }

            output.Raw(written++ > 0 ? ",{\"target\":"u8 : "{\"target\":"u8);
            output.Labels(entry.Target);
            if (metric.Length == 0)
            {
                output.Raw(",\"metric\":"u8);
                output.Text(entry.Metric);
            }

            output.Raw(",\"type\":"u8);
            output.Text(TypeName(entry.Metadata.Type));
            output.Raw(",\"help\":"u8);
            output.Text(entry.Metadata.Help ?? "");
            output.Raw(",\"unit\":"u8);
            output.Text(entry.Metadata.Unit ?? "");
            output.Raw("}"u8);
            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("]"u8);
        request.EndSuccess();
    }

    public async Task MetadataAsync(ApiRequest request)
    {
        int limit = ReadCount(request.Parameters, "limit");
        int limitPerMetric = ReadCount(request.Parameters, "limit_per_metric");
        string metric = request.Parameters["metric"];
        var families = new SortedDictionary<string, List<MetricMetadata>>(StringComparer.Ordinal);
        foreach (TargetMetadata entry in services.Targets.GetMetadata())
        {
            if (metric.Length > 0 && entry.Metric != metric)
            {
                continue;
            }

            if (!families.TryGetValue(entry.Metric, out List<MetricMetadata>? variants))
            {
                families[entry.Metric] = variants = [];
            }

            if (!variants.Contains(entry.Metadata) && (limitPerMetric <= 0 || variants.Count < limitPerMetric))
            {
                variants.Add(entry.Metadata);
            }
        }

        ResponseWriter output = request.Output;
        request.BeginSuccess();
        output.Raw("{"u8);
        bool first = true;
        foreach ((string name, List<MetricMetadata> variants) in limit < 0 ? families : families.Take(limit))
        {
            output.Raw(first ? default : ","u8);
            first = false;
            output.Text(name);
            ReadOnlySpan<byte> before = ":[{\"type\":"u8;
            foreach (MetricMetadata metadata in variants)
            {
                output.Raw(before);
                output.Text(TypeName(metadata.Type));
                output.Raw(",\"unit\":"u8);
                output.Text(metadata.Unit ?? "");
                output.Raw(",\"help\":"u8);
                output.Text(metadata.Help ?? "");
                before = "},{\"type\":"u8;
            }

            output.Raw("}]"u8);
            await output.FlushIfFullAsync(request.Aborted);
        }

        output.Raw("}"u8);
        request.EndSuccess();
    }

    private static void WriteTarget(ResponseWriter output, TargetSnapshot target)
    {
        output.Raw("{\"discoveredLabels\":"u8);
        output.Labels(target.DiscoveredLabels);
        output.Raw(",\"labels\":"u8);
        output.Labels(target.Labels);
        output.Raw(",\"scrapePool\":"u8);
        output.Text(target.ScrapePool);
        output.Raw(",\"scrapeUrl\":"u8);
        output.Text(target.ScrapeUrl);
        output.Raw(",\"globalUrl\":"u8);
        output.Text(target.GlobalUrl);
        output.Raw(",\"lastError\":"u8);
        output.Text(target.LastError);
        output.Raw(",\"lastScrape\":"u8);
        output.Moment(target.LastScrape);
        output.Raw(",\"lastScrapeDuration\":"u8);
        output.Number(target.LastScrapeDuration.TotalSeconds);
        output.Raw(",\"health\":"u8);
        output.Text(target.Health switch { TargetHealth.Up => "up", TargetHealth.Down => "down", _ => "unknown" });
        output.Raw(",\"scrapeInterval\":"u8);
        output.Text(target.ScrapeIntervalText ?? PrometheusDuration.Format(target.ScrapeInterval));
        output.Raw(",\"scrapeTimeout\":"u8);
        output.Text(target.ScrapeTimeoutText ?? PrometheusDuration.Format(target.ScrapeTimeout));
        output.Raw("}"u8);
    }

    private static void WriteDroppedCounts(ResponseWriter output, IEnumerable<ScrapePoolSnapshot>? pools)
    {
        if (pools is null)
        {
            output.Raw("null"u8);
            return;
        }

        bool first = true;
        output.Raw("{"u8);
        foreach (ScrapePoolSnapshot pool in pools)
        {
            output.Raw(first ? default : ","u8);
            first = false;
            output.Text(pool.Name);
            output.Raw(":"u8);
            output.Number((long)pool.DroppedCount);
        }

        output.Raw("}"u8);
    }

    private static bool Matches(Labels target, IReadOnlyList<LabelMatcher> matchers)
    {
        foreach (LabelMatcher matcher in matchers)
        {
            if (!matcher.Matches(target.GetValueOrEmpty(matcher.NameUtf8.Span)))
            {
                return false;
            }
        }

        return true;
    }

    // -1 where the parameter is not given.
    private static int ReadCount(RequestParameters parameters, string name) =>
        parameters[name] is { Length: > 0 } text
            ? ApiValues.Integer(text, _ => new ApiException(ApiErrorKind.BadData, name + " must be a number"))
            : -1;

    private static string TypeName(MetricType type) => type switch
    {
        MetricType.Counter => "counter",
        MetricType.Gauge => "gauge",
        MetricType.Histogram => "histogram",
        MetricType.GaugeHistogram => "gaugehistogram",
        MetricType.Summary => "summary",
        MetricType.Info => "info",
        MetricType.StateSet => "stateset",
        _ => "unknown",
    };
}
