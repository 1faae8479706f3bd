using System.Text;
using System.Text.Unicode;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Makes targets of what was discovered. Pure: the same input always gives the same targets.</summary>
internal static class TargetBuilder
{
    /// <summary>Makes the targets of all groups. Equal ones come once.</summary>
    public static TargetSet Build(ScrapeConfig config, IEnumerable<TargetGroup> groups)
    {
        var set = new TargetSet();
        var labels = new LabelsBuilder();
        var seen = new HashSet<Labels>();
        foreach (TargetGroup group in groups)
        {
            foreach (Labels own in group.Targets)
            {
                Labels discovered = Discover(config, group, own, labels);
                if (!Relabeler.Apply(config.RelabelConfigs, labels))
                {
                    set.Dropped.Add(discovered);
                    continue;
                }

                string? problem = TryMake(config, labels, discovered, out Target? target);
                if (problem is not null)
                {
                    set.Problems.Add((discovered, problem));
                }
                else if (seen.Add(target!.Identity))
                {
                    set.Targets.Add(target);
                }
            }
        }

        return set;
    }

    /// <summary>A target's labels before relabelling: its own, its group's, the configuration's, in this order of precedence.</summary>
    public static Labels Discover(ScrapeConfig config, TargetGroup group, Labels own, LabelsBuilder labels)
    {
        labels.Reset(own);
        foreach (LabelPair pair in group.Labels)
        {
            SetDefault(labels, pair.Name, pair.Value);
        }

        SetDefault(labels, TargetLabels.Job, config.JobName);
        SetDefault(labels, TargetLabels.ScrapeInterval, PrometheusDuration.Format(config.ScrapeInterval));
        SetDefault(labels, TargetLabels.ScrapeTimeout, PrometheusDuration.Format(config.ScrapeTimeout));
        SetDefault(labels, TargetLabels.MetricsPath, config.MetricsPath);
        SetDefault(labels, TargetLabels.Scheme, config.Scheme);
        foreach ((string name, EquatableList<string> values) in config.Params)
        {
            if (values.Count > 0)
            {
                SetDefault(labels, Encoding.UTF8.GetBytes("__param_" + name), values[0]);
            }
        }

        return labels.ToLabels();
    }

    private static string? TryMake(ScrapeConfig config, LabelsBuilder labels, Labels discovered, out Target? target)
    {
        target = null;
        string address = Encoding.UTF8.GetString(labels.Get(TargetLabels.Address));
        if (address.Length == 0)
        {
            return "no address";
        }

        // An address with a path in it would be scraped somewhere else than it says.
        if (address.Contains('/', StringComparison.Ordinal))
        {
            return $"{GoQuote.Quote(address)} is not a valid hostname";
        }

        string intervalText = Encoding.UTF8.GetString(labels.Get(TargetLabels.ScrapeInterval));
        string timeoutText = Encoding.UTF8.GetString(labels.Get(TargetLabels.ScrapeTimeout));
        string? intervalProblem = ParseDuration(intervalText, "scrape interval", out TimeSpan interval);
        string? timeoutProblem = ParseDuration(timeoutText, "scrape timeout", out TimeSpan timeout);
        string? problem = intervalProblem ?? timeoutProblem
            ?? (timeout > interval ? $"scrape timeout cannot be greater than scrape interval ({GoQuote.Quote(timeoutText)} > {GoQuote.Quote(intervalText)})" : null);
        if (problem is not null)
        {
            return problem;
        }

        for (int i = labels.Count - 1; i >= 0; i--)
        {
            if (labels.NameAt(i).StartsWith(TargetLabels.MetaPrefix))
            {
                labels.RemoveAt(i);
            }
        }

        if (labels.Get(TargetLabels.Instance).IsEmpty)
        {
            labels.Set(TargetLabels.Instance, Encoding.UTF8.GetBytes(address));
        }

        for (int i = 0; i < labels.Count; i++)
        {
            if (!Utf8.IsValid(labels.ValueAt(i)))
            {
                return $"invalid label value for {GoQuote.Quote(Encoding.UTF8.GetString(labels.NameAt(i)))}";
            }
        }

        Uri url;
        try
        {
            url = Target.MakeUrl(labels, config);
        }
        catch (UriFormatException e)
        {
            return $"{GoQuote.Quote(address)}: {e.Message}";
        }

        Labels identity = labels.ToLabels();
        for (int i = labels.Count - 1; i >= 0; i--)
        {
            if (labels.NameAt(i).StartsWith(TargetLabels.ReservedPrefix))
            {
                labels.RemoveAt(i);
            }
        }

        target = new Target
        {
            Identity = identity,
            PublicLabels = labels.ToLabels(),
            DiscoveredLabels = discovered,
            Url = url,
            Interval = interval,
            Timeout = timeout,
        };
        return null;
    }

    private static string? ParseDuration(string text, string what, out TimeSpan duration)
    {
        bool parsed = PrometheusDuration.TryParseMilliseconds(text, out long milliseconds, out string? error);
        duration = TimeSpan.FromMilliseconds(milliseconds);
        return !parsed ? $"error parsing {what}: {error}" : milliseconds == 0 ? $"{what} cannot be 0" : null;
    }

    private static void SetDefault(LabelsBuilder labels, ReadOnlySpan<byte> name, string value) => SetDefault(labels, name, Encoding.UTF8.GetBytes(value));

    private static void SetDefault(LabelsBuilder labels, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (labels.Get(name).IsEmpty)
        {
            labels.Set(name, value);
        }
    }
}

/// <summary>What became of the discovered targets of a job.</summary>
internal sealed class TargetSet
{
    public List<Target> Targets { get; } = [];

    /// <summary>The discovered labels of those that relabelling dropped.</summary>
    public List<Labels> Dropped { get; } = [];

    /// <summary>Those that no target could be made of, and why.</summary>
    public List<(Labels Discovered, string Problem)> Problems { get; } = [];
}
