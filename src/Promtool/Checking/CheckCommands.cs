using System.Net;
using Narthex.CommandLine;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check</c>: tells whether files and servers are as they should be.</summary>
internal static class CheckCommands
{
    public const string LookbackDelta = "query.lookback-delta";

    public static Command Make(ToolConsole console) => new()
    {
        Name = "check",
        Help = "Check files and servers.",
        Flags = [CommandParts.Value(LookbackDelta, "5m", "How far back the server's queries look.", CommandParts.Duration)],
        Commands =
        [
            ServiceDiscoveryCheck.Make(console),
            ConfigCheck.Make(console),
            new()
            {
                Name = "web-config",
                Help = "Check files with settings for TLS and authentication of a server.",
                Arguments = [CommandParts.Files("web-config-files", "The files.", isRequired: true)],
                Run = (invocation, _) => Task.FromResult(WebConfigCheck.Run(invocation.Arguments("web-config-files"), console)),
            },
            ServerCheck("healthy", "Check whether a server is healthy.", console),
            ServerCheck("ready", "Check whether a server is ready.", console),
            new()
            {
                Name = "rules",
                Help = "Check rule files.",
                Flags =
                [
                    CommandParts.Value("lint", LintSettings.DuplicateRules, "What is checked beyond the form: all, duplicate-rules, none."),
                    CommandParts.Switch("lint-fatal", "End with exit code 3 where such a check fails."),
                    CommandParts.Switch("ignore-unknown-fields", "Pass over unknown keys."),
                ],
                Arguments = [CommandParts.Files("rule-files", "The files; standard input if there are none.", isRequired: false)],
                Run = (invocation, cancellationToken) => RulesAsync(invocation, console, cancellationToken),
            },
            new()
            {
                Name = "metrics",
                Help = "Check metrics on standard input for consistency and good names.\n\nexamples:\n\n$ cat metrics.prom | promtool check metrics\n\n$ curl -s http://localhost:9090/metrics | promtool check metrics",
                Flags =
                [
                    CommandParts.Switch("extended", "Print how many series each metric has."),
                    CommandParts.Value("lint", "all", "What is checked beyond the form: all, none (of use with --extended).", CommandParts.OneOf("all", "none")),
                ],
                Run = (invocation, cancellationToken) => MetricsCheck.RunAsync(invocation, console, cancellationToken),
            },
        ],
    };

    private static async Task<int> RulesAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        LintSettings lint = LintSettings.Read(invocation.Flags, console, forConfig: false);
        var check = new RulesCheck(console, lint, invocation.Flags.IsOn("ignore-unknown-fields"), FeatureFlags.Language(invocation.Flags, console));
        IReadOnlyList<string> files = invocation.Arguments("rule-files");
        if (files.Count > 0)
        {
            check.CheckFiles(files);
        }
        else
        {
            check.CheckText(System.Text.Encoding.UTF8.GetString(await console.ReadInputAsync(cancellationToken).ConfigureAwait(false)));
        }

        return check.Outcome;
    }

    private static Command ServerCheck(string name, string help, ToolConsole console) => new()
    {
        Name = name,
        Help = help,
        Flags = [CommandParts.HttpConfig, CommandParts.Value("url", "http://localhost:9090", "The server's address.", CommandParts.Url)],
        Run = async (invocation, cancellationToken) =>
        {
            using ServerClient client = ServerClient.Open(invocation.Flags.Get("url"), invocation.Flags);
            (HttpStatusCode status, byte[] body) = await client.GetAsync("/-/" + name, cancellationToken).ConfigureAwait(false);
            if (status != HttpStatusCode.OK)
            {
                throw new ToolException($"check failed: URL={invocation.Flags.Get("url")}, status={(int)status}");
            }

            console.Error.WriteLine($"  SUCCESS:  {System.Text.Encoding.UTF8.GetString(body)}");
            return ExitCode.Success;
        },
    };
}
