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
        var blocks = new BackfillOptions { MaxBlockDuration = CommandParts.ParseDuration(flags.Get(TsdbCommands.MaxBlockDuration)) };
        using ServerClient client = ServerClient.Open(flags.Get("url"), flags);
        var options = new RuleFileOptions { Language = FeatureFlags.Language(flags, console) };
        string output = flags.Get("output-dir");
        List<(string File, RuleGroupConfig Group)> groups;
        try
        {
            groups = [.. invocation.Arguments("rule-files").SelectMany(file => RuleFileLoader.LoadFile(file, options).Groups.Select(group => (file, group)))];
        }
        catch (RuleFileException error)
        {
            throw new ToolException("rule importer parse error: " + error.Message, error);
        }

        // What is wrong with one rule does not keep the others from being written.
        bool failed = false;
        foreach ((string file, RuleGroupConfig group) in groups)
        {
            foreach (RuleConfig rule in group.Rules.Where(rule => rule.Record.Length > 0))
            {
                console.Error.WriteLine($"processing rule {rule.Record} of group {group.Name} in {file}");
                try
                {
                    Directory.CreateDirectory(output);
                    await BackfillAsync(client, rule, group, group.Interval ?? interval, new TimeRange(startMs, endMs), blocks, output, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (error is ToolException or StorageException or IOException or UnauthorizedAccessException)
                {
                    failed = true;
                    console.Error.WriteLine("rule importer error: " + error.Message);
                }
            }
        }

        return failed ? throw new ToolException("error importing rules") : ExitCode.Success;
    }

    // Blocks are aligned as those of servers are; evaluations stay on the grid of the interval.
    private static async Task BackfillAsync(
        ServerClient client, RuleConfig rule, RuleGroupConfig group, TimeSpan interval, TimeRange range, BackfillOptions options, string output, CancellationToken cancellationToken)
    {
        long blockMs = options.BlockMs;
        long stepMs = (long)interval.TotalMilliseconds;
        for (long blockStart = range.MinMs / blockMs * blockMs; blockStart <= range.MaxMs; blockStart += blockMs)
        {
            long first = CeilingTo(Math.Max(blockStart, range.MinMs), stepMs);
            long last = Math.Min(blockStart + blockMs - 1, range.MaxMs);
            if (first > last)
            {
                continue;
            }

            using JsonDocument answer = await AskAsync(client, rule.Expression, first, last, stepMs, cancellationToken).ConfigureAwait(false);
            using var block = new BackfillBlock(2 * blockMs, SamplesPerCommit, options.TimeProvider);
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

    private static async Task<JsonDocument> AskAsync(ServerClient client, string query, long firstMs, long lastMs, long stepMs, CancellationToken cancellationToken)
    {
        try
        {
            return await client.AskAsync(
                HttpMethod.Post,
                "/api/v1/query_range",
                [
                    new("query", query),
                    new("start", FloatFormat.FormatPlain(firstMs / 1000.0)),
                    new("end", FloatFormat.FormatPlain(lastMs / 1000.0)),
                    new("step", FloatFormat.FormatPlain(stepMs / 1000.0)),
                ],
                cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException error)
        {
            throw new ToolException("query range: " + error.Message, error);
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
