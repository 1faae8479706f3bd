namespace Narthex.CommandLine;

/// <summary>The flags of a program, and how its arguments are read.</summary>
/// <remarks>
/// Reads what upstream's programs read: <c>--name=value</c>, <c>--name value</c>, <c>--switch</c>, <c>--no-switch</c>, <c>-x</c>,
/// repeated flags, <c>@file</c> with one argument a line, and <c>--</c>.
/// </remarks>
public sealed class FlagSet(IReadOnlyList<Flag> flags)
{
    /// <summary>The flags, in the order of <c>--help</c>.</summary>
    public IReadOnlyList<Flag> Flags { get; } = flags;

    /// <summary>Reads arguments that are flags only.</summary>
    /// <exception cref="FlagException">They do not fit.</exception>
    public FlagValues Parse(IReadOnlyList<string> arguments)
    {
        var reader = new FlagReader(arguments);
        reader.Add(Flags);
        while (reader.TryRead(out string? stray))
        {
            if (stray is not null)
            {
                throw new FlagException($"unexpected {stray}");
            }
        }

        reader.CheckValues();
        return new FlagValues(this, reader.Given);
    }
}
