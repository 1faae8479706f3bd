using Narthex.CommandLine;
using Narthex.Promtool.Checking;
using Narthex.Promtool.Debugging;
using Narthex.Promtool.Expressions;
using Narthex.Promtool.Pushing;
using Narthex.Promtool.Querying;
using Narthex.Promtool.Storage;
using Narthex.Promtool.Testing;

namespace Narthex.Promtool;

/// <summary>The program: its commands, and what becomes of their faults.</summary>
internal static class PromtoolProgram
{
    /// <summary>Runs a command and returns the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, ToolConsole console, CancellationToken cancellationToken)
    {
        Invocation? invocation;
        try
        {
            invocation = new CommandParser(MakeRoot(console)).Parse(arguments, console.Out, VersionText.Format("promtool", BuildInformation.Current));
        }
        catch (FlagException error)
        {
            await console.Error.WriteLineAsync($"promtool: error: {error.Message}, try --help").ConfigureAwait(false);
            return ExitCode.Failure;
        }

        if (invocation is null)
        {
            return ExitCode.Success;
        }

        try
        {
            return await invocation.Command.Run!(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException error)
        {
            await console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await console.Error.WriteLineAsync("interrupted").ConfigureAwait(false);
            return ExitCode.Failure;
        }
    }

    internal static Command MakeRoot(ToolConsole console) => new()
    {
        Name = "promtool",
        Help = "Tools for Prometheus: checks, queries, tests of rules and work on data directories.",
        Flags =
        [
            new() { Name = "help", Letter = 'h', IsSwitch = true, Help = "Show help for the command (also try --help-long)." },
            new() { Name = "version", IsSwitch = true, Help = "Show the version." },
            new() { Name = "experimental", IsSwitch = true, Help = "Allow experimental commands." },
            new() { Name = FeatureFlags.Name, Placeholder = " ", IsRepeated = true, Help = "Names of features to enable, separated by commas: " + string.Join(", ", FeatureFlags.Known) + "." },
        ],
        Commands =
        [
            CheckCommands.Make(console),
            QueryCommands.Make(console),
            DebugCommands.Make(console),
            PushCommands.Make(console),
            TestCommands.Make(console),
            TsdbCommands.Make(console),
            PromqlCommands.Make(console),
        ],
    };
}
