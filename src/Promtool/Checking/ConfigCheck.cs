using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Discovery;
using Narthex.HttpClients;
using Narthex.Model;
using Narthex.Scraping;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check config</c>: loads configurations, and looks whether the files that they name are there and right.</summary>
internal static class ConfigCheck
{
    public static Command Make(ToolConsole console) => new()
    {
        Name = "config",
        Help = "Check configuration files and the files that they name.",
        Flags =
        [
            CommandParts.Switch("syntax-only", "Do not look at the files that a configuration names."),
            CommandParts.Value("lint", LintSettings.DuplicateRules, "What is checked beyond the form: all, duplicate-rules, none, too-long-scrape-interval."),
            CommandParts.Switch("lint-fatal", "End with exit code 3 where such a check fails."),
            CommandParts.Switch("ignore-unknown-fields", "Pass over unknown keys in rule files."),
            CommandParts.Switch("agent", "The server runs in agent mode."),
        ],
        Arguments = [CommandParts.Files("config-files", "The files.", isRequired: true)],
        Run = (invocation, _) => Task.FromResult(Run(invocation, console)),
    };

    private static int Run(Invocation invocation, ToolConsole console)
    {
        FlagValues flags = invocation.Flags;
        LintSettings lint = LintSettings.Read(flags, console, forConfig: true);
        bool syntaxOnly = flags.IsOn("syntax-only");
        TimeSpan lookback = CommandParts.ParseDuration(flags.Get(CheckCommands.LookbackDelta));
        var rules = new RulesCheck(console, lint, flags.IsOn("ignore-unknown-fields"), FeatureFlags.Language(flags, console));
        bool failed = false;
        bool lintFailed = false;
        foreach (string path in invocation.Arguments("config-files"))
        {
            console.Out.WriteLine($"Checking {path}");
            PrometheusConfig config;
            var ruleFiles = new List<string>();
            try
            {
                config = ConfigurationLoader.LoadFile(path, new ConfigurationLoadOptions { AgentMode = flags.IsOn("agent") });
                if (!syntaxOnly)
                {
                    ruleFiles.AddRange(FindRuleFiles(config));
                    CheckFiles(config, console);
                }
            }
            catch (Exception error) when (error is ConfigurationException or ToolException)
            {
                failed = true;

                // Only faults of files with scrape configurations begin with the name of the file in quotes.
                string prefix = error is ConfigurationException && error.Message.StartsWith('"') ? "error loading scrape configs: " : "";
                console.Error.WriteLine($"  FAILED: {prefix}{error.Message}");
                console.Out.WriteLine();
                continue;
            }

            if (ruleFiles.Count > 0)
            {
                console.Out.WriteLine($"  SUCCESS: {ruleFiles.Count} rule files found");
            }

            console.Out.WriteLine($" SUCCESS: {path} is valid prometheus config file syntax");
            console.Out.WriteLine();
            if (!syntaxOnly)
            {
                // One is enough to tell.
                if (lint.LongIntervals && config.ScrapeConfigs.FirstOrDefault(job => job.ScrapeInterval >= lookback) is { } job)
                {
                    lintFailed = true;
                    console.Error.WriteLine($"  FAILED: too long scrape interval found, data point will be marked as stale - job: {job.JobName}, interval: {PrometheusDuration.Format(job.ScrapeInterval)}");
                }

                rules.CheckFiles(ruleFiles);
            }
        }

        return failed ? ExitCode.Failure : lintFailed && lint.IsFatal ? ExitCode.Lint : rules.Outcome;
    }

    private static IEnumerable<string> FindRuleFiles(PrometheusConfig config)
    {
        foreach (string pattern in config.RuleFiles)
        {
            IReadOnlyList<string> found = FileGlob.Expand(pattern);
            if (found.Count == 0 && !pattern.Contains('*', StringComparison.Ordinal))
            {
                throw new ToolException($"{GoQuote.Quote(pattern)} does not point to an existing file");
            }

            foreach (string file in found)
            {
                yield return file;
            }
        }
    }

