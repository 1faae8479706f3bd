namespace Narthex.CommandLine;

/// <summary>The values of all flags: as given, or their defaults.</summary>
public sealed class FlagValues
{
    private readonly FlagSet _set;
    private readonly Dictionary<string, List<string>> _given;

    internal FlagValues(FlagSet set, Dictionary<string, List<string>> given)
    {
        _set = set;
        _given = given;
    }

    /// <summary>Whether the flag was given, whatever its value.</summary>
    public bool IsGiven(string name) => _given.ContainsKey(name);

    /// <summary>Whether the switch is on.</summary>
    public bool IsOn(string name) => Get(name) == "true";

    /// <summary>The value, or the default, or an empty text if there is neither.</summary>
    public string Get(string name) => GetAll(name) is [.., var last] ? last : "";

    /// <summary>All values of a repeated flag, or the default alone.</summary>
    public IReadOnlyList<string> GetAll(string name)
    {
        if (_given.TryGetValue(name, out List<string>? values))
        {
            return values;
        }

        Flag flag = _set.Flags.First(flag => flag.Name == name);
        string? normal = flag.Default ?? (flag.IsSwitch ? "false" : null);
        return normal is null ? [] : [normal];
    }

    /// <summary>The names of the flags that were given.</summary>
    public IEnumerable<string> Given => _given.Keys;

    /// <summary>Every flag with its value, sorted by name; the values of a repeated one joined by commas.</summary>
    public SortedDictionary<string, string> ToDictionary()
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (Flag flag in _set.Flags)
        {
            values.Add(flag.Name, string.Join(',', GetAll(flag.Name)));
        }

        return values;
    }
}
