namespace Narthex.CommandLine;

/// <summary>The flags of a program, and how its arguments are read.</summary>
/// <remarks>
/// Reads what upstream's programs read: <c>--name=value</c>, <c>--name value</c>, <c>--switch</c>, <c>--no-switch</c>, <c>-x</c>,
/// repeated flags, <c>@file</c> with one argument a line, and <c>--</c>.
/// </remarks>
public sealed class FlagSet(IReadOnlyList<Flag> flags)
{
    private readonly Dictionary<string, Flag> _byName = flags.ToDictionary(flag => flag.Name);

    /// <summary>The flags, in the order of <c>--help</c>.</summary>
    public IReadOnlyList<Flag> Flags { get; } = flags;

    /// <summary>Reads arguments that are flags only.</summary>
    /// <exception cref="FlagException">They do not fit.</exception>
    public FlagValues Parse(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, List<string>>();
        var queue = new LinkedList<string>(arguments);
        while (queue.First is { } node)
        {
            queue.RemoveFirst();
            string argument = node.Value;
            if (argument.StartsWith("--", StringComparison.Ordinal) && argument.Length > 2)
            {
                ReadLong(argument[2..], queue, given);
            }
            else if (argument.Length > 1 && argument[0] == '-' && argument != "--")
            {
                ReadLetters(argument, queue, given);
            }
            else if (argument.Length > 1 && argument[0] == '@')
            {
                Expand(argument[1..], queue);
            }
            else
            {
                throw new FlagException($"unexpected {argument}");
            }
        }

        CheckValues(given);
        return new FlagValues(this, given);
    }

    private void ReadLong(string text, LinkedList<string> queue, Dictionary<string, List<string>> given)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        string? value = equals < 0 ? null : text[(equals + 1)..];
        bool isOn = true;
        if (!_byName.TryGetValue(name, out Flag? flag))
        {
            isOn = false;
            if (!name.StartsWith("no-", StringComparison.Ordinal) || !_byName.TryGetValue(name[3..], out flag) || !flag.IsSwitch)
            {
                throw new FlagException($"unknown long flag '--{name}'");
            }
        }

        if (flag.IsSwitch)
        {
            // A switch has no value: what follows the sign counts as a stray argument, unless it says what it is anyway.
            if (value is not null and not ("true" or "false"))
            {
                throw new FlagException($"unexpected {value}");
            }

            Add(flag, isOn == (value is not "false") ? "true" : "false", given);
        }
        else
        {
            Add(flag, value ?? Next($"--{name}", queue), given);
        }
    }

    private void ReadLetters(string argument, LinkedList<string> queue, Dictionary<string, List<string>> given)
    {
        for (int i = 1; i < argument.Length; i++)
        {
            Flag flag = Flags.FirstOrDefault(f => f.Letter == argument[i]) ?? throw new FlagException($"unknown short flag '-{argument[i]}'");
            if (flag.IsSwitch)
            {
                Add(flag, "true", given);
                continue;
            }

            Add(flag, i + 1 < argument.Length ? argument[(i + 1)..] : Next($"-{argument[i]}", queue), given);
            return;
        }
    }

    private static void Expand(string path, LinkedList<string> queue)
    {
        try
        {
            foreach (string line in File.ReadLines(path).Where(line => !line.StartsWith('#')).Reverse())
            {
                queue.AddFirst(line);
            }
        }
        catch (IOException)
        {
            throw new FlagException($"open {path}: no such file or directory");
        }
    }

    private static string Next(string flag, LinkedList<string> queue)
    {
        if (queue.First is not { } node || (node.Value.Length > 1 && node.Value[0] == '-'))
        {
            throw new FlagException($"expected argument for flag '{flag}'");
        }

        queue.RemoveFirst();
        return node.Value;
    }

    private static void Add(Flag flag, string value, Dictionary<string, List<string>> given)
    {
        if (!given.TryGetValue(flag.Name, out List<string>? values))
        {
            given.Add(flag.Name, [value]);
        }
        else if (flag.IsRepeated)
        {
            values.Add(value);
        }
        else
        {
            throw new FlagException($"flag '{flag.Name}' cannot be repeated");
        }
    }

    private void CheckValues(Dictionary<string, List<string>> given)
    {
        foreach ((string name, List<string> values) in given)
        {
            foreach (string value in values)
            {
                if (_byName[name].Check?.Invoke(value) is { } fault)
                {
                    throw new FlagException(fault, isValueError: true);
                }
            }
        }
    }
}
