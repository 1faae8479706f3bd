using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using Narthex.CommandLine;

namespace Narthex.Promtool.Debugging;

/// <summary><c>promtool debug</c>: packs what a server tells of itself into an archive.</summary>
internal static class DebugCommands
{
    private const string Archive = "debug.tar.gz";

    // Go servers have profiles; servers that have none answer 404, and the archive goes without them.
    private static readonly (string Path, string File)[] s_profiles =
    [
        ("/debug/pprof/profile?seconds=30", "cpu.pb"),
        ("/debug/pprof/block", "block.pb"),
        ("/debug/pprof/goroutine", "goroutine.pb"),
        ("/debug/pprof/heap", "heap.pb"),
        ("/debug/pprof/mutex", "mutex.pb"),
        ("/debug/pprof/threadcreate", "threadcreate.pb"),
        ("/debug/pprof/trace?seconds=30", "trace.pb"),
    ];

    private static readonly (string Path, string File)[] s_states =
    [
        ("/api/v1/status/runtimeinfo", "runtimeinfo.json"),
        ("/api/v1/status/buildinfo", "buildinfo.json"),
        ("/api/v1/status/flags", "flags.json"),
        ("/api/v1/status/tsdb", "tsdb.json"),
    ];

    private static readonly (string Path, string File)[] s_metrics = [("/metrics", "metrics.txt")];

    public static Command Make(ToolConsole console) => new()
    {
        Name = "debug",
        Help = "Fetch what a server tells of itself.",
        Commands =
        [
            Make("pprof", "Fetch profiles, and the state of the runtime where a server has no profiles.", [.. s_profiles, .. s_states], console),
            Make("metrics", "Fetch the metrics of the server itself.", s_metrics, console),
            Make("all", "Fetch everything.", [.. s_profiles, .. s_states, .. s_metrics], console),
        ],
    };

    private static Command Make(string name, string help, (string Path, string File)[] parts, ToolConsole console) => new()
    {
        Name = name,
        Help = help,
        Arguments = [CommandParts.Required("server", "The server's address.", CommandParts.Url)],
        Run = async (invocation, cancellationToken) =>
        {
            try
            {
                await CollectAsync(invocation.Argument("server"), parts, console, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is ToolException or IOException or UnauthorizedAccessException)
            {
                throw new ToolException($"error completing debug command: {error.Message}", error);
            }

            console.Out.WriteLine($"Compiling debug information complete, all files written in \"{Archive}\".");
            return ExitCode.Success;
        },
    };

    private static async Task CollectAsync(string server, (string Path, string File)[] parts, ToolConsole console, CancellationToken cancellationToken)
    {
        using ServerClient client = ServerClient.Open(server);
        var collected = new List<(string File, byte[] Body)>();
        foreach ((string path, string file) in parts)
        {
            console.Out.WriteLine($"collecting: {client.UrlOf(path)}");
            try
            {
                (HttpStatusCode status, byte[] body) = await client.GetAsync(path, cancellationToken).ConfigureAwait(false);
                if (status == HttpStatusCode.OK)
                {
                    collected.Add((file, body));
                }
                else if (parts.Length == 1)
                {
                    throw new ToolException($"error reading the response body: status {(int)status}");
                }
                else
                {
                    console.Out.WriteLine($"not available: {client.UrlOf(path)} (status {(int)status})");
                }
            }
            catch (ToolException error) when (error.InnerException is not null)
            {
                throw new ToolException($"error executing HTTP request: {error.Message}", error);
            }
        }

        FileStream archive = File.Create(Archive);
        await using (archive.ConfigureAwait(false))
        {
            var gzip = new GZipStream(archive, CompressionLevel.Optimal);
            await using (gzip.ConfigureAwait(false))
            {
                var tar = new TarWriter(gzip, TarEntryFormat.Pax);
                await using (tar.ConfigureAwait(false))
                {
                    foreach ((string file, byte[] body) in collected)
                    {
                        var entry = new PaxTarEntry(TarEntryType.RegularFile, file) { DataStream = new MemoryStream(body), ModificationTime = console.Time.GetUtcNow() };
                        await tar.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
    }
}
