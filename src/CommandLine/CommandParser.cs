namespace Narthex.CommandLine;

/// <summary>Reads the arguments of a program with commands, and answers those that only ask for help or the version.</summary>
/// <remarks>Flags may stand anywhere behind the command that has them; messages are those of upstream's programs.</remarks>
public sealed class CommandParser(Command root)
{
    private const string HelpWord = "help";

    private static readonly Flag[] s_hidden =
    [
        new() { Name = "help-long", IsSwitch = true, IsHidden = true, Help = "Print help of all commands." },
        new() { Name = "help-man", IsSwitch = true, IsHidden = true, Help = "Print help of all commands." },
    ];

    /// <summary>Reads arguments.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="output">Takes help and version.</param>
    /// <param name="version">What <c>--version</c> prints.</param>
    /// <returns>What is to be run; null if all has been said.</returns>
    /// <exception cref="FlagException">They do not fit.</exception>
    public Invocation? Parse(IReadOnlyList<string> arguments, TextWriter output, string version)
    {
        var path = new List<Command> { root };
        var strays = new List<string>();
        bool isHelp = false;
        var reader = new FlagReader(arguments);
        reader.Add(root.Flags);
        reader.Add(s_hidden);
        while (reader.TryRead(out string? stray))
        {
            if (reader.Given.ContainsKey("version"))
            {
                output.WriteLine(version);
                return null;
            }

            if (stray is null)
            {
                continue;
            }

            Command command = path[^1];
            if (command.Commands.Count == 0)
            {
                strays.Add(stray);
            }
            else if (command.Commands.FirstOrDefault(child => child.Name == stray) is { } next)
            {
                path.Add(next);
                reader.Add(next.Flags);
            }
            else if (command == root && stray == HelpWord && !isHelp)
            {
                isHelp = true;
            }
            else
            {
                throw new FlagException($"expected command but got \"{stray}\"");
            }
        }

        if (reader.Given.ContainsKey("help-long") || reader.Given.ContainsKey("help-man"))
        {
            CommandHelp.WriteAll(output, root);
            return null;
        }

        if (isHelp || IsOn(reader, HelpWord) || arguments.Count == 0)
        {
            CommandHelp.Write(output, path);
            return null;
        }

        return Complete(path, strays, reader);
    }

    private Invocation Complete(List<Command> path, List<string> strays, FlagReader reader)
    {
        Command command = path[^1];
        if (command.Run is null)
        {
            throw new FlagException(command == root ? "command not specified" : $"must select a subcommand of '{CommandHelp.NameOf(path)}'");
        }

        string[] missing = [.. reader.Flags.Where(flag => flag.IsRequired && !reader.Given.ContainsKey(flag.Name)).Select(flag => $"'--{flag.Name}'").Order(StringComparer.Ordinal)];
        Dictionary<string, List<string>> arguments = Assign(command, strays, out string? unexpected, out Argument? absent);
        if (unexpected is not null)
        {
            throw new FlagException($"unexpected {unexpected}");
        }

        if (missing.Length > 0)
        {
            throw new FlagException($"required flag(s) {string.Join(", ", missing)} not provided");
        }

        if (absent is not null)
        {
            throw new FlagException($"required argument '{absent.Name}' not provided");
        }

        reader.CheckValues();
        foreach (Argument argument in command.Arguments.Where(argument => argument.Check is not null))
        {
            foreach (string value in arguments.GetValueOrDefault(argument.Name) ?? [])
            {
                if (argument.Check!(value) is { } fault)
                {
                    throw new FlagException(fault, isValueError: true);
                }
            }
        }

        return new Invocation(path, new FlagValues(new FlagSet(reader.Flags), reader.Given), arguments);
    }

    private static Dictionary<string, List<string>> Assign(Command command, List<string> strays, out string? unexpected, out Argument? absent)
    {
        var arguments = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        absent = null;
        int next = 0;
        foreach (Argument argument in command.Arguments)
        {
            int count = Math.Min(strays.Count - next, argument.IsRepeated ? int.MaxValue : 1);
            if (count > 0)
            {
                arguments.Add(argument.Name, strays.GetRange(next, count));
                next += count;
            }
            else if (argument.IsRequired)
            {
                absent ??= argument;
            }
        }

        unexpected = next < strays.Count ? strays[next] : null;
        return arguments;
    }

    private static bool IsOn(FlagReader reader, string flag) => reader.Given.TryGetValue(flag, out List<string>? values) && values[^1] == "true";
}
