using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Tests;

namespace Narthex.Configuration.Tests.Conformance;

/// <summary>Upstream's own HTTP client and TLS settings.</summary>
public sealed class HttpClientConformanceTests
{
    [ConformanceFact]
    public void Every_file_is_accepted_or_refused()
    {
        string folder = Path.Combine(RepositoryPaths.Conformance!, "config");
        var failures = new List<string>();
        int cases = 0;
        foreach (string[] row in File.ReadLines(Path.Combine(folder, "cases.tsv")).Select(line => line.Split('\t')))
        {
            if (row is [var file, "decode as HTTP client / TLS settings", var expect, var meaning] && file.StartsWith("http-client/", StringComparison.Ordinal))
            {
                cases++;
                string? fault = Decode(Path.Combine(folder, file), use: expect == "ok; error on use");
                bool shouldLoad = expect == "ok";
                if (shouldLoad != (fault is null))
                {
                    failures.Add($"{file}: {fault ?? "is accepted"} (should be: {meaning})");
                }
            }
        }

        Assert.Equal(40, cases);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static string? Decode(string path, bool use)
    {
        try
        {
            var context = new LoadContext(Path.GetDirectoryName(path)!, ConfigurationLoadOptions.Default);
            YamlNode? root = YamlTreeReader.Read(File.ReadAllText(path));
            HttpClientConfig config;
            if (Path.GetFileName(path).StartsWith("tls_config", StringComparison.Ordinal))
            {
                config = new HttpClientConfig { Tls = HttpClientSection.ReadTls(root, context) };
            }
            else
            {
                var section = new SectionReader(root, "config.HTTPClientConfig", context);
                config = HttpClientSection.Take(section);
                section.Finish();
            }

            context.ThrowIfFaulty();
            if (use)
            {
                new HttpClientFactory().Create(config).Dispose();
            }

            return null;
        }
        catch (Exception e) when (e is ConfigurationException or HttpClientConfigException)
        {
            return e.Message;
        }
    }
}
