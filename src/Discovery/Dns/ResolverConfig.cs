using System.Globalization;
using System.Net;

namespace Narthex.Discovery.Dns;

/// <summary>What <c>resolv.conf</c> says: whom to ask, for which names, how long and how often.</summary>
internal sealed record ResolverConfig
{
    // The limits of resolv.conf(5): a typing error must not stop a refresh for hours.
    private const int TimeoutSecondsMax = 30;
    private const int AttemptsMax = 5;
    private const int NdotsMax = 15;
    private const int Port = 53;

    public IReadOnlyList<IPEndPoint> Servers { get; init; } = [];

    public IReadOnlyList<string> Search { get; init; } = [];

    public int Ndots { get; init; } = 1;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    public int Attempts { get; init; } = 2;

    /// <summary>The system's settings as they are now: they change while a laptop or a container moves.</summary>
    public static ResolverConfig LoadSystem() => Parse(File.ReadAllText("/etc/resolv.conf"));

    public static ResolverConfig Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        var config = new ResolverConfig();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", string address, ..] when IPAddress.TryParse(address, out IPAddress? server):
                    servers.Add(new IPEndPoint(server, Port));
                    break;
                case ["domain", string domain, ..]:
                    config = config with { Search = [domain] };
                    break;
                case ["search", .. string[] domains]:
                    config = config with { Search = domains };
                    break;
                case ["options", .. string[] options]:
                    config = options.Aggregate(config, (current, option) => current.WithOption(option));
                    break;
                default:
                    break;
            }
        }

        return config with { Servers = servers.Count > 0 ? servers : [new IPEndPoint(IPAddress.Loopback, Port)] };
    }

    /// <summary>The complete names that a name may stand for, in the order to try them.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
        {
            return [name];
        }

        string complete = name + ".";
        IEnumerable<string> searched = Search.Select(domain => domain == "." ? complete : $"{complete}{domain.TrimEnd('.')}.");
        return name.Count(c => c == '.') >= Ndots ? searched.Prepend(complete) : searched.Append(complete);
    }

    private ResolverConfig WithOption(string option)
    {
        int colon = option.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || !int.TryParse(option.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? this
            : option[..colon] switch
            {
                "ndots" => this with { Ndots = Math.Min(value, NdotsMax) },
                "timeout" => this with { Timeout = TimeSpan.FromSeconds(Math.Clamp(value, 1, TimeoutSecondsMax)) },
                "attempts" => this with { Attempts = Math.Clamp(value, 1, AttemptsMax) },
                _ => this,
            };
    }
}
