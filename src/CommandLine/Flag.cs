namespace Narthex.CommandLine;

/// <summary>One flag of a program: what it is called, what it takes, how it explains itself.</summary>
public sealed record Flag
{
    /// <summary>The name without dashes, such as <c>config.file</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What <c>--help</c> says.</summary>
    public required string Help { get; init; }

    /// <summary>The value if the flag is not given; null if there is none.</summary>
    public string? Default { get; init; }

    /// <summary>What stands for the value in <c>--help</c> where there is no default.</summary>
    public string? Placeholder { get; init; }

    /// <summary>A switch: it takes no value, and <c>--no-name</c> turns it off.</summary>
    public bool IsSwitch { get; init; }

    /// <summary>It may be given several times.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>A command that has it does not run without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Left out of <c>--help</c>.</summary>
    public bool IsHidden { get; init; }

    /// <summary>The one-letter form, or the zero character.</summary>
    public char Letter { get; init; }

    /// <summary>Says what is wrong with a value, or null if nothing is.</summary>
    public Func<string, string?>? Check { get; init; }
}
