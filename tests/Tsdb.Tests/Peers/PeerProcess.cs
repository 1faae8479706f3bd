using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Tsdb.Tests.Peers;

/// <summary>Runs the real Prometheus tools in a directory that goes away with the test.</summary>
internal sealed class PeerDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("narthex-tsdb-").FullName;

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public static string Promtool(params string[] arguments)
    {
        using Process process = Start("promtool", arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"promtool {string.Join(' ', arguments)}: {errors.Result}{output}");
        return output;
    }

    public static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(System.IO.Path.Combine(RepositoryPaths.Peers!, program), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }
}
