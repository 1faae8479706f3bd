using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary><c>alertmanagers</c>: where alerts are sent, and where relabelling said that none are.</summary>
internal sealed class AlertmanagerEndpoint(WebServices services)
{
    public Task AlertmanagersAsync(ApiRequest request)
    {
        request.BeginSuccess();
        request.Output.Raw("{\"activeAlertmanagers\":"u8);
        Write(request.Output, services.Alertmanagers?.GetActiveAlertmanagers() ?? []);
        request.Output.Raw(",\"droppedAlertmanagers\":"u8);
        Write(request.Output, services.Alertmanagers?.GetDroppedAlertmanagers() ?? []);
        request.Output.Raw("}"u8);
        request.EndSuccess();
        return Task.CompletedTask;
    }

    private static void Write(ResponseWriter output, IReadOnlyList<string> urls)
    {
        output.Raw("["u8);
        for (int i = 0; i < urls.Count; i++)
        {
            output.Raw(i > 0 ? ",{\"url\":"u8 : "{\"url\":"u8);
            output.Text(urls[i]);
            output.Raw("}"u8);
        }

        output.Raw("]"u8);
    }
}
