using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.CommandLine;
using Narthex.Configuration.RuleFiles;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Syntax;
using Narthex.Promtool.Storage;
using Narthex.Rules;
using Narthex.Rules.Files;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Promtool.Backtesting;

/// <summary><c>promtool test backtest</c>: when the alerts of rule files would have been pending, firing and resolved over past data.</summary>
internal static class BacktestCommand
{
    private static readonly string[] s_titles = ["ALERT", "PENDING", "FIRING", "RESOLVED", "LABELS"];

    public static Command Make(ToolConsole console) => new()
    {
        Name = "backtest",
        Help = "Evaluate rule files over past data of a server or a data directory, and show when each alert would have been pending, firing and resolved.",
        Flags =
        [
            CommandParts.HttpConfig,
            new() { Name = "url", Help = "The server that has the data.", Check = CommandParts.Url },
            new() { Name = "storage.tsdb.path", Help = "The data directory that has the data." },
            new() { Name = "start", Help = "The first time (RFC 3339 or seconds since 1970); an hour before the last if not given." },
            new() { Name = "end", Help = "The last time (RFC 3339 or seconds since 1970); now, or the newest sample, if not given." },
            CommandParts.Value("eval-interval", "1m", "The interval of groups that have none.", CommandParts.Duration),
            new() { Name = "output", Letter = 'o', Default = "table", Help = "How results are printed: table or json.", Check = CommandParts.OneOf("table", "json") },
        ],
        Arguments = [CommandParts.Files("rule-files", "The rule files.", isRequired: true)],
        Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        FlagValues flags = invocation.Flags;
        string url = flags.Get("url");
        string path = flags.Get("storage.tsdb.path");
        if (url.Length == 0 == (path.Length == 0))
        {
            throw new ToolException("one of --url and --storage.tsdb.path must be given");
        }

        using DataDirectory? data = path.Length > 0 ? DataDirectory.Open(path, withLog: true, cancellationToken) : null;
        using ServerClient? server = url.Length > 0 ? ServerClient.Open(url, flags) : null;
        long newestMs = data is not null && data.Database.MaxTimeMs != long.MinValue ? data.Database.MaxTimeMs : console.Time.GetUtcNow().ToUnixTimeMilliseconds();
        newestMs -= newestMs % 1000;
        long endMs = flags.Get("end") is { Length: > 0 } end ? CommandParts.ParseTime(end, "end") : newestMs;
        long startMs = flags.Get("start") is { Length: > 0 } start ? CommandParts.ParseTime(start, "start") : endMs - (long)TimeSpan.FromHours(1).TotalMilliseconds;
        if (startMs >= endMs)
        {
            throw new ToolException("start time is not before end time");
        }

        var range = new TimeRange(startMs, endMs);
        var results = new HeadStorage();
        HeadStorage? fetched = data is null
            ? await PastData.FetchAsync(server!, Expressions(invocation, console), range, ShortestIntervalMs(invocation, console), cancellationToken).ConfigureAwait(false)
            : null;
        if (fetched is { SeriesCount: 0 } || (data is not null && (data.Database.MaxTimeMs < startMs || data.Database.MinTimeMs > endMs)))
        {
            console.Error.WriteLine($"WARNING: there are no samples for these rules between {TimeOf(startMs)} and {TimeOf(endMs)}");
        }

        IQueryableStorage past = fetched is not null ? fetched : data!.Database;
        using var engine = new QueryEngine(FeatureFlags.Engine(flags), console.Time, new MetricRegistry());
        var both = new MergedStorage(results, past);
        var context = new RuleContext
        {
            Query = RuleContext.QueryWith(engine, () => both),
            Appendable = results,
            Time = console.Time,
            Logger = NullLogger.Instance,
        };
        List<RuleGroup> groups = LoadGroups(invocation, context, console);
        var history = new AlertHistory();
        var errors = new SortedSet<string>(StringComparer.Ordinal);
        await ReplayAsync(groups, range, history, errors, cancellationToken).ConfigureAwait(false);
        foreach (string error in errors)
        {
            console.Error.WriteLine(error);
        }

        Print(history, flags.Get("output"), console.Out);
        return errors.Count > 0 ? ExitCode.Failure : ExitCode.Success;
    }

