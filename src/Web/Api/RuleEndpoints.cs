using Narthex.Model;
using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>rules</c> and <c>alerts</c> of a server without rules.</summary>
/// <remarks>Grafana asks for the rules whenever it loads a data source: the answer must be valid, and empty is what is true.</remarks>
internal static class RuleEndpoints
{
    public static Task RulesAsync(ApiRequest request)
    {
        string type = request.Parameters["type"].ToLowerInvariant();
        if (type is not ("" or "alert" or "record"))
        {
            throw ApiException.InvalidParameter("type", $"not supported value {GoQuote.Quote(type)}");
        }

        return Constant(request, "{\"groups\":[]}"u8);
    }

    public static Task AlertsAsync(ApiRequest request) => Constant(request, "{\"alerts\":[]}"u8);

    private static Task Constant(ApiRequest request, ReadOnlySpan<byte> data)
    {
        request.BeginSuccess();
        request.Output.Raw(data);
        request.EndSuccess();
        return Task.CompletedTask;
    }
}
