using System.Globalization;
using System.Text;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Something to scrape, with what relabelling made of it, and how its last scrape went.</summary>
/// <remarks>The description is immutable. The state is written by its loop and read by the API: each picture is one object, swapped in one write.</remarks>
internal sealed class Target
{
    private volatile State _state = State.None;

    /// <summary>All labels after relabelling but the meta labels: tells targets apart.</summary>
    public required Labels Identity { get; init; }

    /// <summary>The labels that its series get.</summary>
    public required Labels PublicLabels { get; init; }

    /// <summary>The labels before relabelling. A rediscovery may change them without making it another target.</summary>
    public required Labels DiscoveredLabels { get; set; }

    public required Uri Url { get; init; }

    public required TimeSpan Interval { get; init; }

    public required TimeSpan Timeout { get; init; }

    public State Current => _state;

    public void Report(DateTimeOffset start, TimeSpan duration, string? error) =>
        _state = new State(start, duration, error ?? "", error is null ? TargetHealth.Up : TargetHealth.Down);

    public TargetSnapshot Snapshot(string pool, ScrapeOptions options)
    {
        State state = _state;
        return new TargetSnapshot
        {
            ScrapePool = pool,
            DiscoveredLabels = DiscoveredLabels,
            Labels = PublicLabels,
            ScrapeUrl = Url.AbsoluteUri,
            GlobalUrl = GlobalUrl(options),
            LastError = state.Error,
            LastScrape = state.Start,
            LastScrapeDuration = state.Duration,
            Health = state.Health,
            ScrapeInterval = Interval,
            ScrapeTimeout = Timeout,
        };
    }

    /// <summary>How far into its interval the target's scrapes lie: fixed by what it is and which server asks.</summary>
    public TimeSpan Offset(ulong serverSeed)
    {
        ulong hash = XxHash64.Hash(Encoding.UTF8.GetBytes(Url.AbsoluteUri), Identity.GetStableHash());
        return TimeSpan.FromTicks((long)((hash ^ serverSeed) % (ulong)Interval.Ticks));
    }

    /// <summary>The URL that the labels and the configuration make.</summary>
    public static Uri MakeUrl(LabelsBuilder labels, ScrapeConfig config)
    {
        string Get(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(labels.Get(name));

        var parameters = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach ((string name, EquatableList<string> values) in config.Params)
        {
            parameters[name] = [.. values];
        }

        for (int i = 0; i < labels.Count; i++)
        {
            if (labels.NameAt(i).StartsWith(TargetLabels.ParamPrefix))
            {
                string name = Encoding.UTF8.GetString(labels.NameAt(i)[TargetLabels.ParamPrefix.Length..]);
                string value = Encoding.UTF8.GetString(labels.ValueAt(i));
                if (parameters.TryGetValue(name, out List<string>? values) && values.Count > 0)
                {
                    values[0] = value;
                }
                else
                {
                    parameters[name] = [value];
                }
            }
        }

        var query = new StringBuilder();
        foreach ((string name, List<string> values) in parameters)
        {
            foreach (string value in values)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(EncodeQuery(name)).Append('=').Append(EncodeQuery(value));
            }
        }

        string path = Get(TargetLabels.MetricsPath);
        string slash = path.StartsWith('/') || path.Length == 0 ? "" : "/";
        return new Uri($"{Get(TargetLabels.Scheme)}://{Get(TargetLabels.Address)}{slash}{path}{query}");
    }

    private static string EncodeQuery(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private string GlobalUrl(ScrapeOptions options)
    {
        if (Url.Host is not ("localhost" or "127.0.0.1" or "[::1]"))
        {
            return Url.AbsoluteUri;
        }

        string host = options.ExternalUrl?.Host ?? options.HostName;
        if (options.ExternalUrl is { } external && Url.Port == options.ListenPort)
        {
            // It is this server: users reach it by the external URL.
            return external.GetLeftPart(UriPartial.Authority) + Url.PathAndQuery;
        }

        string port = Url.IsDefaultPort ? "" : ":" + Url.Port.ToString(CultureInfo.InvariantCulture);
        return $"{Url.Scheme}://{host}{port}{Url.PathAndQuery}";
    }

    /// <summary>How the last scrape went.</summary>
    public sealed record State(DateTimeOffset? Start, TimeSpan Duration, string Error, TargetHealth Health)
    {
        public static State None { get; } = new(null, TimeSpan.Zero, "", TargetHealth.Unknown);
    }
}

/// <summary>Labels with a meaning for scraping.</summary>
internal static class TargetLabels
{
    public static ReadOnlySpan<byte> Address => "__address__"u8;

    public static ReadOnlySpan<byte> Scheme => "__scheme__"u8;

    public static ReadOnlySpan<byte> MetricsPath => "__metrics_path__"u8;

    public static ReadOnlySpan<byte> ScrapeInterval => "__scrape_interval__"u8;

    public static ReadOnlySpan<byte> ScrapeTimeout => "__scrape_timeout__"u8;

    public static ReadOnlySpan<byte> ParamPrefix => "__param_"u8;

    public static ReadOnlySpan<byte> MetaPrefix => "__meta_"u8;

    public static ReadOnlySpan<byte> ReservedPrefix => "__"u8;

    public static ReadOnlySpan<byte> Job => "job"u8;

    public static ReadOnlySpan<byte> Instance => "instance"u8;
}
