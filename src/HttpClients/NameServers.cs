using System.Net;

namespace Narthex.HttpClients;

/// <summary>Tells which name server does not know a name, so that whoever is paged knows whom to ask.</summary>
internal static class NameServers
{
    private const string ConfigFile = "/etc/resolv.conf";
    private const int Port = 53;
    private const int NameLengthMax = 253;
    private const int LabelLengthMax = 63;

    /// <summary>Where a name was looked up: <c>a.example on 10.0.0.2:53</c>. Only the name, if no server was asked for it.</summary>
    public static string Describe(string name) => IsAsked(name) ? $"{name} on {First(ReadConfig())}" : name;

    /// <summary>The server that is asked first, which the system's resolver says no more about.</summary>
    /// <param name="config">The lines of the resolver's configuration.</param>
    internal static IPEndPoint First(IEnumerable<string> config)
    {
        foreach (string line in config)
        {
            string[] words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out IPAddress? server))
            {
                return new IPEndPoint(server, Port);
            }
        }

        return new IPEndPoint(IPAddress.Loopback, Port);
    }

    /// <summary>Whether a text can be the name of a host, so that anybody is asked for it.</summary>
    internal static bool IsAsked(string name)
    {
        ReadOnlySpan<char> rest = name.EndsWith('.') ? name.AsSpan(0, name.Length - 1) : name;
        if (rest.Length is 0 or > NameLengthMax)
        {
            return false;
        }

        bool hasLetter = false;
        foreach (Range range in rest.Split('.'))
        {
            ReadOnlySpan<char> label = rest[range];
            if (label.Length is 0 or > LabelLengthMax || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }

            foreach (char letter in label)
            {
                if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_'))
                {
                    return false;
                }

                hasLetter |= !char.IsAsciiDigit(letter);
            }
        }

        return hasLetter;
    }

    private static string[] ReadConfig()
    {
        try
        {
            return File.ReadAllLines(ConfigFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // Then the system asks this machine, too.
        }
    }
}
