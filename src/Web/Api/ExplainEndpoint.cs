using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Planning;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>query_explain</c>: what the engine would do with a query, and <c>query_analyze</c>: what it did. Beyond upstream.</summary>
internal sealed class ExplainEndpoint(IQueryExplainer explainer, WebServices services, TimeProvider time)
{
    /// <summary>Takes the parameters of <c>query_range</c>, or those of <c>query</c> where there is no <c>step</c>.</summary>
    public Task ExplainAsync(ApiRequest request)
    {
        (TimeRange range, long stepMs) = QueryEndpoints.ReadRange(request.Parameters, time);
        QueryPlan plan;
        try
        {
            plan = explainer.Explain(request.Parameters["query"], range, stepMs, QueryOptions.Default);
        }
        catch (QueryException e)
        {
            throw QueryEndpoints.ToApiException(e);
        }

        request.BeginSuccess();
        using (var writer = new Utf8JsonWriter(request.Output))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("plan");
            Write(writer, plan);
            writer.WriteEndObject();
        }

        request.EndSuccess();
        return Task.CompletedTask;
    }

    /// <summary>Runs the query and answers with the cost of its parts. Takes the parameters of <see cref="ExplainAsync"/>, <c>timeout</c> and <c>lookback_delta</c>.</summary>
    public async Task AnalyzeAsync(ApiRequest request)
    {
        (TimeRange range, long stepMs) = QueryEndpoints.ReadRange(request.Parameters, time);
        QueryOptions options = QueryEndpoints.ReadOptions(request);
        QueryAnalysis analysis;
        try
        {
            analysis = await explainer.AnalyzeAsync(services.Storage(), request.Parameters["query"], range, stepMs, options, request.Aborted);
        }
        catch (QueryException e)
        {
            throw QueryEndpoints.ToApiException(e);
        }

        request.BeginSuccess();
        request.Output.Raw("{\"plan\":"u8);
        using (var writer = new Utf8JsonWriter(request.Output))
        {
            Write(writer, analysis.Plan);
        }

        request.Output.Raw(",\"series\":"u8);
        request.Output.Number(analysis.Series);
        request.Output.Raw(",\"stats\":"u8);
        ResultWriter.WriteStatistics(request.Output, analysis.Statistics);
        request.Output.Raw("}"u8);
        request.EndSuccess(analysis.Warnings, analysis.Infos);
    }

    private static void Write(Utf8JsonWriter writer, QueryPlan node)
    {
        writer.WriteStartObject();
        writer.WriteString("name", node.Name);
        writer.WriteString("details", node.Details);
        writer.WriteNumber("start", node.StartMs / 1000.0);
        writer.WriteNumber("step", node.StepMs / 1000.0);
        writer.WriteNumber("steps", node.Steps);
        if (node.Shared is { } part)
        {
            writer.WriteNumber("shared", part);
        }

        if (node.Cost is { } cost)
        {
            writer.WriteNumber("series", cost.Series);
            writer.WriteNumber("samples", cost.Samples);
            writer.WriteNumber("time", cost.Time.TotalSeconds);
            writer.WriteNumber("ownTime", cost.OwnTime.TotalSeconds);
            writer.WriteNumber("peakBytes", cost.PeakBytes);
        }

        writer.WriteStartArray("children");
        foreach (QueryPlan child in node.Children)
        {
            Write(writer, child);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
