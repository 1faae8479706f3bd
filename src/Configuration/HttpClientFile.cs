using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration;

/// <summary>Loads a file that holds the settings of an HTTP client and nothing else, as <c>--http.config.file</c> names it.</summary>
public static class HttpClientFile
{
    /// <summary>Loads a file; relative paths in it start at its folder.</summary>
    /// <exception cref="ConfigurationException">It cannot be read or used.</exception>
    public static HttpClientConfig Load(string path)
    {
        var context = new LoadContext(ConfigurationLoader.FolderOf(path), ConfigurationLoadOptions.Default);
        var section = new SectionReader(YamlTreeReader.Read(ConfigurationLoader.ReadFile(path)), "config.plain", context);
        HttpClientConfig config = HttpClientSection.Take(section);
        section.Finish();
        context.ThrowIfFaulty();
        return config;
    }
}
