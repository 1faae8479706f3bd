using System.Net;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Discovery;

/// <summary>Recorded answers of OpenStack's services for compute, network and load balancers, for those who come with a token of Keystone's.</summary>
internal sealed class RecordedCloud : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Keystone _keystone;

    public RecordedCloud(Keystone keystone)
    {
        _keystone = keystone;
        Url = $"http://127.0.0.1:{ServerProcess.FreePort()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _ = ServeAsync();
    }

    public string Url { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                string? file = FileOf(context.Request.Url!.AbsolutePath.Replace("/internal", "", StringComparison.Ordinal));
                bool isKnown = await _keystone.AcceptsAsync(context.Request.Headers["X-Auth-Token"]);
                context.Response.StatusCode = !isKnown ? 401 : file is null ? 404 : 200;
                context.Response.ContentType = "application/json";
                byte[] body = isKnown && file is not null
                    ? await File.ReadAllBytesAsync(Path.Combine(RepositoryPaths.Conformance!, "discovery", "openstack", "inline", file))
                    : "{}"u8.ToArray();
                context.Response.Close(body, willBlock: false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Closed by Dispose, or by a client that does not wait any longer.
            }
        }
    }

    private static string? FileOf(string path) => path switch
    {
        "/os-hypervisors/detail" => "hypervisorListBody.json",
        "/servers/detail" => "serverListBody.json",
        "/v2.0/floatingips" => "listOutput.json",
        "/v2.0/ports" => "portsListBody.json",
        "/v2.0/lbaas/loadbalancers" => "lbListBody.json",
        "/v2.0/lbaas/listeners" => "listenerListBody.json",
        _ => null,
    };
}
