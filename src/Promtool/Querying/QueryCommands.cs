using System.Text.Json;
using Narthex.CommandLine;
using Narthex.Model;

namespace Narthex.Promtool.Querying;

/// <summary><c>promtool query</c>: asks a running server.</summary>
internal static class QueryCommands
{
    private const int RangeSteps = 250;
    private static readonly TimeSpan s_defaultRange = TimeSpan.FromMinutes(5);

    public static Command Make(ToolConsole console) => new()
    {
        Name = "query",
        Help = "Ask a Prometheus server.",
        Flags =
        [
            new() { Name = "format", Letter = 'o', Default = "promql", Help = "How results are printed: promql or json.", Check = CommandParts.OneOf("promql", "json") },
            CommandParts.HttpConfig,
        ],
        Commands =
        [
            new()
            {
                Name = "instant",
                Help = "Run an instant query.",
                Flags = [TimeFlag("time", "When to evaluate"), CommandParts.Header],
                Arguments = [Server, Expression],
                Run = (invocation, cancellationToken) => InstantAsync(invocation, console, cancellationToken),
            },
            new()
            {
                Name = "range",
                Help = "Run a range query.",
                Flags =
                [
                    CommandParts.Header,
                    TimeFlag("start", "First time"),
                    TimeFlag("end", "Last time"),
                    new() { Name = "step", Help = "Time between two points (duration).", Check = CommandParts.Duration },
                ],
                Arguments = [Server, Expression],
                Run = (invocation, cancellationToken) => RangeAsync(invocation, console, cancellationToken),
            },
            new()
            {
                Name = "series",
                Help = "List series.",
                Flags = [Match(isRequired: true), TimeFlag("start", "First time"), TimeFlag("end", "Last time")],
                Arguments = [Server],
                Run = (invocation, cancellationToken) => SeriesAsync(invocation, console, cancellationToken),
            },
            new()
            {
                Name = "labels",
                Help = "List the values of a label.",
                Flags = [TimeFlag("start", "First time"), TimeFlag("end", "Last time"), Match(isRequired: false)],
                Arguments = [Server, CommandParts.Required("name", "The label.")],
                Run = (invocation, cancellationToken) => LabelsAsync(invocation, console, cancellationToken),
            },
            AnalyzeCommand.Make(console),
        ],
    };

    private static Argument Server => CommandParts.Required("server", "The server's address.", CommandParts.Url);

    private static Argument Expression => CommandParts.Required("expr", "A PromQL expression.");

    private static Flag TimeFlag(string name, string what) => new() { Name = name, Help = what + " (RFC 3339 or seconds since 1970)." };

    private static Flag Match(bool isRequired) => CommandParts.Repeated("match", "A series selector; may be given several times.", isRequired: isRequired);

    private static async Task<int> InstantAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        long timeMs = invocation.Flags.Get("time") is { Length: > 0 } time
            ? CommandParts.ParseTime(time, "evaluation")
            : console.Time.GetUtcNow().ToUnixTimeMilliseconds();
        using JsonDocument answer = await AskAsync(
            invocation, HttpMethod.Post, "/api/v1/query", [new("query", invocation.Argument("expr")), new("time", Seconds(timeMs))], cancellationToken).ConfigureAwait(false);
        Print(answer.RootElement.GetProperty("data"), invocation, console);
        return ExitCode.Success;
    }

    private static async Task<int> RangeAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        long endMs = invocation.Flags.Get("end") is { Length: > 0 } end ? CommandParts.ParseTime(end, "end") : console.Time.GetUtcNow().ToUnixTimeMilliseconds();
        long startMs = invocation.Flags.Get("start") is { Length: > 0 } start ? CommandParts.ParseTime(start, "start") : endMs - (long)s_defaultRange.TotalMilliseconds;
        if (startMs >= endMs)
        {
            throw new ToolException("start time is not before end time");
        }

        double stepSeconds = invocation.Flags.Get("step") is { Length: > 0 } step
            ? CommandParts.ParseDuration(step).TotalSeconds
            : Math.Max(Math.Floor((endMs - startMs) / 1000.0 / RangeSteps), 1);
        using JsonDocument answer = await AskAsync(
            invocation,
            HttpMethod.Post,
            "/api/v1/query_range",
            [new("query", invocation.Argument("expr")), new("start", Seconds(startMs)), new("end", Seconds(endMs)), new("step", FloatFormat.FormatPlain(stepSeconds))],
            cancellationToken).ConfigureAwait(false);
        Print(answer.RootElement.GetProperty("data"), invocation, console);
        return ExitCode.Success;
    }

    private static async Task<int> SeriesAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        using JsonDocument answer = await AskAsync(invocation, HttpMethod.Get, "/api/v1/series", RangeAndMatches(invocation, console), cancellationToken).ConfigureAwait(false);
        JsonElement data = answer.RootElement.GetProperty("data");
        if (IsJson(invocation))
        {
            console.Out.WriteLine(ResultPrinter.Compact(data));
            return ExitCode.Success;
        }

        foreach (JsonElement series in data.EnumerateArray())
        {
            console.Out.WriteLine(ResultPrinter.LabelSet(series));
        }

        return ExitCode.Success;
    }

    private static async Task<int> LabelsAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        string path = $"/api/v1/label/{Uri.EscapeDataString(invocation.Argument("name"))}/values";
        using JsonDocument answer = await AskAsync(invocation, HttpMethod.Get, path, RangeAndMatches(invocation, console), cancellationToken).ConfigureAwait(false);
        JsonElement data = answer.RootElement.GetProperty("data");
        if (IsJson(invocation))
        {
            console.Out.WriteLine(ResultPrinter.Compact(data));
            return ExitCode.Success;
        }

        foreach (JsonElement value in data.EnumerateArray())
        {
            console.Out.WriteLine(value.GetString());
        }

        return ExitCode.Success;
    }

    private static async Task<JsonDocument> AskAsync(
        Invocation invocation, HttpMethod method, string path, IReadOnlyList<KeyValuePair<string, string>> parameters, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> headers = invocation.Command.Flags.Any(flag => flag.Name == "header") ? invocation.Flags.GetAll("header") : [];
        using ServerClient client = ServerClient.Open(invocation.Argument("server"), invocation.Flags, headers);
        try
        {
            return await client.AskAsync(method, path, parameters, cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException error)
        {
            throw new ToolException($"query error: {error.Message}", error);
        }
    }

    private static List<KeyValuePair<string, string>> RangeAndMatches(Invocation invocation, ToolConsole console)
    {
        long endMs = invocation.Flags.Get("end") is { Length: > 0 } end ? CommandParts.ParseTime(end, "end") : console.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var parameters = new List<KeyValuePair<string, string>>();
        if (invocation.Flags.Get("start") is { Length: > 0 } start)
        {
            parameters.Add(new("start", Seconds(CommandParts.ParseTime(start, "start"))));
        }

        parameters.Add(new("end", Seconds(endMs)));
        parameters.AddRange(invocation.Flags.GetAll("match").Select(match => new KeyValuePair<string, string>("match[]", match)));
        return parameters;
    }

    private static void Print(JsonElement data, Invocation invocation, ToolConsole console)
    {
        if (IsJson(invocation))
        {
            console.Out.WriteLine(ResultPrinter.Compact(data.GetProperty("result")));
        }
        else
        {
            ResultPrinter.Print(data, console.Out);
        }
    }

    private static bool IsJson(Invocation invocation) => invocation.Flags.Get("format") == "json";

    internal static string Seconds(long timeMs) => FloatFormat.FormatPlain(timeMs / 1000.0);
}
