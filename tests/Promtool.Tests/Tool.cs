using System.Text;
using Narthex.Promtool;

namespace Narthex.Promtool.Tests;

/// <summary>Runs the program inside the test.</summary>
internal static class Tool
{
    public static Task<(int Code, string Out, string Error)> RunAsync(string input, params string[] arguments) => RunAsync(Encoding.UTF8.GetBytes(input), arguments);

    public static async Task<(int Code, string Out, string Error)> RunAsync(byte[] input, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole(output, error, () => new MemoryStream(input), TimeProvider.System);
        int code = await PromtoolProgram.RunAsync(arguments, console, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}
