using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Adds the jobs of <c>scrape_config_files</c>. Their relative paths start at the folder of the file that holds them.</summary>
internal static class ScrapeConfigFiles
{
    public static PrometheusConfig Include(PrometheusConfig config, GlobalSection global, ConfigurationLoadOptions options)
    {
        if (config.ScrapeConfigFiles.Count == 0)
        {
            return config;
        }

        Dictionary<string, string> origins = config.ScrapeConfigs.ToDictionary(job => job.JobName, _ => "main config file", StringComparer.Ordinal);
        var jobs = new List<ScrapeConfig>(config.ScrapeConfigs);
        foreach (string path in config.ScrapeConfigFiles.SelectMany(FileGlob.Expand))
        {
            foreach (ScrapeConfig job in Read(path, global, options))
            {
                if (!origins.TryAdd(job.JobName, $"{GoQuote.Quote(Path.GetFullPath(path))}"))
                {
                    throw Fault(path, $"found multiple scrape configs with job name {GoQuote.Quote(job.JobName)}, first found in {origins[job.JobName]}");
                }

                jobs.Add(job);
            }
        }

        return config with { ScrapeConfigs = jobs.ToEquatableList() };
    }

    private static EquatableList<ScrapeConfig> Read(string path, GlobalSection global, ConfigurationLoadOptions options)
    {
        try
        {
            var context = new LoadContext(ConfigurationLoader.FolderOf(path), options);
            var section = new SectionReader(YamlTreeReader.Read(ConfigurationLoader.ReadFile(path)), "config.ScrapeConfigs", context);
            EquatableList<ScrapeSection?> scrapes = ConfigurationLoader.TakeScrapes(section);
            section.Finish();
            context.ThrowIfFaulty();
            return ConfigurationLoader.Complete(scrapes, global);
        }
        catch (ConfigurationException e)
        {
            throw Fault(path, e.Message, e);
        }
    }

    private static ConfigurationException Fault(string path, string fault, Exception? cause = null) =>
        new($"{GoQuote.Quote(Path.GetFullPath(path))}: {fault}", cause);
}
