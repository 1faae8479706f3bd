using Microsoft.AspNetCore.Http;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary>One request to the API: its parameters, and the writer of its answer.</summary>
internal sealed class ApiRequest(HttpContext http, string routeValue, RequestParameters parameters, ResponseWriter output)
{
    public HttpContext Http { get; } = http;

    /// <summary>The part of the path that a pattern leaves open, still percent encoded.</summary>
    public string RouteValue { get; } = routeValue;

    public RequestParameters Parameters { get; } = parameters;

    public ResponseWriter Output { get; } = output;

    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Opens the envelope; the data follows.</summary>
    public void BeginSuccess() => Output.Raw("{\"status\":\"success\",\"data\":"u8);

    /// <summary>Closes the envelope behind the data.</summary>
    public void EndSuccess(IReadOnlyList<string>? warnings = null, IReadOnlyList<string>? infos = null)
    {
        if (warnings is { Count: > 0 })
        {
            Output.Raw(",\"warnings\":"u8);
            Output.Texts(AnnotationLimit.Apply(warnings, "warning"));
        }

        if (infos is { Count: > 0 })
        {
            Output.Raw(",\"infos\":"u8);
            Output.Texts(AnnotationLimit.Apply(infos, "info"));
        }

        Output.Raw("}"u8);
    }

    /// <summary>It is done, and there is nothing to say.</summary>
    public void AnswerWithoutContent()
    {
        Http.Response.StatusCode = 204;
        Http.Response.ContentType = null;
    }

    /// <summary>Writes the envelope of an error.</summary>
    public void WriteError(ApiErrorKind kind, string message)
    {
        Output.Raw("{\"status\":\"error\",\"errorType\":\""u8);
        Output.Raw(ApiException.TypeName(kind));
        Output.Raw("\",\"error\":"u8);
        Output.Text(message);
        Output.Raw("}"u8);
    }
}
