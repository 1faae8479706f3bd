using Narthex.Model;

namespace Narthex.Web;

/// <summary>Where a server is in its life.</summary>
public enum ServerPhase : byte
{
    /// <summary>Opening the storage: healthy, not ready.</summary>
    Starting,

    /// <summary>Ready for traffic.</summary>
    Ready,

    /// <summary>On its way out.</summary>
    Stopping,
}

/// <summary>What the HTTP side asks the server about itself. Safe for concurrent use; never waits.</summary>
public interface IServerStatus
{
    /// <summary>Where the server is in its life.</summary>
    ServerPhase Phase { get; }

    /// <summary>Which build it is.</summary>
    BuildInfo Build { get; }

    /// <summary>The configuration in force, with all defaults, secrets masked.</summary>
    string GetConfigurationYaml();

    /// <summary>The labels that the server adds to everything it hands to others.</summary>
    Labels GetExternalLabels();

    /// <summary>The process and its configuration.</summary>
    RuntimeInfo GetRuntimeInfo();

    /// <summary>The storage's head. Lists have at most <paramref name="limit"/> entries.</summary>
    TsdbStatus GetTsdbStatus(int limit);

    /// <summary>The blocks on disk in the order of time: for each the JSON of its description.</summary>
    IReadOnlyList<ReadOnlyMemory<byte>> GetBlocks();

    /// <summary>How far reading the write-ahead log is.</summary>
    WalReplayStatus GetWalReplayStatus();
}

/// <summary>What the HTTP side may ask the server to do.</summary>
public interface IServerControl
{
    /// <summary>Loads the configuration again. Null if it worked, otherwise why it did not.</summary>
    Task<string?> ReloadAsync(CancellationToken cancellationToken);

    /// <summary>Asks the server to stop.</summary>
    void RequestQuit();
}

/// <summary>Which build this is.</summary>
/// <param name="Version">The version of Prometheus that it behaves as: clients switch on it.</param>
/// <param name="Revision">The commit.</param>
/// <param name="Branch">The branch.</param>
/// <param name="BuildUser">Who built it.</param>
/// <param name="BuildDate">When it was built.</param>
/// <param name="RuntimeVersion">The runtime, in the field where upstream has its compiler's version.</param>
public sealed record BuildInfo(
    string Version, string Revision, string Branch, string BuildUser, string BuildDate, string RuntimeVersion);

/// <summary>The process and its configuration, for <c>status/runtimeinfo</c>.</summary>
public sealed record RuntimeInfo
{
    /// <summary>When the process started.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>Its working directory.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>The host's name.</summary>
    public string HostName { get; init; } = "";

    /// <summary>Now, on the server's clock.</summary>
    public DateTimeOffset ServerTime { get; init; }

    /// <summary>Whether the last attempt to load the configuration worked.</summary>
    public bool ReloadConfigSuccess { get; init; }

    /// <summary>When the configuration in force was loaded.</summary>
    public DateTimeOffset? LastConfigTime { get; init; }

    /// <summary>Corruptions of the write-ahead log found so far.</summary>
    public long CorruptionCount { get; init; }

    /// <summary>Threads, in the field where upstream counts goroutines.</summary>
    public int ThreadCount { get; init; }

    /// <summary>Processors in use.</summary>
    public int ProcessorCount { get; init; }

    /// <summary>The memory limit in bytes.</summary>
    public long MemoryLimitBytes { get; init; }

    /// <summary>How long samples are kept, as text.</summary>
    public string StorageRetention { get; init; } = "";
}

/// <summary>A name and a number.</summary>
/// <param name="Name">What is counted.</param>
/// <param name="Value">How many.</param>
public readonly record struct NamedCount(string Name, long Value);

/// <summary>The storage's head, for <c>status/tsdb</c>.</summary>
public sealed record TsdbStatus
{
    /// <summary>Series in the head.</summary>
    public long SeriesCount { get; init; }

    /// <summary>Distinct label pairs.</summary>
    public long LabelPairCount { get; init; }

    /// <summary>Chunks.</summary>
    public long ChunkCount { get; init; }

    /// <summary>The oldest sample's time; <see cref="long.MaxValue"/> if there is none.</summary>
    public long MinTimeMs { get; init; } = long.MaxValue;

    /// <summary>The newest sample's time; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs { get; init; } = long.MinValue;

    /// <summary>The metric names with the most series.</summary>
    public IReadOnlyList<NamedCount> SeriesCountByMetricName { get; init; } = [];

    /// <summary>The labels with the most values.</summary>
    public IReadOnlyList<NamedCount> LabelValueCountByLabelName { get; init; } = [];

    /// <summary>The labels whose values take the most memory.</summary>
    public IReadOnlyList<NamedCount> MemoryInBytesByLabelName { get; init; } = [];

    /// <summary>The label pairs, as <c>name=value</c>, with the most series.</summary>
    public IReadOnlyList<NamedCount> SeriesCountByLabelValuePair { get; init; } = [];
}

/// <summary>How far reading the write-ahead log is, in segments.</summary>
/// <param name="Min">The first segment.</param>
/// <param name="Max">The last one.</param>
/// <param name="Current">The one being read.</param>
public readonly record struct WalReplayStatus(int Min, int Max, int Current);
