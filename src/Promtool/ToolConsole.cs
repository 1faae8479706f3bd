namespace Narthex.Promtool;

/// <summary>What a command reads and writes beside files.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="OpenInput">Opens standard input.</param>
/// <param name="Time">The clock.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, Func<Stream> OpenInput, TimeProvider Time)
{
    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess() => new(Console.Out, Console.Error, Console.OpenStandardInput, TimeProvider.System);

    /// <summary>Reads all of standard input.</summary>
    public async Task<byte[]> ReadInputAsync(CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        Stream input = OpenInput();
        await using (input.ConfigureAwait(false))
        {
            await input.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        return bytes.ToArray();
    }
}

/// <summary>The exit codes that scripts know.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Lint = 3;
}

/// <summary>A command cannot do what it was asked to; the message is all there is to say.</summary>
internal sealed class ToolException(string message, Exception? innerException = null) : Exception(message, innerException);
