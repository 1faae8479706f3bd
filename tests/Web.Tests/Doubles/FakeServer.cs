using Narthex.Model;
using Narthex.Scraping;

namespace Narthex.Web.Tests.Doubles;

internal sealed class FakeStatus : IServerStatus, IServerControl
{
    public ServerPhase Phase { get; set; } = ServerPhase.Ready;

    public BuildInfo Build { get; set; } = new("3.14.0", "abc", "main", "me", "today", ".NET 10");

    public string? ReloadError { get; set; }

    public int Reloads { get; private set; }

    public TaskCompletionSource QuitRequested { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string GetConfigurationYaml() => "global:\n  scrape_interval: 15s\n";

    public Labels GetExternalLabels() => Labels.FromStrings("region", "eu");

    public RuntimeInfo GetRuntimeInfo() => new()
    {
        StartTime = DateTimeOffset.UnixEpoch.AddMilliseconds(1435781451781),
        ServerTime = DateTimeOffset.UnixEpoch.AddSeconds(1435781452),
        HostName = "h",
        WorkingDirectory = "/w",
        ReloadConfigSuccess = true,
        ThreadCount = 7,
        ProcessorCount = 2,
        MemoryLimitBytes = 1000,
        StorageRetention = "15d",
    };

    public TsdbStatus GetTsdbStatus(int limit) => new()
    {
        SeriesCount = 5, LabelPairCount = 4, ChunkCount = 3, MinTimeMs = 1, MaxTimeMs = 2,
        SeriesCountByMetricName = [.. new NamedCount[] { new("up", 3), new("down", 1) }.Take(limit)],
    };

    public IReadOnlyList<ReadOnlyMemory<byte>> GetBlocks() => ["{\"ulid\":\"A\"}"u8.ToArray(), "{\"ulid\":\"B\"}"u8.ToArray()];

    public WalReplayStatus GetWalReplayStatus() => new(1, 3, 2);

    public Task<string?> ReloadAsync(CancellationToken cancellationToken)
    {
        Reloads++;
        return Task.FromResult(ReloadError);
    }

    public void RequestQuit() => QuitRequested.TrySetResult();
}

internal sealed class FakeTargets : ITargetSource
{
    public List<ScrapePoolSnapshot> Pools { get; } = [];

    public List<TargetMetadata> Metadata { get; } = [];

    public IReadOnlyList<ScrapePoolSnapshot> GetPools() => Pools;

    public IReadOnlyList<TargetMetadata> GetMetadata() => Metadata;

    public IReadOnlyList<RelabelConfig>? RelabelConfigs { get; set; }

    public IReadOnlyList<RelabelConfig>? GetRelabelConfigs(string pool) => pool == "j" ? RelabelConfigs : null;
}