    private static void CheckFiles(PrometheusConfig config, ToolConsole console)
    {
        foreach (ScrapeConfig job in config.ScrapeConfigs)
        {
            CheckHttpClient(job.HttpClient);
            foreach (SdConfig discovery in job.ServiceDiscovery)
            {
                switch (discovery)
                {
                    case HttpSdConfig http:
                        CheckHttpClient(http.HttpClient);
                        break;
                    case ConsulSdConfig consul:
                        CheckHttpClient(consul.HttpClient);
                        break;
                    case FileSdConfig files:
                        foreach ((string file, IReadOnlyList<StaticSdConfig> groups) in ReadTargets(files, $"in scrape job {GoQuote.Quote(job.JobName)}", console))
                        {
                            CheckTargets(job, groups);
                        }

                        break;
                }
            }

            CheckTargets(job, [.. job.ServiceDiscovery.OfType<StaticSdConfig>()]);
        }

        foreach (AlertmanagerConfig alertmanager in config.Alerting.Alertmanagers)
        {
            foreach (FileSdConfig files in alertmanager.ServiceDiscovery.OfType<FileSdConfig>())
            {
                foreach (var _ in ReadTargets(files, "in alertmanager config", console))
                {
                    // Reading them is the check.
                }
            }
        }
    }

    private static void CheckHttpClient(HttpClientConfig client)
    {
        RequireFile(client.Authorization?.CredentialsFile, "error checking authorization credentials or bearer token file");
        TlsConfig tls = client.Tls;
        if (tls.CertFile.Length > 0 && tls.KeyFile.Length == 0 && tls.Key.Reveal().Length == 0 && tls.KeyRef.Length == 0)
        {
            throw new ToolException($"client cert file {GoQuote.Quote(tls.CertFile)} specified without client key file");
        }

        if (tls.KeyFile.Length > 0 && tls.CertFile.Length == 0 && tls.Cert.Length == 0 && tls.CertRef.Length == 0)
        {
            throw new ToolException($"client key file {GoQuote.Quote(tls.KeyFile)} specified without client cert file");
        }

        RequireFile(tls.CertFile, "error checking client cert file");
        RequireFile(tls.KeyFile, "error checking client key file");
    }

    private static void RequireFile(string? path, string what)
    {
        if (!string.IsNullOrEmpty(path) && !File.Exists(path) && !Directory.Exists(path))
        {
            throw new ToolException($"{what} {GoQuote.Quote(path)}: stat {path}: no such file or directory");
        }
    }

    private static IEnumerable<(string File, IReadOnlyList<StaticSdConfig> Groups)> ReadTargets(FileSdConfig config, string where, ToolConsole console)
    {
        foreach (string pattern in config.Files)
        {
            IReadOnlyList<string> files = FileGlob.Expand(pattern);
            if (files.Count == 0)
            {
                console.Out.WriteLine($"  WARNING: file {GoQuote.Quote(pattern)} for file_sd {where} does not exist");
            }

            foreach (string file in files)
            {
                IReadOnlyList<StaticSdConfig> groups;
                try
                {
                    groups = TargetGroupFile.Parse(file, File.ReadAllText(file));
                }
                catch (Exception error) when (error is ConfigurationException or IOException or UnauthorizedAccessException)
                {
                    throw new ToolException($"checking SD file {GoQuote.Quote(file)}: {error.Message}", error);
                }

                yield return (file, groups);
            }
        }
    }

    private static void CheckTargets(ScrapeConfig job, IReadOnlyList<StaticSdConfig> configs)
    {
        IReadOnlyList<TargetGroup> groups = StaticGroups.From(configs);
        for (int i = 0; i < groups.Count; i++)
        {
            IReadOnlyList<TargetCheckResult> results = TargetCheck.Check(job, groups[i]);
            for (int j = 0; j < results.Count; j++)
            {
                if (results[j].Error is { } fault)
                {
                    throw new ToolException($"instance {j} in group {i}: {fault}");
                }
            }
        }
    }
}
