namespace Narthex.CommandLine;

/// <summary>Prints the usage of programs with commands.</summary>
internal static class CommandHelp
{
    private const int Width = 80;

    /// <summary>The words that call a command, without the program's.</summary>
    public static string NameOf(IEnumerable<Command> path) => string.Join(' ', path.Skip(1).Select(command => command.Name));

    /// <summary>Prints what there is to know about the last command of a path.</summary>
    public static void Write(TextWriter output, IReadOnlyList<Command> path)
    {
        Command command = path[^1];
        bool isGroup = command.Commands.Count > 0;
        string usage = isGroup ? string.Join(' ', path.Select(part => part.Name)) + " [<flags>] <command> [<args> ...]" : path[0].Name + " " + UsageOf(path);
        output.WriteLine($"usage: {usage}");
        output.WriteLine();
        HelpWriter.WriteParagraphs(output, command.Help, "", Width);
        output.WriteLine();
        output.WriteLine();
        output.WriteLine("Flags:");
        HelpWriter.WriteColumns(output, "  ", [.. FlagRows(path.SelectMany(part => part.Flags))]);
        output.WriteLine();
        if (isGroup)
        {
            output.WriteLine(path.Count == 1 ? "Commands:" : "Subcommands:");
            WriteCommands(output, path, withFlags: false);
        }
        else if (command.Arguments.Count > 0)
        {
            output.WriteLine("Args:");
            HelpWriter.WriteColumns(output, "  ", [.. command.Arguments.Select(argument => (argument.IsRequired ? $"<{argument.Name}>" : $"[<{argument.Name}>]", argument.Help))]);
            output.WriteLine();
        }
    }

    /// <summary>Prints what there is to know about a program and all its commands.</summary>
    public static void WriteAll(TextWriter output, Command root)
    {
        output.WriteLine($"usage: {root.Name} [<flags>] <command> [<args> ...]");
        output.WriteLine();
        HelpWriter.WriteParagraphs(output, root.Help, "", Width);
        output.WriteLine();
        output.WriteLine("Flags:");
        HelpWriter.WriteColumns(output, "  ", [.. FlagRows(root.Flags)]);
        output.WriteLine();
        output.WriteLine("Commands:");
        WriteCommands(output, [root], withFlags: true);
        output.WriteLine();
    }

    private static void WriteCommands(TextWriter output, IReadOnlyList<Command> path, bool withFlags)
    {
        if (path.Count == 1)
        {
            output.WriteLine("help [<command>...]");
            output.WriteLine("    Show help.");
            output.WriteLine();
        }

        foreach (IReadOnlyList<Command> leaf in Leaves(path))
        {
            output.WriteLine(UsageOf(leaf));
            HelpWriter.WriteParagraphs(output, leaf[^1].Help, "    ", Width);
            output.WriteLine();
            if (withFlags && leaf[^1].Flags.Count > 0)
            {
                HelpWriter.WriteColumns(output, "    ", [.. FlagRows(leaf[^1].Flags)]);
                output.WriteLine();
            }
        }
    }

    private static IEnumerable<IReadOnlyList<Command>> Leaves(IReadOnlyList<Command> path) =>
        path[^1].Commands.Count == 0 ? [path] : path[^1].Commands.SelectMany(child => Leaves([.. path, child]));

    // "query series --match=MATCH [<flags>] <server>"
    private static string UsageOf(IReadOnlyList<Command> path)
    {
        Command command = path[^1];
        var parts = new List<string> { NameOf(path) };
        parts.AddRange(command.Flags.Where(flag => flag.IsRequired).Select(flag => $"--{flag.Name}={flag.Placeholder ?? flag.Name.ToUpperInvariant()}"));
        if (command.Flags.Any(flag => !flag.IsRequired))
        {
            parts.Add("[<flags>]");
        }

        parts.AddRange(command.Arguments.Select(argument =>
        {
            string name = $"<{argument.Name}>{(argument.IsRepeated ? "..." : "")}";
            return argument.IsRequired ? name : $"[{name}]";
        }));
        return string.Join(' ', parts);
    }

    private static List<(string Left, string Right)> FlagRows(IEnumerable<Flag> flags)
    {
        Flag[] shown = [.. flags.Where(flag => !flag.IsHidden)];
        bool anyLetter = shown.Any(flag => flag.Letter != default);
        return [.. shown.Select(flag => ((flag.Letter != default ? $"-{flag.Letter}, " : anyLetter ? "    " : "") + HelpWriter.Syntax(flag), flag.Help))];
    }
}
