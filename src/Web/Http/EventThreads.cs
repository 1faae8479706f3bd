using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Narthex.Web.Http;

/// <summary>Has the requests of a connection begin on the thread that the system wakes for its bytes, instead of waking a second one: that costs more than a light answer does.</summary>
/// <remarks>
/// Such a thread looks after many connections. Whatever is not known to be done at once leaves it first (<see cref="PoolThread"/>), and nothing may wait there.
/// Only the sockets of this server's connections are concerned: those that it opens to others go on in the thread pool, as everywhere.
/// </remarks>
internal static class EventThreads
{
    private static volatile bool s_isUnknown;

    /// <summary>Does it for a connection, before anybody reads from it.</summary>
    public static ConnectionDelegate Around(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<IConnectionSocketFeature>() is { } feature && !s_isUnknown)
        {
            Begin(feature.Socket);
        }

        return next(connection);
    };

    private static void Begin(Socket socket)
    {
        try
        {
            PreferInlineCompletions(socket, true);
        }
        catch (MissingMethodException)
        {
            // Another platform, or a version of it that has no such choice: requests begin in the thread pool.
            s_isUnknown = true;
        }
    }

    // The platform has this for all sockets of a process in an environment variable, and for a single one only here.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PreferInlineCompletions")]
    private static extern void PreferInlineCompletions(Socket socket, bool value);
}
