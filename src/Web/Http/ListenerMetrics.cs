using Microsoft.AspNetCore.Connections;
using Narthex.Instrumentation;

namespace Narthex.Web.Http;

/// <summary>How many connections others make to the server, whichever of its addresses they come to.</summary>
internal sealed class ListenerMetrics
{
    private const string Listener = "http";

    private readonly Counter _accepted;
    private readonly Counter _closed;

    public ListenerMetrics(MetricRegistry registry)
    {
        _accepted = registry.CreateCounterFamily("net_conntrack_listener_conn_accepted_total", "Connections that a listener took.", "listener_name").WithLabels(Listener);
        _closed = registry.CreateCounterFamily("net_conntrack_listener_conn_closed_total", "Connections of a listener that were closed.", "listener_name").WithLabels(Listener);
    }

    /// <summary>Counts a connection around what is done with it.</summary>
    public ConnectionDelegate Around(ConnectionDelegate next) => async connection =>
    {
        _accepted.Increment();
        try
        {
            await next(connection);
        }
        finally
        {
            _closed.Increment();
        }
    };
}
