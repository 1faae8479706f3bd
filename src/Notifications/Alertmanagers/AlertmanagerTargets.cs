using System.Globalization;
using System.Text;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Notifications.Alertmanagers;

/// <summary>The Alertmanagers that a set of target groups stands for.</summary>
/// <param name="Active">URLs to post alerts to, each once.</param>
/// <param name="Dropped">URLs that relabelling dropped.</param>
/// <param name="Faults">Why others could not be used.</param>
internal sealed record AlertmanagerTargets(IReadOnlyList<string> Active, IReadOnlyList<string> Dropped, IReadOnlyList<string> Faults)
{
    private const string AddressLabel = "__address__";
    private const string SchemeLabel = "__scheme__";
    private const string PathLabel = "__alerts_path__";

    public static AlertmanagerTargets None { get; } = new([], [], []);

    /// <summary>Fills in what the configuration says, relabels and checks what discovery found. Pure.</summary>
    public static AlertmanagerTargets From(AlertmanagerConfig config, IReadOnlyList<TargetGroup> groups)
    {
        var active = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var dropped = new List<string>();
        var faults = new List<string>();
        var builder = new LabelsBuilder();
        string path = CleanPath(config.PathPrefix + "/api/" + config.ApiVersion + "/alerts");
        foreach (TargetGroup group in groups)
        {
            foreach (Labels target in group.Targets)
            {
                Discover(config, path, group.Labels, target, builder);
                Labels discovered = builder.ToLabels();
                if (!Relabeler.Apply(config.RelabelConfigs, builder))
                {
                    dropped.Add(MakeUrl(discovered));
                    continue;
                }

                Labels labels = builder.ToLabels();
                if (labels[AddressLabel].Contains('/', StringComparison.Ordinal))
                {
                    faults.Add($"{GoQuote.Quote(labels[AddressLabel])} is not a valid hostname");
                }
                else if (MakeUrl(labels) is var url && seen.Add(url))
                {
                    active.Add(url);
                }
            }
        }

        return new AlertmanagerTargets(active, dropped, faults);
    }

    // Scheme and path of the configuration go before those of a target, and those of its group before both: what relabelling sees is upstream's.
    private static void Discover(AlertmanagerConfig config, string path, Labels group, Labels target, LabelsBuilder builder)
    {
        builder.Reset(target).Set(SchemeLabel, config.Scheme).Set(PathLabel, path);
        foreach (LabelPair pair in group)
        {
            if (!target.Contains(pair.Name))
            {
                builder.Set(pair.Name, pair.Value);
            }
        }
    }

    private static string MakeUrl(Labels labels)
    {
        string scheme = labels[SchemeLabel];
        string path = labels[PathLabel];
        string slash = path.Length == 0 || path[0] == '/' ? "" : "/";
        return $"{scheme}{(scheme.Length > 0 ? ":" : "")}//{labels[AddressLabel]}{slash}{Escape(path)}";
    }

    private static string CleanPath(string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part != "..")
            {
                parts.AddRange(part == "." ? [] : [part]);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return "/" + string.Join('/', parts);
    }

    private static string Escape(string path)
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
                escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return escaped.ToString();
    }
}
