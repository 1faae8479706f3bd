using Microsoft.AspNetCore.Http;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>query</c>, <c>query_range</c>, <c>format_query</c> and <c>parse_query</c>.</summary>
internal sealed class QueryEndpoints(WebServices services, TimeProvider time)
{
    /// <summary>The most steps that a range query may have: a graph of a week at one minute.</summary>
    private const int PointsMax = 11000;

    private const string TruncationWarning = "results truncated due to limit";

    // What Grafana and others say about who asks: kept with the query, for logs and limits.
    private static readonly string[] OriginHeaders =
        ["X-Dashboard-UID", "X-Panel-Id", "X-Grafana-Org-Id", "X-Grafana-User", "X-Scope-OrgID", "X-Rule-Name", "FromAlert"];

    public async Task QueryAsync(ApiRequest request)
    {
        RequestParameters parameters = request.Parameters;
        int limit = ApiValues.Limit(parameters["limit"]);
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long timestampMs = ApiValues.OptionalTime("time", parameters["time"], now);
        QueryOptions options = ReadOptions(request);
        await AnswerAsync(
            request,
            limit,
            cancellation => services.Engine.QueryInstantAsync(services.Storage(), parameters["query"], timestampMs, options, cancellation));
    }

    public async Task QueryRangeAsync(ApiRequest request)
    {
        RequestParameters parameters = request.Parameters;
        int limit = ApiValues.Limit(parameters["limit"]);
        (TimeRange range, long stepMs) = ReadRange(parameters);
        QueryOptions options = ReadOptions(request);
        await AnswerAsync(
            request,
            limit,
            cancellation => services.Engine.QueryRangeAsync(services.Storage(), parameters["query"], range, stepMs, options, cancellation));
    }

    public Task FormatAsync(ApiRequest request)
    {
        string formatted = ExpressionPrinter.PrintPretty(Parse(request));
        request.BeginSuccess();
        request.Output.Text(formatted);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    public Task ParseAsync(ApiRequest request)
    {
        Expression expression = Parse(request);
        request.BeginSuccess();
        using (var writer = new System.Text.Json.Utf8JsonWriter(request.Output))
        {
            ExpressionJson.Write(writer, expression);
        }

        request.EndSuccess();
        return Task.CompletedTask;
    }

    /// <summary>The times of a range query; without a step those of an instant one, as a range of one time and a step of 0.</summary>
    internal static (TimeRange Range, long StepMs) ReadRange(RequestParameters parameters, TimeProvider time)
    {
        if (parameters["step"].Length > 0)
        {
            return ReadRange(parameters);
        }

        long timestampMs = ApiValues.OptionalTime("time", parameters["time"], time.GetUtcNow().ToUnixTimeMilliseconds());
        return (new TimeRange(timestampMs, timestampMs), 0);
    }

    /// <summary>The error of the API for a query that failed.</summary>
    internal static ApiException ToApiException(QueryException e) => e.Kind switch
    {
        QueryErrorKind.BadData => ApiException.InvalidParameter("query", e.Message),
        QueryErrorKind.Timeout => new ApiException(ApiErrorKind.Timeout, e.Message, e),
        QueryErrorKind.Canceled => new ApiException(ApiErrorKind.Canceled, e.Message, e),
        QueryErrorKind.Internal => new ApiException(ApiErrorKind.Internal, e.Message, e),
        _ => new ApiException(ApiErrorKind.Execution, e.Message, e),
    };

    private static (TimeRange Range, long StepMs) ReadRange(RequestParameters parameters)
    {
        var range = new TimeRange(
            ApiValues.RequiredTime("start", parameters["start"]), ApiValues.RequiredTime("end", parameters["end"]));
        if (range.MaxMs < range.MinMs)
        {
            throw ApiException.InvalidParameter("end", "end timestamp must not be before start time");
        }

        TimeSpan step = ApiValues.ParseDuration(parameters["step"], out string error) ?? throw ApiException.InvalidParameter("step", error);
        long stepMs = step.Ticks / TimeSpan.TicksPerMillisecond;
        if (stepMs <= 0)
        {
            throw ApiException.InvalidParameter(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
        }

        // Wider than any long where start and end are the ends of time.
        if (((Int128)range.MaxMs - range.MinMs) / stepMs > PointsMax)
        {
            throw new ApiException(
                ApiErrorKind.BadData,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
        }

        return (range, stepMs);
    }

    private Expression Parse(ApiRequest request)
    {
        try
        {
            return PromQLParser.ParseExpression(request.Parameters["query"], services.Language);
        }
        catch (PromQLParseException e)
        {
            throw ApiException.InvalidParameter("query", e.Message);
        }
    }

    private static async Task AnswerAsync(ApiRequest request, int limit, Func<CancellationToken, Task<QueryResult>> run)
    {
        QueryResult result;
        try
        {
            result = await run(request.Aborted);
        }
        catch (QueryException e)
        {
            throw ToApiException(e);
        }

        using (result)
        {
            IReadOnlyList<string> warnings = ResultWriter.IsTruncated(result, limit) ? [.. result.Warnings, TruncationWarning] : result.Warnings;
            bool withStatistics = request.Parameters["stats"].Length > 0;
            request.BeginSuccess();
            await ResultWriter.WriteAsync(request.Output, result, limit, withStatistics, request.Aborted);
            request.EndSuccess(warnings, result.Infos);
        }
    }

    internal static QueryOptions ReadOptions(ApiRequest request)
    {
        RequestParameters parameters = request.Parameters;
        TimeSpan? timeout = null;
        if (parameters["timeout"] is { Length: > 0 } timeoutText)
        {
            timeout = ApiValues.ParseDuration(timeoutText, out string error) ?? throw ApiException.InvalidParameter("timeout", error);
        }

        TimeSpan? lookback = null;
        if (parameters["lookback_delta"] is { Length: > 0 } lookbackText)
        {
            lookback = ApiValues.ParseDuration(lookbackText, out string error)
                ?? throw new ApiException(ApiErrorKind.BadData, "error parsing lookback delta duration: " + error);

            // Zero means the server's setting, as upstream has it.
            lookback = lookback > TimeSpan.Zero ? lookback : null;
        }

        return new QueryOptions
        {
            Timeout = timeout,
            LookbackDelta = lookback,
            PerStepStatistics = parameters["stats"] == "all",
            Origin = ReadOrigin(request.Http, "api"),
        };
    }

    /// <summary>Who asks, as logs show it.</summary>
    internal static QueryOrigin ReadOrigin(HttpContext context, string kind)
    {
        Dictionary<string, string>? details = null;
        foreach (string header in OriginHeaders)
        {
            if (context.Request.Headers.TryGetValue(header, out Microsoft.Extensions.Primitives.StringValues value))
            {
                details ??= [];
                details[header] = value.ToString();
            }
        }

        HttpRequest http = context.Request;
        string address = context.Connection.RemoteIpAddress is { } ip ? (ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).ToString() : "";
        return new QueryOrigin(kind, details ?? s_noDetails)
        {
            Request = new QueryHttpRequest(address, http.Method, http.PathBase + http.Path),
        };
    }

    private static readonly Dictionary<string, string> s_noDetails = [];
}
