using System.Globalization;
using System.Net.Sockets;

namespace Narthex.Prometheus;

/// <summary>The threads that the platform waits on for what happens to sockets.</summary>
internal static class SocketThreads
{
    // Of the platform: 1 lets everything that waits for a socket go on there, for good or bad, and 0 nothing.
    private const string InlineVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string CountVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>Has the platform make one for each processor: by itself it makes one for thirty of them, which is too few if they answer requests.</summary>
    /// <returns>Whether requests may be answered there. Who has set the platform's variable has decided otherwise.</returns>
    public static bool TryPrepare()
    {
        if (Environment.GetEnvironmentVariable(InlineVariable) is not null)
        {
            return false;
        }

        if (Environment.GetEnvironmentVariable(CountVariable) is null)
        {
            Environment.SetEnvironmentVariable(CountVariable, Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture));
            MakeThreads();

            // Not for the programs that this one starts.
            Environment.SetEnvironmentVariable(CountVariable, null);
        }

        return true;
    }

    // They are made for the first socket that waits for anything.
    private static void MakeThreads()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            _ = socket.ReceiveAsync(new byte[1], SocketFlags.None, new CancellationToken(canceled: false)).AsTask();
        }
        catch (SocketException)
        {
            // Sockets of this kind are not allowed here. Then the threads are as many as the platform likes.
        }
    }
}
