using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Makes targets of what discovery found: fills in defaults, relabels, checks. Pure.</summary>
internal static class TargetFactory
{
    private static readonly SearchValues<char> s_notHost = SearchValues.Create(
        [.. Enumerable.Range(0, 0x80).Select(code => (char)code).Where(letter => !char.IsAsciiLetterOrDigit(letter) && !"-_.~!$&'()*+,;=:[]<>\"".Contains(letter, StringComparison.Ordinal))]);

    private const string ParameterPrefix = "__param_";
    private const string IntervalLabel = "__scrape_interval__";
    private const string TimeoutLabel = "__scrape_timeout__";
    private const string PathLabel = "__metrics_path__";
    private const string SchemeLabel = "__scheme__";
    private const string UnixSocketLabel = "__unix_socket__";
    private const string ConvertLabel = "__convert_classic_histograms_to_nhcb__";
    private const string ClassicLabel = "__always_scrape_classic_histograms__";
    private const string NativeLabel = "__scrape_native_histograms__";
    private const string AddressLabel = "__address__";

    /// <summary>What became of one discovered label set: a target, or nothing if relabelling dropped it, or an error.</summary>
    public readonly record struct Outcome(Target? Target, Labels DiscoveredLabels, string? Error)
    {
        /// <summary>Where the label set with the error was found.</summary>
        public string Place { get; init; } = "";
    }

    /// <summary>Goes through all targets of a group.</summary>
    public static IEnumerable<Outcome> Create(ScrapeConfig config, TargetGroup group)
    {
        var builder = new LabelsBuilder();
        int instance = 0;
        foreach (Labels labels in group.Targets)
        {
            Outcome outcome = Create(config, group.Labels, labels, builder);
            yield return outcome.Error is null ? outcome : outcome with { Place = $"instance {instance} in group {group.Source}" };
            instance++;
        }
    }

    private static Outcome Create(ScrapeConfig config, Labels groupLabels, Labels targetLabels, LabelsBuilder builder)
    {
        Discover(config, groupLabels, targetLabels, builder);
        Labels discovered = builder.ToLabels();
        if (!Relabeler.Apply(config.RelabelConfigs, builder))
        {
            return new Outcome(null, discovered, null);
        }

        string address = Get(builder, AddressLabel);
        HistogramParsing histograms = default;
        if ((Check(address, builder, out TimeSpan interval, out TimeSpan timeout) ?? CheckHistograms(builder, out histograms)) is { } fault)
        {
            return new Outcome(null, discovered, fault);
        }

        string url = MakeUrl(config, builder, address);
        string socket = Get(builder, UnixSocketLabel);
        string intervalText = Get(builder, IntervalLabel);
        string timeoutText = Get(builder, TimeoutLabel);
        if (builder.Get("instance"u8).IsEmpty)
        {
            builder.Set(LabelNames.Instance, address);
        }

        RemoveReserved(builder);
        var target = new Target(discovered, builder.ToLabels(), url, interval, timeout)
        {
            Histograms = histograms, UnixSocket = socket, IntervalText = intervalText, TimeoutText = timeoutText,
        };
        return new Outcome(target, discovered, null);
    }

    private static void Discover(ScrapeConfig config, Labels groupLabels, Labels targetLabels, LabelsBuilder builder)
    {
        builder.Reset(targetLabels);
        foreach (LabelPair pair in groupLabels)
        {
            if (builder.Get(pair.Name).IsEmpty)
            {
                builder.Set(pair.Name, pair.Value);
            }
        }

        SetDefault(builder, LabelNames.Job, config.JobName);
        SetDefault(builder, IntervalLabel, PrometheusDuration.Format(config.ScrapeInterval));
        SetDefault(builder, TimeoutLabel, PrometheusDuration.Format(config.ScrapeTimeout));
        SetDefault(builder, PathLabel, config.MetricsPath);
        SetDefault(builder, SchemeLabel, config.Scheme);
        SetDefault(builder, ConvertLabel, config.ConvertClassicHistogramsToNhcb ? "true" : "false");
        SetDefault(builder, ClassicLabel, config.AlwaysScrapeClassicHistograms ? "true" : "false");
        SetDefault(builder, NativeLabel, config.ScrapeNativeHistograms ? "true" : "false");
        foreach ((string name, var values) in config.Params)
        {
            if (values.Count > 0)
            {
                SetDefault(builder, ParameterPrefix + name, values[0]);
            }
        }
    }

