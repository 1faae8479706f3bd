using System.Diagnostics.CodeAnalysis;

namespace Narthex.CommandLine;

/// <summary>Takes arguments one by one: flags are noted, everything else is handed out.</summary>
internal sealed class FlagReader(IEnumerable<string> arguments)
{
    private readonly LinkedList<string> _queue = new(arguments);
    private readonly Dictionary<string, Flag> _byName = new(StringComparer.Ordinal);
    private readonly List<Flag> _flags = [];
    private bool _flagsAreOver;

    /// <summary>The values of the flags so far.</summary>
    public Dictionary<string, List<string>> Given { get; } = new(StringComparer.Ordinal);

    /// <summary>The flags that are known so far.</summary>
    public IReadOnlyList<Flag> Flags => _flags;

    /// <summary>Makes flags known: those of a command are not before it has been named.</summary>
    public void Add(IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags)
        {
            _byName[flag.Name] = flag;
            _flags.Add(flag);
        }
    }

    /// <summary>Reads one argument. False if there is none; <paramref name="stray"/> is null if it was a flag.</summary>
    public bool TryRead(out string? stray)
    {
        stray = null;
        if (_queue.First is not { } node)
        {
            return false;
        }

        _queue.RemoveFirst();
        string argument = node.Value;
        if (_flagsAreOver || argument.Length < 2)
        {
            stray = argument;
        }
        else if (argument == "--")
        {
            _flagsAreOver = true;
        }
        else if (argument.StartsWith("--", StringComparison.Ordinal))
        {
            ReadLong(argument[2..]);
        }
        else if (argument[0] == '-')
        {
            ReadLetters(argument);
        }
        else if (argument[0] == '@')
        {
            Expand(argument[1..]);
        }
        else
        {
            stray = argument;
        }

        return true;
    }

    /// <summary>Lets each flag check its values.</summary>
    /// <exception cref="FlagException">One is not a value of its flag.</exception>
    public void CheckValues()
    {
        foreach ((string name, List<string> values) in Given)
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

    private void ReadLong(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        string? value = equals < 0 ? null : text[(equals + 1)..];
        bool isOn = true;
        if (!_byName.TryGetValue(name, out Flag? flag))
        {
            isOn = false;
            if (!TryFindNegated(name, out flag))
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

            Note(flag, isOn == (value is not "false") ? "true" : "false");
        }
        else
        {
            Note(flag, value ?? Next($"--{name}"));
        }
    }

    private bool TryFindNegated(string name, [NotNullWhen(true)] out Flag? flag)
    {
        flag = null;
        return name.StartsWith("no-", StringComparison.Ordinal) && _byName.TryGetValue(name[3..], out flag) && flag.IsSwitch;
    }

    private void ReadLetters(string argument)
    {
        for (int i = 1; i < argument.Length; i++)
        {
            Flag flag = _flags.Find(f => f.Letter == argument[i]) ?? throw new FlagException($"unknown short flag '-{argument[i]}'");
            if (flag.IsSwitch)
            {
                Note(flag, "true");
                continue;
            }

            Note(flag, i + 1 < argument.Length ? argument[(i + 1)..] : Next($"-{argument[i]}"));
            return;
        }
    }

    private void Expand(string path)
    {
        try
        {
            foreach (string line in File.ReadLines(path).Where(line => !line.StartsWith('#')).Reverse())
            {
                _queue.AddFirst(line);
            }
        }
        catch (IOException)
        {
            throw new FlagException($"open {path}: no such file or directory");
        }
    }

    private string Next(string flag)
    {
        if (_queue.First is not { } node || (node.Value.Length > 1 && node.Value[0] == '-'))
        {
            throw new FlagException($"expected argument for flag '{flag}'");
        }

        _queue.RemoveFirst();
        return node.Value;
    }

    private void Note(Flag flag, string value)
    {
        if (!Given.TryGetValue(flag.Name, out List<string>? values))
        {
            Given.Add(flag.Name, [value]);
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
}
