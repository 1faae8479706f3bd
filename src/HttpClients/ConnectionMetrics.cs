using System.Net.Sockets;
using Narthex.Instrumentation;

namespace Narthex.HttpClients;

/// <summary>How many connections the server makes to others, by the name of what makes them: a scrape job, a mechanism of discovery, the Alertmanagers.</summary>
/// <remarks>A name stays once it was used, as counters do: what has been counted does not become untrue when a job goes.</remarks>
public sealed class ConnectionMetrics
{
    // Upstream's library has it from the start, for whoever gives no name.
    private const string Nameless = "default";
    private const string Dialer = "dialer_name";

    private readonly Family<Counter> _attempted;
    private readonly Family<Counter> _established;
    private readonly Family<Counter> _failed;
    private readonly Family<Counter> _closed;

    /// <summary>Registers the metrics.</summary>
    public ConnectionMetrics(MetricRegistry registry)
    {
        _attempted = registry.CreateCounterFamily("net_conntrack_dialer_conn_attempted_total", "Connections that a dialer tried to make.", Dialer);
        _established = registry.CreateCounterFamily("net_conntrack_dialer_conn_established_total", "Connections that a dialer made.", Dialer);
        _failed = registry.CreateCounterFamily("net_conntrack_dialer_conn_failed_total", "Connections that a dialer could not make, by reason.", Dialer, "reason");
        _closed = registry.CreateCounterFamily("net_conntrack_dialer_conn_closed_total", "Connections of a dialer that were closed.", Dialer);
        For(Nameless);
    }

    /// <summary>The counters of a name, which begin with zeros.</summary>
    internal ConnectionCounters For(string dialer) => new()
    {
        Attempted = _attempted.WithLabels(dialer),
        Established = _established.WithLabels(dialer),
        Refused = _failed.WithLabels(dialer, "refused"),
        Unresolved = _failed.WithLabels(dialer, "resolution"),
        TimedOut = _failed.WithLabels(dialer, "timeout"),
        Unknown = _failed.WithLabels(dialer, "unknown"),
        Closed = _closed.WithLabels(dialer),
    };
}

/// <summary>The counters of one name.</summary>
internal sealed class ConnectionCounters
{
    public required Counter Attempted { get; init; }

    public required Counter Established { get; init; }

    public required Counter Refused { get; init; }

    public required Counter Unresolved { get; init; }

    public required Counter TimedOut { get; init; }

    public required Counter Unknown { get; init; }

    public required Counter Closed { get; init; }

    /// <summary>Counts a connection that could not be made.</summary>
    public void CountFailure(Exception error)
    {
        switch (error)
        {
            case OperationCanceledException or SocketException { SocketErrorCode: SocketError.TimedOut }:
                TimedOut.Increment();
                break;
            case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData }:
                Unresolved.Increment();
                break;
            case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                // Upstream counts it under both reasons, and its users' thresholds have grown around that.
                Refused.Increment();
                Unknown.Increment();
                break;
            default:
                Unknown.Increment();
                break;
        }
    }
}
