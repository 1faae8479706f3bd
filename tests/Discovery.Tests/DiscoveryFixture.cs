using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests;

/// <summary>A folder, a clock, metrics and a manager for one test.</summary>
internal sealed class DiscoveryFixture : IAsyncDisposable
{
    // Long enough for a busy machine; a test that waits this long has failed.
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public DiscoveryFixture()
    {
        Metrics = new DiscoveryMetrics(new MetricRegistry());
        var factory = new DiscovererFactory(new HttpClientFactory(), Metrics, Time, NullLoggerFactory.Instance);
        Manager = new DiscoveryManager("scrape", factory, Metrics, Time, NullLogger.Instance);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("narthex-sd-").FullName;

    public ManualTime Time { get; } = new();

    public DiscoveryMetrics Metrics { get; }

    public DiscoveryManager Manager { get; }

    public void Apply(params (string Job, SdConfig[] Configs)[] jobs) =>
        Manager.ApplyConfig(jobs.ToDictionary(job => job.Job, job => (IReadOnlyList<SdConfig>)job.Configs));

    /// <summary>The next picture.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await Manager.Updates.ReadAsync(patience.Token);
    }

    /// <summary>The first picture of which a statement is true.</summary>
    public async Task<IReadOnlyList<TargetGroup>> UntilAsync(string job, Func<IReadOnlyList<TargetGroup>, bool> holds)
    {
        while (true)
        {
            IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> picture = await NextAsync();
            if (picture.TryGetValue(job, out IReadOnlyList<TargetGroup>? groups) && holds(groups))
            {
                return groups;
            }
        }
    }

    /// <summary>Waits for something that no signal tells of.</summary>
    public static async Task EventuallyAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public string Write(string name, string content)
    {
        // As careful programs do: a reader never sees half a file.
        string path = Path.Combine(Folder, name);
        string temporary = path + ".tmp";
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
        return path;
    }

    public FileSdConfig Files(string pattern) => new() { Files = [Path.Combine(Folder, pattern)] };

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