    private static List<RuleGroup> LoadGroups(Invocation invocation, RuleContext context, ToolConsole console)
    {
        ParserOptions language = FeatureFlags.Language(invocation.Flags, console);
        TimeSpan interval = CommandParts.ParseDuration(invocation.Flags.Get("eval-interval"));
        var groups = new List<RuleGroup>();
        foreach ((string file, RuleFileConfig content) in Load(invocation, language))
        {
            groups.AddRange(content.Groups.Select(group => new RuleGroup(group, file, interval, context, language, isRestored: true)));
        }

        return groups;
    }

    private static IEnumerable<Expression> Expressions(Invocation invocation, ToolConsole console)
    {
        ParserOptions language = FeatureFlags.Language(invocation.Flags, console);
        return Load(invocation, language)
            .SelectMany(file => file.Content.Groups)
            .SelectMany(group => group.Rules)
            .Select(rule => PromQLParser.ParseExpression(rule.Expression, language));
    }

    private static long ShortestIntervalMs(Invocation invocation, ToolConsole console)
    {
        TimeSpan interval = CommandParts.ParseDuration(invocation.Flags.Get("eval-interval"));
        return Load(invocation, FeatureFlags.Language(invocation.Flags, console))
            .SelectMany(file => file.Content.Groups)
            .Select(group => (long)(group.Interval ?? interval).TotalMilliseconds)
            .DefaultIfEmpty((long)interval.TotalMilliseconds)
            .Min();
    }

    private static List<(string File, RuleFileConfig Content)> Load(Invocation invocation, ParserOptions language)
    {
        try
        {
            return [.. invocation.Arguments("rule-files").Select(file => (file, RuleFileLoader.LoadFile(file, new RuleFileOptions { Language = language })))];
        }
        catch (RuleFileException error)
        {
            throw new ToolException(error.Message, error);
        }
    }

    // Each group at its own interval, and all of them in the order of time, as a server would.
    private static async Task ReplayAsync(
        List<RuleGroup> groups, TimeRange range, AlertHistory history, SortedSet<string> errors, CancellationToken cancellationToken)
    {
        var due = new PriorityQueue<RuleGroup, (long TimeMs, int Place)>();
        for (int i = 0; i < groups.Count; i++)
        {
            due.Enqueue(groups[i], (range.MinMs, i));
        }

        while (due.TryDequeue(out RuleGroup? group, out (long TimeMs, int Place) at) && at.TimeMs <= range.MaxMs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await group.EvaluateAsync(DateTimeOffset.FromUnixTimeMilliseconds(at.TimeMs), cancellationToken).ConfigureAwait(false);
            foreach (Rule rule in group.Rules)
            {
                if (rule.LastError.Length > 0)
                {
                    errors.Add($"rule: {rule.Name}, err: {rule.LastError}");
                }

                if (rule is AlertingRule alerting)
                {
                    history.Observe(alerting, at.TimeMs);
                }
            }

            due.Enqueue(group, (at.TimeMs + (long)group.Interval.TotalMilliseconds, at.Place));
        }
    }

    private static void Print(AlertHistory history, string format, TextWriter output)
    {
        if (format == "json")
        {
            output.WriteLine(ToJson(history));
            return;
        }

        var rows = new List<string[]> { s_titles };
        rows.AddRange(history.Episodes.Select(episode => new[]
        {
            episode.Alert, TimeOf(episode.PendingMs), TimeOf(episode.FiringMs), TimeOf(episode.ResolvedMs), episode.Labels.ToString(),
        }));
        int[] widths = [.. Enumerable.Range(0, 5).Select(column => rows.Max(row => row[column].Length) + 2)];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Concat(row.Select((cell, column) => column < 4 ? cell.PadRight(widths[column]) : cell)));
        }
    }

    private static string TimeOf(long? timeMs) =>
        timeMs is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-ddTHH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture) : "-";

    private static string ToJson(AlertHistory history)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true }))
        {
            writer.WriteStartArray();
            foreach (AlertEpisode episode in history.Episodes)
            {
                writer.WriteStartObject();
                writer.WriteString("alert", episode.Alert);
                writer.WriteStartObject("labels");
                foreach (LabelPair label in episode.Labels)
                {
                    writer.WriteString(label.Name, label.Value);
                }

                writer.WriteEndObject();
                foreach ((string name, long? timeMs) in new (string, long?)[] { ("pendingAt", episode.PendingMs), ("firingAt", episode.FiringMs), ("resolvedAt", episode.ResolvedMs) })
                {
                    if (timeMs is null)
                    {
                        writer.WriteNull(name);
                    }
                    else
                    {
                        writer.WriteString(name, TimeOf(timeMs));
                    }
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