    private static string? Check(string address, LabelsBuilder builder, out TimeSpan interval, out TimeSpan timeout)
    {
        interval = timeout = default;
        if (address.Length == 0)
        {
            return "no address";
        }

        if (address.Contains('/', StringComparison.Ordinal))
        {
            return $"{GoQuote.Quote(address)} is not a valid hostname";
        }

        string intervalText = Get(builder, IntervalLabel);
        string timeoutText = Get(builder, TimeoutLabel);
        if ((CheckDuration("interval", intervalText, out interval) ?? CheckDuration("timeout", timeoutText, out timeout)) is { } fault)
        {
            return fault;
        }

        if (timeout > interval)
        {
            return $"scrape timeout cannot be greater than scrape interval ({GoQuote.Quote(timeoutText)} > {GoQuote.Quote(intervalText)})";
        }

        for (int i = 0; i < builder.Count; i++)
        {
            if (!Utf8.IsValid(builder.ValueAt(i)))
            {
                return $"invalid label value for {GoQuote.Quote(Encoding.UTF8.GetString(builder.NameAt(i)))}: {GoQuote.Quote(Encoding.UTF8.GetString(builder.ValueAt(i)))}";
            }
        }

        return null;
    }

    private static string? CheckHistograms(LabelsBuilder builder, out HistogramParsing histograms)
    {
        histograms = HistogramParsing.ClassicOnly;
        return CheckSwitch(builder, ConvertLabel, "convert classic histograms to nhcb", HistogramParsing.ConvertClassic, ref histograms)
            ?? CheckSwitch(builder, ClassicLabel, "always scrape classic histograms", HistogramParsing.KeepClassic, ref histograms)
            ?? CheckSwitch(builder, NativeLabel, "scrape native histograms", HistogramParsing.Native, ref histograms);
    }

    private static string? CheckSwitch(LabelsBuilder builder, string label, string what, HistogramParsing choice, ref HistogramParsing histograms)
    {
        string text = Get(builder, label);
        if (text is "1" or "t" or "T" or "true" or "TRUE" or "True")
        {
            histograms |= choice;
        }
        else if (text is not ("" or "0" or "f" or "F" or "false" or "FALSE" or "False"))
        {
            return $"error parsing {what}: strconv.ParseBool: parsing {GoQuote.Quote(text)}: invalid syntax";
        }

        return null;
    }

    private static string? CheckDuration(string what, string text, out TimeSpan duration)
    {
        duration = default;
        return text.Length == 0 ? $"error parsing scrape {what}: empty duration string"
            : !PrometheusDuration.TryParse(text, out duration) ? $"error parsing scrape {what}: not a valid duration string: {GoQuote.Quote(text)}"
            : duration == default ? $"scrape {what} cannot be 0"
            : null;
    }

    private static string MakeUrl(ScrapeConfig config, LabelsBuilder builder, string address)
    {
        var parameters = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach ((string name, var values) in config.Params)
        {
            parameters[name] = [.. values];
        }

        // A label replaces the first value of its parameter, and leaves the others.
        for (int i = 0; i < builder.Count; i++)
        {
            string label = Encoding.UTF8.GetString(builder.NameAt(i));
            if (!label.StartsWith(ParameterPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            string name = label[ParameterPrefix.Length..];
            string value = Encoding.UTF8.GetString(builder.ValueAt(i));
            if (parameters.TryGetValue(name, out List<string>? values) && values.Count > 0)
            {
                values[0] = value;
            }
            else
            {
                parameters[name] = [value];
            }
        }

        string query = string.Join('&', parameters.SelectMany(pair => pair.Value.Select(value => $"{Escape(pair.Key)}={Escape(value)}")));
        string path = Get(builder, PathLabel);
        string slash = path.Length == 0 || path[0] == '/' ? "" : "/";
        return $"{Get(builder, SchemeLabel)}://{EscapeHost(address)}{slash}{EscapePath(path)}{(query.Length > 0 ? "?" + query : "")}";
    }

    // What no host may hold shows escaped in the message that refuses it. Brackets may hold the name of an interface, which stays as it is.
    private static string EscapeHost(string host) => host.StartsWith('[') || !host.AsSpan().ContainsAny(s_notHost)
        ? host
        : string.Concat(host.Select(letter => s_notHost.Contains(letter) ? $"%{(int)letter:X2}" : letter.ToString()));

    // A question mark would begin the query; what has a meaning inside paths stays.
    private static string EscapePath(string path)
    {
        var escaped = new StringBuilder(path.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || "-_.~$&+,/:;=@"u8.Contains(b))
            {
                escaped.Append((char)b);
            }
            else
            {
                escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return escaped.ToString();
    }

    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    // Labels that begin with two underscores serve discovery and the request; series do not get them.
    private static void RemoveReserved(LabelsBuilder builder)
    {
        for (int i = builder.Count - 1; i >= 0; i--)
        {
            if (builder.NameAt(i).StartsWith("__"u8))
            {
                builder.RemoveAt(i);
            }
        }
    }

    private static void SetDefault(LabelsBuilder builder, string name, string value)
    {
        if (builder.Get(Encoding.UTF8.GetBytes(name)).IsEmpty)
        {
            builder.Set(name, value);
        }
    }

    private static string Get(LabelsBuilder builder, string name) => Encoding.UTF8.GetString(builder.Get(Encoding.UTF8.GetBytes(name)));
}
