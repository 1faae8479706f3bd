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
        PrintTitle(console.Out);
        var native = new List<Summary>();
        var classic = new List<Summary>();
        foreach (string match in flags.GetAll("match"))
        {
            await AnalyzeAsync(client, match, range, endMs, native, classic, console.Out, cancellationToken).ConfigureAwait(false);
        }

        PrintAll(native, classic, console.Out);
        return ExitCode.Success;
    }

    private static async Task AnalyzeAsync(
        ServerClient client, string match, string range, long endMs, List<Summary> native, List<Summary> classic, TextWriter output, CancellationToken cancellationToken)
    {
        using JsonDocument answer = await client.AskAsync(
            HttpMethod.Post, "/api/v1/query", [new("query", $"{match}[{range}]"), new("time", QueryCommands.Seconds(endMs))], cancellationToken).ConfigureAwait(false);
        var buckets = new SortedDictionary<string, SortedDictionary<double, List<Bucket>>>(StringComparer.Ordinal);
        foreach (JsonElement series in answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            JsonElement metric = series.GetProperty("metric");
            if (series.TryGetProperty("histograms", out JsonElement histograms))
            {
                Summary summary = OfNative(histograms);
                native.Add(summary);
                output.WriteLine($"- {NameOf(metric)} (native): {summary}");
            }
            else if (metric.TryGetProperty("le", out JsonElement le) && TryParseBound(le.GetString()!, out double bound))
            {
                string name = NameOf(metric);
                if (!buckets.TryGetValue(name, out SortedDictionary<double, List<Bucket>>? ofName))
                {
                    buckets.Add(name, ofName = []);
                }

                ofName[bound] = [.. series.GetProperty("values").EnumerateArray().Select(point => new Bucket(point[0].GetDouble(), double.Parse(point[1].GetString()!, CultureInfo.InvariantCulture)))];
            }
        }

        foreach ((string name, SortedDictionary<double, List<Bucket>> ofName) in buckets)
        {
            if (Populated(ofName) is { Count: > 0 } counts)
            {
                var summary = new Summary(counts.Min(), counts.Average(), counts.Max(), ofName.Count);
                classic.Add(summary);
                output.WriteLine($"- {name} (classic): {summary}");
            }
        }
    }

    private static Summary OfNative(JsonElement histograms)
    {
        var bounds = new HashSet<(string? Lower, string? Upper)>();
        var counts = new List<int>();
        foreach (JsonElement point in histograms.EnumerateArray())
        {
            JsonElement[] buckets = point[1].TryGetProperty("buckets", out JsonElement found) ? [.. found.EnumerateArray()] : [];
            counts.Add(buckets.Length);
            bounds.UnionWith(buckets.Select(bucket => (bucket[1].GetString(), bucket[2].GetString())));
        }

        return new Summary(counts.Min(), counts.Average(), counts.Max(), bounds.Count);
    }

    private static bool TryParseBound(string text, out double bound)
    {
        bound = double.PositiveInfinity;
        return text == "+Inf" || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out bound);
    }

    private static string NameOf(JsonElement metric)
    {
        string name = metric.TryGetProperty("__name__", out JsonElement value) ? value.GetString()! : "";
        string labels = string.Join(", ", metric.EnumerateObject()
            .Where(label => label.Name is not ("__name__" or "le"))
            .OrderBy(label => label.Name, StringComparer.Ordinal)
            .Select(label => $"{label.Name}={GoQuote.Quote(label.Value.GetString()!)}"));
        return labels.Length > 0 ? $"{name}{{{labels}}}" : name;
    }

    private static void PrintTitle(TextWriter output)
    {
        output.WriteLine("Bucket stats for each histogram series over time");
        output.WriteLine("------------------------------------------------");
        output.WriteLine("First the min, avg, and max number of populated buckets, followed by the total");
        output.WriteLine("number of buckets (only if different from the max number of populated buckets");
        output.WriteLine("which is typical for classic but not native histograms).");
        output.WriteLine();
    }

    private static void PrintAll(List<Summary> native, List<Summary> classic, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("Aggregated bucket stats");
        output.WriteLine("-----------------------");
        output.WriteLine("Each line shows min/avg/max over the series above.");
        PrintKind("Native", native);
        PrintKind("Classic", classic);

        void PrintKind(string kind, List<Summary> summaries)
        {
            if (summaries.Count == 0)
            {
                return;
            }

            output.WriteLine();
            output.WriteLine($"{kind} histogram series ({summaries.Count} in total):");
            PrintLine("min populated", summaries.Select(summary => summary.Min));
            PrintLine("avg populated", summaries.Select(summary => (int)summary.Average));
            PrintLine("max populated", summaries.Select(summary => summary.Max));
            if (summaries.Any(summary => summary.Total != summary.Max))
            {
                PrintLine("total", summaries.Select(summary => summary.Total));
            }
        }

        void PrintLine(string what, IEnumerable<int> values)
        {
            int[] column = [.. values];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- {what}: {column.Min()}/{column.Average():F3}/{column.Max()}"));
        }
    }

    // Classic buckets are cumulative: one is in use where it counts more than the one below it.
    private static List<int> Populated(SortedDictionary<double, List<Bucket>> buckets)
    {
        var counts = new SortedDictionary<double, int>();
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

    private readonly record struct Summary(int Min, double Average, int Max, int Total)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Min}/{Average:F3}/{Max}{(Total != Max ? $"/{Total}" : "")}");
    }
}
