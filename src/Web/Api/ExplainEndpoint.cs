using System.Text.Json;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Planning;

namespace Narthex.Web.Api;

/// <summary><c>query_explain</c>: what the engine would do with a query. Beyond upstream.</summary>
internal sealed class ExplainEndpoint(IQueryExplainer explainer, TimeProvider time)
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

    private static void Write(Utf8JsonWriter writer, QueryPlan node)
    {
        writer.WriteStartObject();
        writer.WriteString("name", node.Name);
        writer.WriteString("details", node.Details);
        writer.WriteNumber("start", node.StartMs / 1000.0);
        writer.WriteNumber("step", node.StepMs / 1000.0);
        writer.WriteNumber("steps", node.Steps);
        writer.WriteStartArray("children");
        foreach (QueryPlan child in node.Children)
        {
            Write(writer, child);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
