using System.Diagnostics;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Calls our promtool and the real one.</summary>
internal static class PromtoolCalls
{
    private static readonly string s_ours = ServerProcess.NarthexPath.Replace(
        Path.Combine("src", "Prometheus"), Path.Combine("src", "Promtool"), StringComparison.Ordinal).Replace("/prometheus", "/promtool", StringComparison.Ordinal);

    public static Task<(int ExitCode, string Output, string Errors)> RunRealAsync(string[] arguments, string folder = "", string input = "") =>
        RunAsync(RepositoryPaths.Peers + "/promtool", arguments, folder, input);

    public static Task<(int ExitCode, string Output, string Errors)> RunOursAsync(string[] arguments, string folder = "", string input = "") => RunAsync(s_ours, arguments, folder, input);

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, string[] arguments, string folder, string input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has not asked for input.
        }

        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
