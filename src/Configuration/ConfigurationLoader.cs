using System.Text;
using System.Text.RegularExpressions;
using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>Loads <c>prometheus.yml</c>: strict about keys, with upstream's defaults, checks and messages.</summary>
public static partial class ConfigurationLoader
{
    /// <summary>Loads a file, and the files of scrape configurations that it names.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read or used.</exception>
    public static PrometheusConfig LoadFile(string path, ConfigurationLoadOptions? options = null)
    {
        var context = new LoadContext(FolderOf(path), options ?? ConfigurationLoadOptions.Default);
        string text = ReadFile(path);
        PrometheusConfig config;
        GlobalSection global;
        try
        {
            config = Read(YamlTreeReader.Read(text), context, out global);
        }
        catch (ConfigurationException e) when (!e.Message.EndsWith(NotForAgents, StringComparison.Ordinal))
        {
            throw new ConfigurationException($"parsing YAML file {path}: {e.Message}", e);
        }

        return ScrapeConfigFiles.Include(config, global, context.Options);
    }

    /// <summary>Loads a text. Relative paths in it start at <paramref name="baseDirectory"/>.</summary>
    /// <exception cref="ConfigurationException">The text cannot be used.</exception>
    public static PrometheusConfig Load(string yamlText, string baseDirectory, ConfigurationLoadOptions? options = null)
    {
        var context = new LoadContext(baseDirectory, options ?? ConfigurationLoadOptions.Default);
        PrometheusConfig config = Read(YamlTreeReader.Read(yamlText), context, out GlobalSection global);
        return ScrapeConfigFiles.Include(config, global, context.Options);
    }

    internal static string ReadFile(string path)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException($"open {path}: no such file or directory", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ConfigurationException(Directory.Exists(path) ? $"read {path}: is a directory" : $"open {path}: permission denied", e);
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"open {path}: {e.Message}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new ConfigurationException($"parsing YAML file {path}: yaml: invalid UTF-8", e);
        }
    }

    internal static string FolderOf(string path) => Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : "";

    /// <summary>Job names must be unique.</summary>
    internal static void RequireUniqueJobs(IEnumerable<ScrapeConfig> jobs)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ScrapeConfig job in jobs)
        {
            if (!names.Add(job.JobName))
            {
                throw new ConfigurationException($"found multiple scrape configs with job name {GoQuote.Quote(job.JobName)}");
            }
        }
    }

    private static PrometheusConfig Read(YamlNode? root, LoadContext context, out GlobalSection global)
    {
        var section = new SectionReader(root, "config.plain", context);
        global = GlobalSection.Read(section.Take("global"), context);
        RuntimeConfig runtime = StorageSection.ReadRuntime(section.Take("runtime"), context);
        AlertingConfig alerting = AlertingSection.Read(section.Take("alerting"), context);
        EquatableList<string> ruleFiles = section.Texts("rule_files");
        EquatableList<string> scrapeConfigFiles = section.Texts("scrape_config_files");
        EquatableList<ScrapeSection?> scrapes = TakeScrapes(section);
        StorageConfig storage = StorageSection.ReadStorage(section.Take("storage"), context);
        TracingConfig? tracing = StorageSection.ReadTracing(section.Take("tracing"), context);
        EquatableList<RemoteWriteConfig> writes = section.List("remote_write", "[]*config.RemoteWriteConfig", RemoteSection.ReadWrite);
        EquatableList<RemoteReadConfig> reads = section.List("remote_read", "[]*config.RemoteReadConfig", RemoteSection.ReadRead);
        OtlpConfig otlp = OtlpSection.Read(section.Take("otlp"), context);
        section.Finish();
        context.ThrowIfFaulty();

        CheckPatterns(ruleFiles, "rule");
        CheckPatterns(scrapeConfigFiles, "scrape config");
        EquatableList<ScrapeConfig> jobs = Complete(scrapes, global);
        RequireUniqueJobs(jobs);
        NameValidationScheme scheme = global.Config.MetricNameValidationScheme;
        writes = writes.Select(write => write with { WriteRelabelConfigs = RelabelSection.Check(write.WriteRelabelConfigs, scheme) }).ToEquatableList();
        RemoteSection.RequireUniqueNames(writes.Select(write => write.Name), "remote write");
        RemoteSection.RequireUniqueNames(reads.Select(read => read.Name), "remote read");
        OtlpSection.RequireFit(otlp, scheme);
        if (context.Options.AgentMode)
        {
            RefuseInAgentMode(section);
        }

        return new PrometheusConfig
        {
            Global = global.Config,
            IsGlobalGiven = section.Take("global") is YamlMapping,
            Runtime = runtime,
            Alerting = AlertingSection.Complete(alerting, scheme),
            RuleFiles = ruleFiles.Select(context.Resolve).ToEquatableList(),
            ScrapeConfigFiles = scrapeConfigFiles.Select(context.Resolve).ToEquatableList(),
            ScrapeConfigs = jobs,
            OwnScrapeConfigCount = jobs.Count,
            Storage = storage,
            Tracing = tracing,
            RemoteWrite = writes,
            RemoteRead = reads,
            Otlp = otlp,
        };
    }

    /// <summary>Takes <c>scrape_configs</c>; null for an entry that is null.</summary>
    internal static EquatableList<ScrapeSection?> TakeScrapes(SectionReader section) =>
        section.List<ScrapeSection?>("scrape_configs", "[]*config.ScrapeConfig", (node, load) => node is YamlScalar { IsNull: true } ? null : new ScrapeSection(node, load));

    /// <summary>Fills in what <c>global</c> says.</summary>
    internal static EquatableList<ScrapeConfig> Complete(EquatableList<ScrapeSection?> scrapes, GlobalSection global) =>
        scrapes.Select(scrape => scrape?.Complete(global) ?? throw new ConfigurationException("empty or null scrape config section")).ToEquatableList();

    private static void CheckPatterns(EquatableList<string> patterns, string what)
    {
        foreach (string pattern in patterns.Where(pattern => !LastElementPattern().IsMatch(pattern)))
        {
            throw new ConfigurationException($"invalid {what} file path {GoQuote.Quote(pattern)}");
        }
    }

    // No fault of the file: upstream says it without the file's name.
    private const string NotForAgents = "is not allowed in agent mode";

    private static void RefuseInAgentMode(SectionReader section)
    {
        foreach (string key in new[] { "alerting", "rule_files", "remote_read" })
        {
            if (section.Take(key) is YamlMapping { Entries.Count: > 0 } or YamlSequence { Items.Count: > 0 })
            {
                throw new ConfigurationException($"field {key} {NotForAgents}");
            }
        }
    }

    // A wildcard in the last element only.
    [GeneratedRegex(@"^[^*]*(\*[^/]*)?\z")]
    private static partial Regex LastElementPattern();
}
