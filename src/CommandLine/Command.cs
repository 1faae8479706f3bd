namespace Narthex.CommandLine;

/// <summary>A program, a group of its commands, or one command.</summary>
public sealed class Command
{
    /// <summary>The word that names it; of the root the program's name.</summary>
    public required string Name { get; init; }

    /// <summary>What <c>--help</c> says.</summary>
    public required string Help { get; init; }

    /// <summary>Its flags; those of the commands above it hold as well.</summary>
    public IReadOnlyList<Flag> Flags { get; init; } = [];

    /// <summary>What it takes beside flags, in order. Only the last one may be repeated.</summary>
    public IReadOnlyList<Argument> Arguments { get; init; } = [];

    /// <summary>The commands below it; none if it is one that runs.</summary>
    public IReadOnlyList<Command> Commands { get; init; } = [];

    /// <summary>Runs it and returns the exit code; null for groups.</summary>
    public Func<Invocation, CancellationToken, Task<int>>? Run { get; init; }
}

/// <summary>Something that a command takes by its place.</summary>
public sealed record Argument
{
    /// <summary>How messages and <c>--help</c> call it.</summary>
    public required string Name { get; init; }

    /// <summary>What <c>--help</c> says.</summary>
    public required string Help { get; init; }

    /// <summary>Whether the command does not run without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether it takes all that is left.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>The value if it is not given; null if there is none.</summary>
    public string? Default { get; init; }

    /// <summary>Says what is wrong with a value, or null if nothing is.</summary>
    public Func<string, string?>? Check { get; init; }
}

/// <summary>A command with what it was given.</summary>
public sealed class Invocation
{
    private readonly Dictionary<string, List<string>> _arguments;

    internal Invocation(IReadOnlyList<Command> path, FlagValues flags, Dictionary<string, List<string>> arguments)
    {
        Path = path;
        Flags = flags;
        _arguments = arguments;
    }

    /// <summary>The command and those above it, the root first.</summary>
    public IReadOnlyList<Command> Path { get; }

    /// <summary>The command.</summary>
    public Command Command => Path[^1];

    /// <summary>The flags of all of <see cref="Path"/>.</summary>
    public FlagValues Flags { get; }

    /// <summary>An argument, its default, or an empty text.</summary>
    public string Argument(string name) => Arguments(name) is [var first, ..] ? first : "";

    /// <summary>All values of an argument.</summary>
    public IReadOnlyList<string> Arguments(string name)
    {
        if (_arguments.TryGetValue(name, out List<string>? values))
        {
            return values;
        }

        return Command.Arguments.First(argument => argument.Name == name).Default is { } normal ? [normal] : [];
    }
}
