using System.Globalization;
using System.Text.Json;
using Narthex.CommandLine;
using Narthex.Configuration.RuleFiles;
using Narthex.Model;
using Narthex.Rules.Files;
using Narthex.Storage;
using Narthex.Tsdb.Backfill;

namespace Narthex.Promtool.Storage;

/// <summary><c>promtool tsdb create-blocks-from rules</c>: what recording rules would have recorded, as blocks.</summary>
internal static class RuleBackfillCommand
{
    private const int SamplesPerCommit = 5000;

    // The newest hours may still be in the head of the server that gets the blocks.
    private static readonly TimeSpan s_defaultAge = TimeSpan.FromHours(3);

    public static Command Make(ToolConsole console) => new()
    {
        Name = "rules",
        Help = "Make blocks of what recording rules would have recorded from the data of a server.",
        Flags =
        [
            CommandParts.HttpConfig,
            CommandParts.Value("url", "http://localhost:9090", "The server that has the data.", CommandParts.Url),
            new() { Name = "start", IsRequired = true, Help = "The first time (RFC 3339 or seconds since 1970)." },
            new() { Name = "end", Help = "The last time (RFC 3339 or seconds since 1970); three hours ago if not given." },
            CommandParts.Value("output-dir", "data/", "Where the blocks go."),
            CommandParts.Value("eval-interval", "60s", "The interval of groups that have none.", CommandParts.Duration),
        ],
        Arguments = [CommandParts.Files("rule-files", "The rule files.", isRequired: true)],
        Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        FlagValues flags = invocation.Flags;
        long startMs = CommandParts.ParseTime(flags.Get("start"), "start");
        long endMs = flags.Get("end") is { Length: > 0 } end
            ? CommandParts.ParseTime(end, "end")
            : (console.Time.GetUtcNow() - s_defaultAge).ToUnixTimeMilliseconds();
        if (startMs >= endMs)
        {
            throw new ToolException("start time is not before end time");
        }

        TimeSpan interval = CommandParts.ParseDuration(flags.Get("eval-interval"));
        using ServerClient client = ServerClient.Open(flags.Get("url"), flags);
        var options = new RuleFileOptions { Language = FeatureFlags.Language(flags, console) };
        string output = flags.Get("output-dir");
        try
        {
            Directory.CreateDirectory(output);
            foreach (string file in invocation.Arguments("rule-files"))
            {
                foreach (RuleGroupConfig group in RuleFileLoader.LoadFile(file, options).Groups)
                {
                    foreach (RuleConfig rule in group.Rules.Where(rule => rule.Record.Length > 0))
                    {
                        console.Error.WriteLine($"processing rule {rule.Record} of group {group.Name} in {file}");
                        await BackfillAsync(client, rule, group, group.Interval ?? interval, new TimeRange(startMs, endMs), output, console.Time, cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (Exception error) when (error is RuleFileException or StorageException or IOException or UnauthorizedAccessException)
        {
            throw new ToolException(error.Message, error);
        }

        return ExitCode.Success;
    }

    // One block for each two hours, aligned as those of servers are; evaluations stay on the grid of the interval.
    private static async Task BackfillAsync(
        ServerClient client, RuleConfig rule, RuleGroupConfig group, TimeSpan interval, TimeRange range, string output, TimeProvider time, CancellationToken cancellationToken)
    {
        long blockMs = (long)BackfillOptions.MinBlockDuration.TotalMilliseconds;
        long stepMs = (long)interval.TotalMilliseconds;
        for (long blockStart = range.MinMs / blockMs * blockMs; blockStart <= range.MaxMs; blockStart += blockMs)
        {
            long first = CeilingTo(Math.Max(blockStart, range.MinMs), stepMs);
            long last = Math.Min(blockStart + blockMs - 1, range.MaxMs);
            if (first > last)
            {
                continue;
            }

            using JsonDocument answer = await client.AskAsync(
                HttpMethod.Post,
                "/api/v1/query_range",
                [
                    new("query", rule.Expression),
                    new("start", FloatFormat.FormatPlain(first / 1000.0)),
                    new("end", FloatFormat.FormatPlain(last / 1000.0)),
                    new("step", FloatFormat.FormatPlain(stepMs / 1000.0)),
                ],
                cancellationToken).ConfigureAwait(false);
            using var block = new BackfillBlock(2 * blockMs, SamplesPerCommit, time);
            foreach (JsonElement series in answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
            {
                Labels labels = LabelsOf(series.GetProperty("metric"), rule, group);
                if (!series.TryGetProperty("values", out JsonElement values))
                {
                    throw new ToolException($"rule {rule.Record}: native histograms cannot be written");
                }

                foreach (JsonElement point in values.EnumerateArray())
                {
                    block.Add(labels, (long)Math.Round(point[0].GetDouble() * 1000), ParseValue(point[1].GetString()!));
                }
            }

            block.Write(output, cancellationToken);
        }
    }

    private static long CeilingTo(long value, long step) => (value + step - 1) / step * step;

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static Labels LabelsOf(JsonElement metric, RuleConfig rule, RuleGroupConfig group)
    {
        var builder = new LabelsBuilder();
        foreach (JsonProperty label in metric.EnumerateObject())
        {
            builder.Set(label.Name, label.Value.GetString() ?? "");
        }

        foreach ((string name, string value) in group.Labels.Concat(rule.Labels))
        {
            builder.Set(name, value);
        }

        return builder.Set(LabelNames.MetricName, rule.Record).ToLabels();
    }
}
