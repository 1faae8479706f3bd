using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Discovery;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Scraping;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check service-discovery</c>: runs the discovery of a job for a while and shows its targets.</summary>
internal static class ServiceDiscoveryCheck
{
    public static Command Make(ToolConsole console) => new()
    {
        Name = "service-discovery",
        Help = "Run the service discovery of a job and show its targets, before and after relabelling.",
        Flags = [CommandParts.Value("timeout", "30s", "How long to wait for results.", CommandParts.Duration)],
        Arguments = [CommandParts.Required("config-file", "The configuration.", CommandParts.ExistingFile), CommandParts.Required("job", "The name of the job.")],
        Run = (invocation, cancellationToken) => RunAsync(invocation, console, cancellationToken),
    };

    private static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        PrometheusConfig config;
        try
        {
            config = ConfigurationLoader.LoadFile(invocation.Argument("config-file"));
        }
        catch (ConfigurationException error)
        {
            throw new ToolException($"Cannot load config {error.Message}", error);
        }

        string name = invocation.Argument("job");
        ScrapeConfig job = config.ScrapeConfigs.FirstOrDefault(scrape => scrape.JobName == name)
            ?? throw new ToolException($"Job {name} not found. Select one of:\n{string.Join('\n', config.ScrapeConfigs.Select(scrape => "\t" + scrape.JobName))}");
        TimeSpan timeout = CommandParts.ParseDuration(invocation.Flags.Get("timeout"));
        IReadOnlyList<TargetGroup> groups = await DiscoverAsync(job, timeout, console, cancellationToken).ConfigureAwait(false);
        Print([.. groups.SelectMany(group => TargetCheck.Check(job, group)).Distinct()], console.Out);
        return ExitCode.Success;
    }

    private static async Task<IReadOnlyList<TargetGroup>> DiscoverAsync(ScrapeConfig job, TimeSpan timeout, ToolConsole console, CancellationToken cancellationToken)
    {
        if (job.ServiceDiscovery.All(discovery => discovery is StaticSdConfig))
        {
            return StaticGroups.From([.. job.ServiceDiscovery.OfType<StaticSdConfig>()]);
        }

        var metrics = new DiscoveryMetrics(new MetricRegistry());
        var factory = new DiscovererFactory(new HttpClientFactory(), metrics, console.Time, NullLoggerFactory.Instance);
        var manager = new DiscoveryManager("scrape", factory, metrics, console.Time, NullLogger.Instance);
        await using (manager.ConfigureAwait(false))
        {
            manager.ApplyConfig(new Dictionary<string, IReadOnlyList<SdConfig>> { [job.JobName] = job.ServiceDiscovery });
            using var limit = new CancellationTokenSource(timeout, console.Time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            IReadOnlyList<TargetGroup> last = [];
            int discoverers = job.ServiceDiscovery.Count(discovery => discovery is not StaticSdConfig);
            try
            {
                await foreach (IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> update in manager.Updates.ReadAllAsync(either.Token).ConfigureAwait(false))
                {
                    last = update.GetValueOrDefault(job.JobName) ?? [];
                    if (last.Count >= discoverers)
                    {
                        break;
                    }
                }
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                // What has been found by now is the answer.
            }

            return last;
        }
    }

    private static void Print(IReadOnlyList<TargetCheckResult> results, TextWriter output)
    {
        using var bytes = new MemoryStream();
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(bytes, options))
        {
            writer.WriteStartArray();
            foreach (TargetCheckResult result in results)
            {
                writer.WriteStartObject();
                WriteLabels(writer, "discoveredLabels", result.DiscoveredLabels);
                WriteLabels(writer, "labels", result.Labels);
                if (result.Error is { } error)
                {
                    writer.WriteString("error", error);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        output.Write(System.Text.Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void WriteLabels(Utf8JsonWriter writer, string name, Labels labels)
    {
        writer.WriteStartObject(name);
        foreach (LabelPair label in labels)
        {
            writer.WriteString(label.Name, label.Value);
        }

        writer.WriteEndObject();
    }
}
