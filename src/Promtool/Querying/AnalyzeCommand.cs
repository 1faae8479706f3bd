using System.Globalization;
using System.Text.Json;
using Narthex.CommandLine;
using Narthex.Model;

namespace Narthex.Promtool.Querying;

/// <summary><c>promtool query analyze</c>: how many buckets of histograms are in use over a range of time.</summary>
internal static class AnalyzeCommand
{
    public static Command Make(ToolConsole console) => new()
    {
        Name = "analyze",
        Help = "Find out how histograms of a server are used.",
        Flags =
        [
            new() { Name = "server", IsRequired = true, Help = "The server's address.", Check = CommandParts.Url },
            new() { Name = "type", IsRequired = true, Help = "The type of the metric: histogram." },
            CommandParts.Value("duration", "1h", "The range of time to look at.", CommandParts.Duration),
            new() { Name = "time", Help = "The end of the range (RFC 3339 or seconds since 1970); now if not given." },
            CommandParts.Repeated("match", "A series selector; may be given several times.", isRequired: true),
        ],
        Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        FlagValues flags = invocation.Flags;
        if (flags.Get("type") != "histogram")
        {
            throw new ToolException($"analyze type is {flags.Get("type")}, must be 'histogram'");
        }

        long endMs = flags.Get("time") is { Length: > 0 } time ? CommandParts.ParseTime(time, "query") : console.Time.GetUtcNow().ToUnixTimeMilliseconds();
        string range = PrometheusDuration.Format(CommandParts.ParseDuration(flags.Get("duration")));
        using ServerClient client = ServerClient.Open(flags.Get("server"), flags);
        var classic = new SortedDictionary<string, SortedDictionary<double, List<Bucket>>>(StringComparer.Ordinal);
        var native = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        foreach (string match in flags.GetAll("match"))
        {
            await CollectAsync(client, match, range, endMs, classic, native, cancellationToken).ConfigureAwait(false);

            // A selector may name the histogram rather than its buckets.
            if (!match.Contains("_bucket", StringComparison.Ordinal))
            {
                await CollectAsync(client, WithBucketSuffix(match), range, endMs, classic, native, cancellationToken).ConfigureAwait(false);
            }
        }

        Print(classic, native, console.Out);
        return ExitCode.Success;
    }

    private static string WithBucketSuffix(string match)
    {
        int brace = match.IndexOf('{', StringComparison.Ordinal);
        return brace < 0 ? match + "_bucket" : brace == 0 ? match : match[..brace] + "_bucket" + match[brace..];
    }

    private static async Task CollectAsync(
        ServerClient client,
        string match,
        string range,
        long endMs,
        SortedDictionary<string, SortedDictionary<double, List<Bucket>>> classic,
        SortedDictionary<string, List<double>> native,
        CancellationToken cancellationToken)
    {
        using JsonDocument answer = await client.AskAsync(
            HttpMethod.Post, "/api/v1/query", [new("query", $"{match}[{range}]"), new("time", QueryCommands.Seconds(endMs))], cancellationToken).ConfigureAwait(false);
        foreach (JsonElement series in answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            JsonElement metric = series.GetProperty("metric");
            if (series.TryGetProperty("histograms", out JsonElement histograms))
            {
                native[NameOf(metric, "")] =
                [
                    .. histograms.EnumerateArray().Select(point => point[1].TryGetProperty("buckets", out JsonElement buckets) ? (double)buckets.GetArrayLength() : 0),
                ];
            }
            else if (metric.TryGetProperty("le", out JsonElement le) && TryParseBound(le.GetString()!, out double bound))
            {
                string name = NameOf(metric, "_bucket");
                if (!classic.TryGetValue(name, out SortedDictionary<double, List<Bucket>>? buckets))
                {
                    classic.Add(name, buckets = []);
                }

                buckets[bound] = [.. series.GetProperty("values").EnumerateArray().Select(point => new Bucket(point[0].GetDouble(), double.Parse(point[1].GetString()!, CultureInfo.InvariantCulture)))];
            }
        }
    }

    private static bool TryParseBound(string text, out double bound)
    {
        bound = double.PositiveInfinity;
        return text == "+Inf" || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound);
    }

    private static string NameOf(JsonElement metric, string suffix)
    {
        string name = metric.TryGetProperty("__name__", out JsonElement value) ? value.GetString()! : "";
        string labels = string.Join(", ", metric.EnumerateObject()
            .Where(label => label.Name is not ("__name__" or "le"))
            .OrderBy(label => label.Name, StringComparer.Ordinal)
            .Select(label => $"{label.Name}={GoQuote.Quote(label.Value.GetString()!)}"));
        name = suffix.Length > 0 && name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : name;
        return labels.Length > 0 ? $"{name}{{{labels}}}" : name;
    }

    private static void Print(
        SortedDictionary<string, SortedDictionary<double, List<Bucket>>> classic, SortedDictionary<string, List<double>> native, TextWriter output)
    {
        output.WriteLine("Bucket stats for each histogram series over time");
        output.WriteLine("------------------------------------------------");
        output.WriteLine("First the min, avg, and max number of populated buckets, followed by the total");
        output.WriteLine("number of buckets (only if different from the max number of populated buckets");
        output.WriteLine("which is typical for classic but not native histograms).");
        var all = new List<Summary>();
        foreach ((string name, SortedDictionary<double, List<Bucket>> buckets) in classic)
        {
            PrintOne(name, Populated(buckets), buckets.Count, all, output);
        }

        foreach ((string name, List<double> counts) in native)
        {
            PrintOne(name, counts, total: null, all, output);
        }

        output.WriteLine();
        output.WriteLine();
        output.WriteLine("Aggregated bucket stats");
        output.WriteLine("-----------------------");
        output.WriteLine("Each line shows min/avg/max over the series above.");
        if (all.Count > 0)
        {
            PrintLine("min", all.Select(summary => summary.Min));
            PrintLine("avg", all.Select(summary => summary.Average));
            PrintLine("max", all.Select(summary => summary.Max));
            PrintLine("total", all.Select(summary => summary.Total));
        }

        void PrintLine(string what, IEnumerable<double> values)
        {
            double[] column = [.. values];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- {what}: {column.Min():0.###}/{column.Average():F3}/{column.Max():0.###}"));
        }
    }

    private static void PrintOne(string name, List<double> counts, int? total, List<Summary> all, TextWriter output)
    {
        if (counts.Count == 0)
        {
            return;
        }

        var summary = new Summary(counts.Min(), counts.Average(), counts.Max(), total ?? counts.Max());
        all.Add(summary);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"- {name}: {summary.Min}/{summary.Average:F3}/{summary.Max}{(summary.Total != summary.Max ? $"/{summary.Total}" : "")}"));
    }

    // Classic buckets are cumulative: one is in use where it counts more than the one below it.
    private static List<double> Populated(SortedDictionary<double, List<Bucket>> buckets)
    {
        var counts = new SortedDictionary<double, double>();
        var below = new Dictionary<double, double>();
        foreach (List<Bucket> bucket in buckets.Values)
        {
            foreach ((double time, double value) in bucket)
            {
                counts[time] = counts.GetValueOrDefault(time) + (value > below.GetValueOrDefault(time) ? 1 : 0);
                below[time] = value;
            }
        }

        return [.. counts.Values];
    }

    private readonly record struct Bucket(double Time, double Value);

    private readonly record struct Summary(double Min, double Average, double Max, double Total);
}
