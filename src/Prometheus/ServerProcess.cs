using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Narthex.Hosting;

namespace Narthex.Prometheus;

/// <summary>A server's life as a process: starts it, turns signals into reload and shutdown, and ends with its exit code.</summary>
internal static partial class ServerProcess
{
    private const int StartFailed = 2;
    private const int RunFailed = 1;

    public static async Task<int> RunAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        ILogger logger = loggers.CreateLogger("Narthex.Prometheus");
        using var stop = new CancellationTokenSource();
        NarthexServer? running = null;
        var stopped = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => OnStop(signal, "terminated"));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => OnStop(signal, "interrupt"));
        using PosixSignalRegistration hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangup);

        // SIGXFSZ: a file would grow beyond the process's limit. The write fails as on a full disk, which is handled; the signal would end the process.
        using PosixSignalRegistration? fileSize = OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create((PosixSignal)25, static signal => signal.Cancel = true);

        NarthexServer server;
        try
        {
            server = await NarthexServer.StartAsync(options, loggers, time, stop.Token);
        }
        catch (ServerStartException error)
        {
            // Already logged where it happened, with what is known there.
            return error.IsConfigurationError ? StartFailed : RunFailed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            SeeYou(logger);
            return 0;
        }

        running = server;
        using CodePages pages = CodePages.KeepFew(time);
        int exitCode = 0;
        await using (server)
        {
            Task ended = await Task.WhenAny(stopped.Task, server.Completion);
            if (ended == server.Completion && server.Completion.IsFaulted)
            {
                RunError(logger, server.Completion.Exception!.GetBaseException());
                exitCode = RunFailed;
            }

            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2), time);
            await server.StopAsync(deadline.Token);
        }

        SeeYou(logger);
        return exitCode;

        void OnStop(PosixSignalContext context, string name)
        {
            context.Cancel = true;
            SignalReceived(logger, name);
            stop.Cancel();
            stopped.TrySetResult(name);
        }

        // A hangup before the server runs has nothing to reload: the file is about to be read anyway.
        void OnHangup(PosixSignalContext context)
        {
            context.Cancel = true;
            _ = running?.ReloadAsync(CancellationToken.None);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Received an OS signal, exiting gracefully... {signal}")]
    private static partial void SignalReceived(ILogger logger, string signal);

    [LoggerMessage(2, LogLevel.Information, "See you next time!")]
    private static partial void SeeYou(ILogger logger);

    [LoggerMessage(3, LogLevel.Error, "The server failed")]
    private static partial void RunError(ILogger logger, Exception error);
}
